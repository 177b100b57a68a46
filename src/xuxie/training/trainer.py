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
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import WindowShape
from xuxie.errors import EnvironmentFailure, InputError
from xuxie.files import exclusive
from xuxie.language import tr
from xuxie.lora import trained_share
from xuxie.model_record import META, ModelRecord, read_record
from xuxie.models import save_model
from xuxie.progress import SILENT, Progress
from xuxie.project import Project
from xuxie.training.checkpoints import (
    checkpoints,
    mend,
    read_state,
    restore_checkpoint,
    save_checkpoint,
)
from xuxie.training.evaluation import Score, evaluate_chapters
from xuxie.training.feed import Update, updates
from xuxie.training.forecast import Forecast
from xuxie.training.guards import uninterrupted
from xuxie.training.history import History
from xuxie.training.learner import Learner
from xuxie.training.memory import explaining_memory, peak_memory
from xuxie.training.noting import note_evaluation
from xuxie.training.processes import Processes, joined
from xuxie.training.run_state import DEFAULT_MINUTES, RunState
from xuxie.training.start import fingerprint

CHECKPOINT_SECONDS = 60.0
EVALUATION_TOKENS = 16384  # targets of one evaluation, the same ones each time
READY = 0.0  # the first process's word that the others may look at the folder
clock = time.monotonic  # counts a run's seconds; a benchmark on a busy machine takes another


def train(
    project: Project, settings: TrainSettings, progress: Progress = SILENT, *, restart: bool = False
) -> ModelRecord:
    """Train on a project's corpus, or go on with it, and return the record of the best model.

    `restart` throws away the model and checkpoints of a run with other settings. Raises
    MissingStageError without a corpus, InputError when settings and corpus or checkpoints do not fit,
    EnvironmentFailure when the loss is no number any more or the memory is full. Where torchrun has
    started several processes, each of them calls this, and it returns in the first: the others end.
    """
    if settings.steps is None and settings.minutes is None:
        settings = dataclasses.replace(settings, minutes=DEFAULT_MINUTES)
    with joined() as processes, explaining_memory(settings):
        if not processes.is_first:
            processes.hear()
            Trainer(project, settings, processes).follow()
        with processes.leading(), exclusive(project.directory):
            lead(Trainer(project, settings, processes, progress), restart)
        return read_record(project.model)


def lead(trainer: "Trainer", restart: bool) -> None:
    """The first process's part, or that of the only one."""
    if restart:
        shutil.rmtree(trainer.project.model, ignore_errors=True)
    trainer.resume()
    if trainer.state.is_over and not trainer.state.evaluation_is_due:
        trainer.progress.say(
            tr("the model is up to date: ask for more with --steps or --minutes to train on")
        )
        return
    trainer.run()
    gigabytes = f"{peak_memory() / 2**30:.1f}"
    trainer.progress.say(tr("peak memory: {gigabytes} GB", gigabytes=gigabytes))


