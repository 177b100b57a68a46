"""How a run went: model/history.jsonl, a row a line, only ever appended to.

    history = History(project.model)
    history.go_on(from_step=500)           # rows beyond the checkpoint will be written again
    history.updated(step=501, seconds=91.2, loss=5.31, learning_rate=4e-4, tokens=1800)
    history.append(Evaluation(step=512, seconds=93.0, bits_per_character=6.1))
    updates, evaluations = history.read()

A killed process leaves at most a torn last line, which is dropped; so is what was written after the
checkpoint from which the run goes on: no step is in the file twice.
"""

from pathlib import Path

from xuxie.files import write_atomically
from xuxie.training.board import Board
from xuxie.training.rows import Evaluation, Row, Updates, line_of, read_rows

FILE_NAME = "history.jsonl"
EVERY = 2.0  # seconds of training that one row of updates sums up


class History:
    """The history of the run whose model lies in a folder."""

    def __init__(self, directory: Path, *, tensorboard: bool = False) -> None:
        self.path = directory / FILE_NAME
        self.tensorboard = tensorboard
        self.board: Board | None = None
        self.losses: list[float] = []
        self.tokens = 0
        self.since = 0.0

    def read(self) -> tuple[list[Updates], list[Evaluation]]:
        """The rows that are whole, in order; of evaluations at one step, as after a kill, the last."""
        found = read_rows(self.path)
        evaluations = {row.step: row for row in found if isinstance(row, Evaluation)}
        return [row for row in found if isinstance(row, Updates)], list(evaluations.values())

    def go_on(self, from_step: int, seconds: float = 0.0) -> None:
        """Drop what lies behind the step, and the second, from which the run goes on.

        Raises InputError when TensorBoard is wanted and not installed.
        """
        kept = [row for row in read_rows(self.path) if row.step <= from_step]
        if self.path.exists():
            write_atomically(self.path, "".join(map(line_of, kept)))
        if self.tensorboard:
            self.board = Board(self.path.parent, kept)
        self.losses, self.tokens, self.since = [], 0, seconds

    def updated(self, *, step: int, seconds: float, loss: float, learning_rate: float, tokens: int) -> None:
        """Note one update that learned from so many target tokens; a row is written every few seconds."""
        self.losses.append(loss)
        self.tokens += tokens
        elapsed = seconds - self.since
        if elapsed < EVERY:
            return
        self.append(
            Updates(
                step=step,
                seconds=round(seconds, 2),
                loss=round(sum(self.losses) / len(self.losses), 5),
                learning_rate=learning_rate,
                tokens_per_second=round(self.tokens / elapsed, 1),
            )
        )
        self.losses, self.tokens, self.since = [], 0, seconds

    def append(self, row: Row) -> None:
        """Add one row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line_of(row))
        if self.board:
            self.board.show(row)

    def close(self) -> None:
        """No more rows will come."""
        if self.board:
            self.board.close()
