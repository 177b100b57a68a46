"""What learns: the model and the optimizer, one update after another.

learner = Learner(corpus, settings)
loss = learner.differentiate(update)
learner.change(fraction=0.25)
"""

import numpy as np
import torch
from transformers import BertForMaskedLM

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.training.feed import Update
from xuxie.training.memory import limit_kernels
from xuxie.training.precision import Precision, best_device
from xuxie.training.processes import Processes
from xuxie.training.start import make_optimizer, rate_factor, start_model
from xuxie.unilm.examples import Example
from xuxie.unilm.model import cross_entropy, read
from xuxie.unilm.stream import Stream, read_stream

HEAD_ROWS = 512  # predicted positions whose logits are in memory at a time


class Learner:
    """A model in training, the same in each of the processes of a run."""

    def __init__(self, corpus: Corpus, settings: TrainSettings, processes: Processes | None = None) -> None:
        self.settings, self.processes = settings, processes or Processes()
        limit_kernels()
        self.device = best_device()
        self.precision = Precision(settings.precision, self.device)
        torch.manual_seed(settings.seed)
        self.model = start_model(corpus, settings).train()
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model, settings)
        self.learning_rate = 0.0  # of the last update

    def differentiate(self, update: Update) -> float:
        """Compute the gradients of one update; returns the loss in nats per predicted token."""
        # dropout draws from the update's own seed, so that a run that goes on draws what it would have
        torch.manual_seed(own_seed(self.settings.seed, update.step, self.processes.rank))
        loss_here = 0.0
        for part in update.parts:
            loss_here += backward(
                self.model,
                part.to(self.device),
                update.predicted,
                self.precision,
                self.settings.checkpointing,
            )
        self.processes.add_gradients(self.model)
        return self.processes.total(loss_here)

    def change(self, fraction: float) -> None:
        """Change the weights by the gradients, when so much of the run is done."""
        self.learning_rate = self.settings.learning_rate * rate_factor(fraction, self.settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate
        scaler = self.precision.scaler
        scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        scaler.step(self.optimizer)
        scaler.update()
        self.optimizer.zero_grad(set_to_none=True)


def backward(
    model: BertForMaskedLM,
    part: Example | Stream,
    predicted: int,
    precision: Precision,
    checkpointing: bool = False,
) -> float:
    """Add a batch's gradients to those of the model; returns its nats over the number `predicted`.

    The vocabulary head goes forward and back a few rows at a time: the logits of all of them, in fp32, with
    their softmax and their gradients, would take more memory than all the layers.
    """
    with precision.autocast():
        if isinstance(part, Stream):
            rows, labels = read_stream(model, part, checkpointing=checkpointing), part.labels
        else:
            rows, labels = read(model, part)
    apart = rows.detach().requires_grad_()
    total = torch.zeros((), device=rows.device)
    for some, wanted in zip(apart.split(HEAD_ROWS), labels.split(HEAD_ROWS), strict=True):
        with precision.autocast():
            logits = model.cls(some)
        loss = cross_entropy(logits, wanted, "sum") / predicted
        precision.scaler.scale(loss).backward()
        total += loss.detach()
    rows.backward(apart.grad)
    return total.item()


def own_seed(*numbers: int) -> int:
    """A seed that shares nothing with those of other numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