class Trainer:
    """One run: what learns, and where it stands."""

    def __init__(
        self,
        project: Project,
        settings: TrainSettings,
        processes: Processes | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.project, self.settings, self.progress = project, settings, progress
        self.corpus = Corpus(project.corpus)
        self.processes = processes or Processes()
        self.shape = WindowShape(source=settings.source_length, target=settings.target_length)
        self.learner = Learner(self.corpus, settings, self.processes)
        self.state = RunState(
            corpus=self.corpus.record.sha256, start=fingerprint(settings), settings=settings
        )
        self.history = History(project.model, tensorboard=settings.tensorboard)

    @property
    def checkpoints(self) -> Path:
        """The folder of this run's checkpoints."""
        return self.project.model / "checkpoints"

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one. Raises InputError when it is another run's."""
        if self.processes.is_first:
            mend(self.checkpoints)
        saved = checkpoints(self.checkpoints)
        if not saved:
            if (self.project.model / META).exists():
                raise InputError(another_run(self.project, tr("its checkpoints are gone")))
            return
        state = read_state(saved[-1])
        if difference := self.state.difference(state):
            raise InputError(another_run(self.project, difference))
        restore_checkpoint(saved[-1], self.learner.model, self.learner.optimizer)
        if state.scaler:
            self.learner.precision.scaler.load_state_dict(state.scaler)
        self.state = state.with_settings(self.settings)
        self.progress.say(tr("going on from step {step}", step=state.step))

    def run(self) -> None:
        """Train to the end, measuring and saving on the way."""
        with uninterrupted():
            self.processes.tell(READY)
            self.processes.total(READY)  # when all have read the checkpoint, another may be written
        if self.settings.lora:
            self.progress.say(trained_share(self.learner.model))
        self.progress.start(tr("training"), self.state.total)
        self.progress.advance(self.state.done)
        self.history.go_on(self.state.step, self.state.seconds)
        saved, began, forecast = time.monotonic(), clock(), Forecast(self.corpus, self.settings)
        with contextlib.closing(self.feed()) as prepared, contextlib.closing(self.history):
            try:
                while True:
                    if self.state.evaluation_is_due:  # at once where Ctrl-C came in the middle of one
                        self.measure()
                    if self.state.is_over or time.monotonic() - saved > CHECKPOINT_SECONDS:
                        self.save()
                        saved = time.monotonic()
                    if self.state.is_over:
                        return
                    with uninterrupted():
                        self.processes.tell(self.state.seconds)
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

    def follow(self) -> NoReturn:
        """Learn along with the first process, on its word; end when it has left."""
        self.resume()
        self.processes.total(READY)
        with contextlib.closing(self.feed()) as prepared:
            while True:
                self.state = dataclasses.replace(self.state, seconds=self.processes.hear())
                update = next(prepared)
                self.learner.differentiate(update)
                self.learner.change(self.state.fraction)
                self.state = self.state.after(update, seconds=0.0)

    def feed(self) -> Generator[Update, None, None]:
        """The updates from where the run stands."""
        place = self.state.epoch, self.state.batch, self.state.step

        def is_starting(step: int) -> bool:
            return self.state.is_starting(step)  # as it stands when asked

        return updates(self.corpus, self.settings, place, is_starting, self.processes)

    def step(self, update: Update) -> float:
        """One update; returns the loss in nats per predicted token.

        Raises EnvironmentFailure, with the weights as they were, when the loss is no number or absurd.
        """
        loss = self.learner.differentiate(update)
        if not loss < 2 * math.log(self.corpus.tokenizer.size):  # twice that of guessing at random
            raise EnvironmentFailure(diverged(self.checkpoints))
        self.learner.change(self.state.fraction)
        return loss

    def moved(self, update: Update, loss: float, seconds: float) -> None:
        """The run stands behind an update."""
        self.state = self.state.after(update, seconds)
        self.history.updated(
            step=self.state.step,
            seconds=self.state.seconds,
            loss=loss,
            learning_rate=self.learner.learning_rate,
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

    def measure(self) -> None:
        """Score the model on the validation part and keep it if it is the best so far."""
        model, objective = self.learner.model, self.settings.objective
        chapters = evaluate_chapters(
            model, self.corpus, "validation", self.shape, EVALUATION_TOKENS, objective
        )
        score = sum(chapters.values(), start=Score())
        bits = score.bits_per_character if score.characters else None
        if bits is not None:
            line = tr("step {step}: {bits} bits per character", step=self.state.step, bits=f"{bits:.3f}")
            self.progress.say(line)
        record = self.record(bits)
        if self.state.is_better(bits):
            save_model(self.project.model, model, self.corpus.tokenizer, record)
        with uninterrupted():  # a library that is cut short while it is imported fails in its own ways
            note_evaluation(self.project, self.corpus, self.history, model, record, chapters)
            self.state = self.state.measured(bits)

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
        scaler = self.learner.precision.scaler.state_dict()
        state = dataclasses.replace(self.state, scaler=scaler)
        save_checkpoint(self.checkpoints, state, self.learner.model, self.learner.optimizer)


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
