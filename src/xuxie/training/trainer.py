"""The training loop: windows become examples, examples become gradients.

    record = train(Project("mybook"), TrainSettings(minutes=30.0))

A run is named by its corpus and its settings but for its length: asked for again, it goes on from its
last checkpoint; asked for more steps or minutes, it trains on until then. The weights in `model/` are
those with the best score on the validation part.
"""

import dataclasses
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import Window, WindowShape, epoch_batches
from xuxie.errors import EnvironmentFailure, InputError
from xuxie.files import exclusive
from xuxie.language import tr
from xuxie.model_record import META, ModelRecord, read_record
from xuxie.models import save_model
from xuxie.progress import SILENT, Progress
from xuxie.project import Project
from xuxie.training.checkpoints import (
    RunState,
    checkpoints,
    mend,
    read_state,
    restore_checkpoint,
    save_checkpoint,
)
from xuxie.training.evaluation import Score, evaluate_chapters, pair_of
from xuxie.training.guards import explaining_memory, uninterrupted
from xuxie.training.history import History
from xuxie.training.noting import note_evaluation
from xuxie.training.precision import Precision, best_device
from xuxie.training.start import make_optimizer, rate_factor, start_model
from xuxie.unilm.examples import Example, Pairs, collate
from xuxie.unilm.model import cross_entropy, predict
from xuxie.unilm.objectives import learned, left_to_right
from xuxie.unilm.stream import concatenate, predict_stream

DEFAULT_MINUTES = 30.0
CHECKPOINT_SECONDS = 60.0
EVALUATION_TOKENS = 16384  # targets of one evaluation, the same ones each time
clock = time.monotonic  # counts a run's seconds; a benchmark on a busy machine takes another
LENGTH = ("steps", "minutes", "evaluations")  # settings that may change while a run goes on


def train(
    project: Project, settings: TrainSettings, progress: Progress = SILENT, *, restart: bool = False
) -> ModelRecord:
    """Train on a project's corpus, or go on with it, and return the record of the best model.

    `restart` throws away the model and checkpoints of a run with other settings. Raises
    MissingStageError without a corpus, InputError when settings and corpus or checkpoints do not fit,
    EnvironmentFailure when the loss is no number any more or the memory is full.
    """
    if settings.steps is None and settings.minutes is None:
        settings = dataclasses.replace(settings, minutes=DEFAULT_MINUTES)
    with exclusive(project.directory), explaining_memory(settings):
        trainer = Trainer(project, Corpus(project.corpus), settings, progress)
        if restart:
            shutil.rmtree(project.model, ignore_errors=True)
        trainer.resume()
        if trainer.is_done():
            progress.say(tr("the model is up to date: ask for more with --steps or --minutes to train on"))
        else:
            trainer.run()
        return read_record(project.model)


