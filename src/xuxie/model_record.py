"""The record of a trained model, `model/meta.json`: enough to write with it and to train it on."""

from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT, Objective, TrainSettings, explain
from xuxie.errors import InputError, MissingStageError
from xuxie.language import tr

META = "meta.json"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelRecord:
    """meta.json of a trained model."""

    version: Literal[1] = 1
    title: str  # of the books it was trained on
    objective: Objective  # writing follows it: without [MASK], the token before foretells
    source_length: int  # tokens
    target_length: int
    eos_token: str
    paragraph_token: str
    corpus: str  # Corpus.sha256
    settings: TrainSettings
    step: int
    seconds: float  # of training
    bits_per_character: float | None  # on the validation part; None where it has none


def read_record(directory: Path) -> ModelRecord:
    """Read a model's record. Raises MissingStageError when there is no model, InputError when damaged."""
    try:
        return TypeAdapter(ModelRecord).validate_json((directory / META).read_bytes())
    except FileNotFoundError:
        raise MissingStageError(
            tr("there is no model in {path}: make it with  xuxie train {path}", path=directory.parent)
        ) from None
    except ValidationError as error:
        raise InputError(f"{directory / META}: {explain(error)}") from None
