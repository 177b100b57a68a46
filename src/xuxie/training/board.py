"""A run's curves for TensorBoard (optional): what history.jsonl says, in model/tensorboard.

    tensorboard --logdir mybook/model/tensorboard

It is written anew from the history when a run goes on: no step is in it twice. It may be asked for later.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from xuxie.errors import InputError
from xuxie.language import tr
from xuxie.training.rows import Row, Updates

FOLDER = "tensorboard"


class Board:
    """The event file of a run, which holds the rows given and those shown to it."""

    def __init__(self, model: Path, rows: Iterable[Row]) -> None:
        """Begin anew in a model's folder. Raises InputError when TensorBoard is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                tr('for --tensorboard TensorBoard is needed:  pip install "xuxie[tensorboard]"')
            ) from None
        shutil.rmtree(model / FOLDER, ignore_errors=True)
        # a TensorBoard that is looking on forgets what it has read
        self.writer = SummaryWriter(model / FOLDER, purge_step=0)
        for row in rows:
            self.show(row)

    def show(self, row: Row) -> None:
        """Add a row; times are those of training, so that pauses leave no gap."""
        if isinstance(row, Updates):
            figures: dict[str, float | None] = {
                "loss": row.loss,
                "learning rate": row.learning_rate,
                "target tokens per second": row.tokens_per_second,
            }
        else:
            figures = {"validation bits per character": row.bits_per_character}
        for name, figure in figures.items():
            if figure is not None:
                self.writer.add_scalar(name, figure, row.step, walltime=row.seconds)
        self.writer.flush()

    def close(self) -> None:
        """No more rows will come."""
        self.writer.close()
