"""Checkpoints: all that a run needs to go on as if it had never stopped.

    model/checkpoints/step-000500/tensors.safetensors   weights that are trained, optimizer states
    model/checkpoints/step-000500/state.json            step, position in the data, time, best score

Random numbers have no state to keep: those of an update come from the run's seed and the update's number.
A checkpoint is a folder that is renamed into place when whole; the newest few are kept. Nothing is pickled.
"""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from xuxie.config import explain
from xuxie.errors import InputError
from xuxie.files import replacing_directory, restore_directory
from xuxie.language import tr
from xuxie.tensors import save_tensors
from xuxie.training.run_state import RunState

KEPT = 2
TENSORS, STATE = "tensors.safetensors", "state.json"


def save_checkpoint(
    directory: Path, state: RunState, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write one checkpoint and drop the oldest beyond KEPT."""
    tensors: dict[str, Tensor] = {f"model.{name}": p for name, p in trained(model)}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in values.items()}
    with replacing_directory(directory / f"step-{state.step:06d}") as new:
        save_tensors(new / TENSORS, tensors)
        text = json.dumps(dataclasses.asdict(state), ensure_ascii=False, indent=1)
        (new / STATE).write_text(text + "\n", encoding="utf-8")
    for old in checkpoints(directory)[:-KEPT]:
        shutil.rmtree(old)


def trained(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Parameter]]:
    """The parameters of a model that a run changes, and their names."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


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
    """Put weights and optimizer states back. Raises InputError when they do not fit."""
    try:
        tensors = safetensors.torch.load_file(checkpoint / TENSORS)
        with torch.no_grad():
            for name, parameter in trained(model):
                parameter.copy_(tensors[f"model.{name}"])
        saved = optimizer.state_dict()
        saved["state"] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                saved["state"].setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict(saved)
    except (OSError, safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise InputError(damaged(checkpoint, str(error).split("\n")[0])) from None


def damaged(checkpoint: Path, why: object) -> str:
    """The message for a checkpoint that cannot be gone on from."""
    return tr(
        "{path} is damaged ({why}): delete it and run the same command again", path=checkpoint, why=why
    )