class Trainer:
    """One run: the model, the optimizer and where they stand."""

    def __init__(
        self, project: Project, corpus: Corpus, settings: TrainSettings, progress: Progress
    ) -> None:
        self.project, self.corpus, self.settings, self.progress = project, corpus, settings, progress
        self.shape = WindowShape(source=settings.source_length, target=settings.target_length)
        self.device = best_device()
        self.precision = Precision(settings.precision, self.device)
        torch.manual_seed(settings.seed)
        self.model = start_model(corpus, settings).train()
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model, settings)
        self.state = RunState(corpus=corpus.record.sha256, settings=settings)
        self.history = History(project.model)

    @property
    def checkpoints(self) -> Path:
        """The folder of this run's checkpoints."""
        return self.project.model / "checkpoints"

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one. Raises InputError when it is another run's."""
        mend(self.checkpoints)
        saved = checkpoints(self.checkpoints)
        if not saved:
            if (self.project.model / META).exists():
                raise InputError(another_run(self.project, tr("its checkpoints are gone")))
            return
        state = read_state(saved[-1])
        if difference := self.difference(state):
            raise InputError(another_run(self.project, difference))
        restore_checkpoint(saved[-1], self.model, self.optimizer)
        if state.scaler:
            self.precision.scaler.load_state_dict(state.scaler)
        self.state = dataclasses.replace(state, settings=self.settings)
        due = int(self.fraction() * self.settings.evaluations)  # fewer than were made, in a longer run
        self.state = dataclasses.replace(self.state, evaluations=min(state.evaluations, due))
        self.progress.say(tr("going on from step {step}", step=state.step))

    def difference(self, state: RunState) -> str:
        """What keeps a checkpoint from being one of this run's; empty when nothing does."""
        if state.corpus != self.corpus.record.sha256:
            return tr("the corpus has changed")
        old, new = dataclasses.asdict(state.settings), dataclasses.asdict(self.settings)
        changed = [f"{k} {old[k]} → {new[k]}" for k in old if k not in LENGTH and old[k] != new[k]]
        return ", ".join(changed)

    def fraction(self) -> float:
        """How much of the run is done, 0 to 1."""
        if self.settings.steps:
            return self.state.step / self.settings.steps
        return self.state.seconds / 60 / (self.settings.minutes or DEFAULT_MINUTES)

    def is_done(self) -> bool:
        """Whether the run is at its end, the last evaluation included."""
        return self.fraction() >= 1 and not self.evaluation_is_due()

    def run(self) -> None:
        """Train to the end, measuring and saving on the way."""
        total = self.settings.steps or 60 * (self.settings.minutes or DEFAULT_MINUTES)
        self.progress.start(tr("training"), total)
        done = self.state.step if self.settings.steps else self.state.seconds
        self.progress.advance(done)
        saved, began = time.monotonic(), clock()
        batches = self.batches()
        self.history.go_on(self.state.step, self.state.seconds)
        try:
            while True:
                if self.evaluation_is_due():  # at once where Ctrl-C came in the middle of one
                    self.measure()
                finished = self.fraction() >= 1
                if finished or time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.save()
                    saved = time.monotonic()
                if finished:
                    return
                with uninterrupted():
                    batch = next(batches)
                    loss = self.step(batch)
                    began, previous = clock(), began
                    self.state = dataclasses.replace(
                        self.state,
                        step=self.state.step + 1,
                        batch=self.state.batch + 1,
                        masked=not self.is_starting(),
                        seconds=self.state.seconds + began - previous,
                    )
                self.history.updated(
                    step=self.state.step,
                    seconds=self.state.seconds,
                    loss=loss,
                    learning_rate=self.optimizer.param_groups[0]["lr"],
                    tokens=sum(window.end - window.middle for window in batch),
                )
                self.progress.advance(
                    1 if self.settings.steps else began - previous,
                    tr(
                        "step {step}, {rate} a second, loss {loss}",
                        step=self.state.step,
                        rate=f"{self.state.step / max(self.state.seconds, 1e-9):.1f}",
                        loss=f"{loss:.3f}",
                    ),
                )
        except KeyboardInterrupt:
            self.save()
            raise

    def batches(self) -> Iterator[list[Window]]:
        """Batches without end, from where the run stands."""
        while True:
            yield from epoch_batches(self.corpus, self.settings, self.state.epoch, self.state.batch)
            self.state = dataclasses.replace(self.state, epoch=self.state.epoch + 1, batch=0)

    def step(self, batch: list[Window]) -> float:
        """One update; returns the loss in nats per predicted token."""
        pairs = collate([pair_of(self.corpus, window) for window in batch], self.corpus.tokenizer.pad_id)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate_factor(self.fraction(), self.settings.warmup)
        with self.precision.autocast():
            logits, labels = self.predict(self.example(pairs))
        loss = cross_entropy(logits, labels)
        if not torch.isfinite(loss):
            raise EnvironmentFailure(
                tr("the loss is no number any more: try a lower learning_rate or precision fp32")
            )
        scaler = self.precision.scaler
        scaler.scale(loss).backward()
        scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        scaler.step(self.optimizer)
        scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def example(self, pairs: Pairs) -> Example:
        """What is learned from a batch at this point of the run."""
        if self.is_starting():
            return left_to_right(pairs)
        generator = torch.Generator().manual_seed(self.settings.seed + 2**20 * self.state.step)
        tokenizer = self.corpus.tokenizer
        return learned(self.settings, pairs, tokenizer.mask_id, tokenizer.size, generator)

    def predict(self, example: Example) -> tuple[Tensor, Tensor]:
        """Logits and labels at the predicted positions."""
        if self.settings.padded:
            return predict(self.model, example.to(self.device))
        return predict_stream(self.model, concatenate(example).to(self.device))

    def is_starting(self) -> bool:
        """Whether the run is still in its left-to-right part, in which [MASK] means nothing yet.

        A run that has left it does not fall back when it is made longer.
        """
        if self.settings.objective == "left-to-right":
            return False
        return not self.state.masked and self.fraction() < self.settings.left_to_right

    def evaluation_is_due(self) -> bool:
        """Whether another share of the run has gone by since the last evaluation."""
        due = int(self.fraction() * self.settings.evaluations)
        return due > self.state.evaluations and not self.is_starting()

    def measure(self) -> None:
        """Score the model on the validation part and keep it if it is the best so far."""
        chapters = evaluate_chapters(
            self.model, self.corpus, "validation", self.shape, EVALUATION_TOKENS, self.settings.objective
        )
        score = sum(chapters.values(), start=Score())
        bits = score.bits_per_character if score.characters else None
        best = self.state.best
        better = bits is None or best is None or bits < best
        self.state = dataclasses.replace(
            self.state,
            evaluations=int(self.fraction() * self.settings.evaluations),
            best=bits if better else best,
        )
        if bits is not None:
            line = tr("step {step}: {bits} bits per character", step=self.state.step, bits=f"{bits:.3f}")
            self.progress.say(line)
        if better:
            save_model(self.project.model, self.model, self.corpus.tokenizer, self.record(bits))
        note_evaluation(
            self.project,
            self.corpus,
            self.history,
            step=self.state.step,
            seconds=self.state.seconds,
            chapters=chapters,
        )

    def record(self, bits: float | None) -> ModelRecord:
        """The record of the model as it is now."""
        return ModelRecord(
            title="、".join(book.title for book in self.corpus.record.books),
            objective=self.settings.objective,
            source_length=self.shape.source,
            target_length=self.shape.target,
            eos_token=self.corpus.record.eos_token,
            paragraph_token=self.corpus.record.paragraph_token,
            corpus=self.corpus.record.sha256,
            settings=self.settings,
            step=self.state.step,
            seconds=round(self.state.seconds, 1),
            bits_per_character=bits,
        )

    def save(self) -> None:
        """Write a checkpoint."""
        scaler = self.precision.scaler.state_dict()
        state = dataclasses.replace(self.state, scaler=scaler)
        save_checkpoint(self.checkpoints, state, self.model, self.optimizer)


def another_run(project: Project, why: str) -> str:
    """The message for a model that this run may not go on with."""
    return tr(
        "{path} holds the model of another run ({why}): add --restart to throw it away and train anew",
        path=project.model,
        why=why,
    )
