"""Where a run stands, and what follows from it: how much is done, what is due, when it ends.

    state = RunState(corpus="…", settings=TrainSettings(steps=1000))
    state = state.after(update, seconds=0.4)
    state.fraction                              0.001

The state is all of a run but its tensors; checkpoints.py writes both.
"""

import dataclasses
from typing import Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT, TrainSettings
from xuxie.language import tr
from xuxie.training.feed import Update

DEFAULT_MINUTES = 30.0
# settings that may change while a run goes on
FREE = ("steps", "minutes", "evaluations", "patience", "tensorboard")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RunState:
    """Where a run stands. Times in seconds."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # of the epoch, the next to be taken
    seconds: float = 0.0
    masked: bool = False  # whether the left-to-right part is over
    evaluations: int = 0  # made so far
    best: float | None = None  # bits per character
    worse: int = 0  # measurements in a row that were no better than the best
    corpus: str
    start: str = ""  # sha256 of weights that are not trained, and so in no checkpoint
    settings: TrainSettings
    scaler: dict[str, Any] = Field(default_factory=dict)

    @property
    def total(self) -> float:
        """The length of the run, in steps or in seconds, as the settings give it."""
        return self.settings.steps or 60 * (self.settings.minutes or DEFAULT_MINUTES)

    @property
    def done(self) -> float:
        """How much of the total is done."""
        return self.step if self.settings.steps else self.seconds

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0 to 1."""
        return self.done / self.total

    @property
    def evaluations_due(self) -> int:
        """How many evaluations there should have been by now."""
        return int(self.fraction * self.settings.evaluations)

    @property
    def evaluation_is_due(self) -> bool:
        """Whether another share of the run has gone by since the last evaluation."""
        return self.evaluations_due > self.evaluations and not self.is_starting(self.step)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to learn: all is done, or measuring shows no progress any more."""
        return self.fraction >= 1 or self.has_stalled

    @property
    def has_stalled(self) -> bool:
        """Whether so many measurements in a row were no better that the run ends early."""
        return 0 < self.settings.patience <= self.worse

    def is_starting(self, step: int) -> bool:
        """Whether an update belongs to the run's left-to-right part, in which [MASK] means nothing yet.

        A run that has left it does not fall back when it is made longer.
        """
        if self.settings.objective == "left-to-right" or self.masked:
            return False
        done = step / self.settings.steps if self.settings.steps else self.fraction
        return done < self.settings.left_to_right

    def after(self, update: Update, seconds: float) -> "RunState":
        """The state behind an update that took so long."""
        return dataclasses.replace(
            self,
            step=self.step + 1,
            epoch=update.epoch,
            batch=update.batch,
            masked=not self.is_starting(self.step + 1),
            seconds=self.seconds + seconds,
        )

    def measured(self, bits: float | None) -> "RunState":
        """The state behind a measurement; None: there was nothing to measure, any model is the best."""
        better = self.is_better(bits)
        return dataclasses.replace(
            self,
            evaluations=self.evaluations_due,
            best=bits if better else self.best,
            worse=0 if better else self.worse + 1,
        )

    def is_better(self, bits: float | None) -> bool:
        """Whether a measurement is the best so far."""
        return bits is None or self.best is None or bits < self.best

    def with_settings(self, settings: TrainSettings) -> "RunState":
        """The state of the same run when it goes on, with another length perhaps."""
        state = dataclasses.replace(self, settings=settings)
        due = min(state.evaluations, state.evaluations_due)  # fewer than were made, in a longer run
        return dataclasses.replace(state, evaluations=due)

    def difference(self, other: "RunState") -> str:
        """What keeps another state from being one of the same run; empty when nothing does."""
        if other.corpus != self.corpus:
            return tr("the corpus has changed")
        if other.start != self.start:
            return tr("the model that it started from has changed")
        old, new = dataclasses.asdict(other.settings), dataclasses.asdict(self.settings)
        changed = [f"{k} {old[k]} → {new[k]}" for k in old if k not in FREE and old[k] != new[k]]
        return ", ".join(changed)
