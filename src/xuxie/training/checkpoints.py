"""Checkpoints: all that a run needs to go on as if it had never stopped.

    model/checkpoints/step-000500/tensors.safetensors   weights, optimizer states, random states
    model/checkpoints/step-000500/state.json            step, position in the data, time, best score

A checkpoint is a folder that is renamed into place when whole; the newest few are kept. Nothing is pickled.
"""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from torch import Tensor

from xuxie.config import STRICT, TrainSettings, explain
from xuxie.errors import InputError
from xuxie.files import replacing_directory, restore_directory
from xuxie.language import tr
from xuxie.tensors import save_tensors

KEPT = 2
TENSORS, STATE = "tensors.safetensors", "state.json"


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
    settings: TrainSettings
    scaler: dict[str, Any] = Field(default_factory=dict)


def save_checkpoint(
    directory: Path, state: RunState, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write one checkpoint and drop the oldest beyond KEPT."""
    tensors: dict[str, Tensor] = {f"model.{name}": p for name, p in model.named_parameters()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in values.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    with replacing_directory(directory / f"step-{state.step:06d}") as new:
        save_tensors(new / TENSORS, tensors)
        text = json.dumps(dataclasses.asdict(state), ensure_ascii=False, indent=1)
        (new / STATE).write_text(text + "\n", encoding="utf-8")
    for old in checkpoints(directory)[:-KEPT]:
        shutil.rmtree(old)


def checkpoints(directory: Path) -> list[Path]:
    """The whole checkpoints in a folder, the oldest first."""
    found = [path for path in directory.glob("step-*") if path.name.removeprefix("step-").isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def mend(directory: Path) -> None:
    """Put right what a kill in the middle of saving has left."""
    for path in list(directory.glob("step-*.old")):
        restore_directory(path.with_suffix(""))
    for path in list(directory.glob("step-*.new")):
        shutil.rmtree(path)


def read_state(checkpoint: Path) -> RunState:
    """Where the run of a checkpoint stands. Raises InputError when it is damaged."""
    try:
        return TypeAdapter(RunState).validate_json((checkpoint / STATE).read_bytes())
    except ValidationError as error:
        raise InputError(damaged(checkpoint, explain(error))) from None
    except OSError as error:
        raise InputError(damaged(checkpoint, error)) from None


def restore_checkpoint(checkpoint: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put weights, optimizer states and random states back. Raises InputError when they do not fit."""
    try:
        tensors = safetensors.torch.load_file(checkpoint / TENSORS)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(tensors[f"model.{name}"])
        saved = optimizer.state_dict()
        saved["state"] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                saved["state"].setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict(saved)
        torch.set_rng_state(tensors["random.cpu"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
    except (OSError, safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise InputError(damaged(checkpoint, str(error).split("\n")[0])) from None


def damaged(checkpoint: Path, why: object) -> str:
    """The message for a checkpoint that cannot be gone on from."""
    return tr(
        "{path} is damaged ({why}): delete it and run the same command again", path=checkpoint, why=why
    )
