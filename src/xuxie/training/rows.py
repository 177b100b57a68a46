"""The rows of a run's history: some updates summed up, or a measurement; a line of JSON each.

read_rows(project.model / "history.jsonl")
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT


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


Row = Updates | Evaluation
ROW: TypeAdapter[Row] = TypeAdapter(Annotated[Row, Field(discriminator="kind")])


def read_rows(path: Path) -> list[Row]:
    """The rows of a file up to the first that is damaged; none where there is no file."""
    found: list[Row] = []
    try:
        with path.open("rb") as file:
            for written in file:
                if not written.endswith(b"\n"):
                    break
                found.append(ROW.validate_json(written))
    except (FileNotFoundError, ValidationError):
        pass
    return found


def line_of(row: Row) -> str:
    """A row as it stands in the file."""
    return json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n"
