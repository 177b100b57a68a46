"""What learns: the model and the optimizer, one update after another.

learner = Learner(corpus, settings)
loss = learner.differentiate(update)
learner.change(fraction=0.25)
"""

import numpy as np
import torch
from torch import Tensor

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.training.feed import Update
from xuxie.training.precision import Precision, best_device
from xuxie.training.processes import Processes
from xuxie.training.start import make_optimizer, rate_factor, start_model
from xuxie.unilm.examples import Example
from xuxie.unilm.model import cross_entropy, predict
from xuxie.unilm.stream import Stream, predict_stream


class Learner:
    """A model in training, the same in each of the processes of a run."""

    def __init__(self, corpus: Corpus, settings: TrainSettings, processes: Processes | None = None) -> None:
        self.settings, self.processes = settings, processes or Processes()
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
            with self.precision.autocast():
                logits, labels = self.predict(part)
            loss = cross_entropy(logits, labels, "sum") / update.predicted
            loss_here += loss.item()
            self.precision.scaler.scale(loss).backward()
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

    def predict(self, part: Example | Stream) -> tuple[Tensor, Tensor]:
        """Logits and labels at the predicted positions."""
        part = part.to(self.device)
        if isinstance(part, Example):
            return predict(self.model, part)
        return predict_stream(self.model, part, checkpointing=self.settings.checkpointing)


def own_seed(*numbers: int) -> int:
    """A seed that shares nothing with those of other numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
