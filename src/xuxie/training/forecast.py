"""What a run will come to, told when its first updates have shown how fast this machine is."""

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.language import tr
from xuxie.training.feed import Update

FIRST, LAST = 2, 4  # updates that are timed, counted from 1: the very first also warms up


class Forecast:
    """Watches the first updates of a run."""

    def __init__(self, corpus: Corpus, settings: TrainSettings) -> None:
        self.settings = settings
        self.epoch = sum(section.end - section.start for section in corpus.sections("train"))  # tokens
        self.seen, self.targets, self.seconds = 0, 0, 0.0

    def after(self, update: Update, seconds: float) -> str:
        """The line to say after an update that took so long; empty when there is none."""
        self.seen += 1
        if FIRST <= self.seen <= LAST:
            self.targets += update.targets
            self.seconds += seconds
        return self.line() if self.seen == LAST else ""

    def line(self) -> str:
        """How long an epoch takes here, and what the time asked for amounts to."""
        rate = self.targets / max(self.seconds, 1e-9)
        per_update = self.seconds / (LAST - FIRST + 1)
        minutes = self.settings.minutes or (self.settings.steps or 0) * per_update / 60
        return tr(
            "an epoch of {tokens} tokens takes about {epoch} minutes here: {minutes} minutes are"
            " {epochs} epochs, the first {share}% left to right, then {objective}",
            tokens=self.epoch,
            epoch=f"{self.epoch / rate / 60:.1f}",
            minutes=f"{minutes:.1f}",
            epochs=f"{minutes * 60 * rate / self.epoch:.2f}",
            share=round(100 * self.settings.left_to_right),
            objective=self.settings.objective,
        )
