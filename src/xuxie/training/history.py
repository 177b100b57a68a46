"""How a run went: model/history.jsonl, a row a line, only ever appended to.

    history = History(project.model)
    history.go_on(from_step=500)           # rows beyond the checkpoint will be written again
    history.updated(step=501, seconds=91.2, loss=5.31, learning_rate=4e-4, tokens=1800)
    history.append(Evaluation(step=512, seconds=93.0, bits_per_character=6.1))
    updates, evaluations = history.read()

A killed process leaves at most a torn last line, which is dropped; so is what was written after the
checkpoint from which the run goes on: no step is in the file twice.
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT
from xuxie.files import write_atomically

FILE_NAME = "history.jsonl"
EVERY = 2.0  # seconds of training that one row of updates sums up


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Updates:
    """Some updates in a row, the last of them number `step`, `seconds` of training after the start."""

    kind: Literal["updates"] = "updates"
    step: int
    seconds: float
    loss: float  # nats per predicted token, the mean of the updates
    learning_rate: float  # of the last
    tokens_per_second: float  # target tokens


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Evaluation:
    """A measurement on the validation part."""

    kind: Literal["evaluation"] = "evaluation"
    step: int
    seconds: float
    bits_per_character: float | None
    chapters: tuple[tuple[int, float], ...] = ()  # place in the corpus, bits per character
    prompt: str = ""
    sample: str = ""  # what the model writes after the prompt
    peak_memory: int = 0  # resident bytes of the process, the most so far


Row = Annotated[Updates | Evaluation, Field(discriminator="kind")]
ROW: TypeAdapter[Updates | Evaluation] = TypeAdapter(Row)


class History:
    """The history of the run whose model lies in a folder."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self.losses: list[float] = []
        self.tokens = 0
        self.since = 0.0

    def read(self) -> tuple[list[Updates], list[Evaluation]]:
        """The rows that are whole, in order; of evaluations at one step, as after a kill, the last."""
        found = rows(self.path)
        evaluations = {row.step: row for row in found if isinstance(row, Evaluation)}
        return [row for row in found if isinstance(row, Updates)], list(evaluations.values())

    def go_on(self, from_step: int, seconds: float = 0.0) -> None:
        """Drop what lies behind the step, and the second, from which the run goes on."""
        kept = [row for row in rows(self.path) if row.step <= from_step]
        if self.path.exists():
            write_atomically(self.path, "".join(map(line, kept)))
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

    def append(self, row: Updates | Evaluation) -> None:
        """Add one row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line(row))


def rows(path: Path) -> list[Updates | Evaluation]:
    """The rows of a file up to the first that is damaged; none where there is no file."""
    found: list[Updates | Evaluation] = []
    try:
        with path.open("rb") as file:
            for written in file:
                if not written.endswith(b"\n"):
                    break
                found.append(ROW.validate_json(written))
    except (FileNotFoundError, ValidationError):
        pass
    return found


def line(row: Updates | Evaluation) -> str:
    """A row as it stands in the file."""
    return json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n"
