"""The training loop: windows become examples, examples become gradients.

    record = train(Project("mybook"), TrainSettings(minutes=30.0))

A run is named by its corpus and its settings but for its length: asked for again, it goes on from its
last checkpoint; asked for more steps or minutes, it trains on until then. The weights in `model/` are
those with the best score on the validation part.
"""

import contextlib
import dataclasses
import math
import shutil
import time
from pathlib import Path

import torch
from torch import Tensor

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import WindowShape
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
from xuxie.training.evaluation import Score, evaluate_chapters
from xuxie.training.feed import Update, ahead, updates
from xuxie.training.forecast import Forecast
from xuxie.training.guards import explaining_memory, uninterrupted
from xuxie.training.history import History
from xuxie.training.noting import note_evaluation, peak_memory
from xuxie.training.precision import Precision, best_device
from xuxie.training.start import make_optimizer, rate_factor, start_model
from xuxie.unilm.examples import Example
from xuxie.unilm.model import cross_entropy, predict
from xuxie.unilm.stream import Stream, predict_stream

DEFAULT_MINUTES = 30.0
CHECKPOINT_SECONDS = 60.0
EVALUATION_TOKENS = 16384  # targets of one evaluation, the same ones each time
clock = time.monotonic  # counts a run's seconds; a benchmark on a busy machine takes another
LENGTH = ("steps", "minutes", "evaluations", "patience")  # settings that may change while a run goes on


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
            gigabytes = f"{peak_memory() / 2**30:.1f}"
            progress.say(tr("peak memory: {gigabytes} GB", gigabytes=gigabytes))
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
        return self.has_stalled() or (self.fraction() >= 1 and not self.evaluation_is_due())

    def run(self) -> None:
        """Train to the end, measuring and saving on the way."""
        total = self.settings.steps or 60 * (self.settings.minutes or DEFAULT_MINUTES)
        self.progress.start(tr("training"), total)
        self.progress.advance(self.state.step if self.settings.steps else self.state.seconds)
        self.history.go_on(self.state.step, self.state.seconds)
        saved, began, forecast = time.monotonic(), clock(), Forecast(self.corpus, self.settings)
        place = self.state.epoch, self.state.batch, self.state.step
        with contextlib.closing(
            ahead(updates(self.corpus, self.settings, place, self.is_starting))
        ) as prepared:
            try:
                while True:
                    if self.evaluation_is_due():  # at once where Ctrl-C came in the middle of one
                        self.measure()
                    finished = self.fraction() >= 1 or self.has_stalled()
                    if finished or time.monotonic() - saved > CHECKPOINT_SECONDS:
                        self.save()
                        saved = time.monotonic()
                    if finished:
                        return
                    with uninterrupted():
                        update = next(prepared)
                        loss = self.step(update)
                        began, previous = clock(), began
                        self.moved(update, loss, began - previous)
                    self.show(loss, began - previous)
                    if line := forecast.after(update, began - previous):
                        self.progress.say(line)
            except KeyboardInterrupt:
                self.save()
                raise

    def moved(self, update: Update, loss: float, seconds: float) -> None:
        """The run stands behind an update."""
        self.state = dataclasses.replace(
            self.state,
            step=self.state.step + 1,
            epoch=update.epoch,
            batch=update.batch,
            masked=not self.is_starting(self.state.step + 1),
            seconds=self.state.seconds + seconds,
        )
        self.history.updated(
            step=self.state.step,
            seconds=self.state.seconds,
            loss=loss,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            tokens=update.targets,
        )

    def show(self, loss: float, seconds: float) -> None:
        """Move the bar on."""
        note = tr(
            "step {step}, {rate} a second, loss {loss}",
            step=self.state.step,
            rate=f"{self.state.step / max(self.state.seconds, 1e-9):.1f}",
            loss=f"{loss:.3f}",
        )
        self.progress.advance(1 if self.settings.steps else seconds, note)

    def step(self, update: Update) -> float:
        """One update; returns the loss in nats per predicted token.

        Raises EnvironmentFailure, with the weights as they were, when the loss is no number or absurd.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate_factor(self.fraction(), self.settings.warmup)
        scaler, total = self.precision.scaler, 0.0
        for part in update.parts:
            with self.precision.autocast():
                logits, labels = self.predict(part)
            loss = cross_entropy(logits, labels, "sum") / update.predicted
            total += loss.item()
            scaler.scale(loss).backward()
        if not total < 2 * math.log(self.corpus.tokenizer.size):  # twice that of guessing at random
            raise EnvironmentFailure(diverged(self.checkpoints))
        scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        scaler.step(self.optimizer)
        scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def predict(self, part: Example | Stream) -> tuple[Tensor, Tensor]:
        """Logits and labels at the predicted positions."""
        part = part.to(self.device)
        if isinstance(part, Example):
            return predict(self.model, part)
        return predict_stream(self.model, part, checkpointing=self.settings.checkpointing)

    def is_starting(self, step: int) -> bool:
        """Whether an update belongs to the run's left-to-right part, in which [MASK] means nothing yet.

        A run that has left it does not fall back when it is made longer.
        """
        if self.settings.objective == "left-to-right" or self.state.masked:
            return False
        done = step / self.settings.steps if self.settings.steps else self.fraction()
        return done < self.settings.left_to_right

    def has_stalled(self) -> bool:
        """Whether so many measurements in a row were no better that the run ends early."""
        return 0 < self.settings.patience <= self.state.worse

    def evaluation_is_due(self) -> bool:
        """Whether another share of the run has gone by since the last evaluation."""
        due = int(self.fraction() * self.settings.evaluations)
        return due > self.state.evaluations and not self.is_starting(self.state.step)

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
            worse=0 if better else self.state.worse + 1,
        )
        if bits is not None:
            line = tr("step {step}: {bits} bits per character", step=self.state.step, bits=f"{bits:.3f}")
            self.progress.say(line)
        if better:
            save_model(self.project.model, self.model, self.corpus.tokenizer, self.record(bits))
        with uninterrupted():  # a library that is cut short while it is imported fails in its own ways
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


def diverged(directory: Path) -> str:
    """The message for a loss that is lost, with the checkpoint that is left."""
    saved = checkpoints(directory)
    return tr(
        "the loss is no number any more, or worse than guessing: try a lower learning_rate, a longer warmup"
        " or precision fp32 with --restart; the last good checkpoint is {checkpoint}",
        checkpoint=saved[-1].name if saved else "-",
    )
