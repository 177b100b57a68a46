import dataclasses
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from xuxie.config import TrainSettings
from xuxie.errors import InputError
from xuxie.training.checkpoints import (
    KEPT,
    checkpoints,
    mend,
    read_state,
    restore_checkpoint,
    save_checkpoint,
)
from xuxie.training.run_state import RunState

STATE = RunState(
    step=3, epoch=1, batch=2, seconds=1.5, best=7.25, corpus="abc", settings=TrainSettings(steps=9)
)


def network(seed: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 2))
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def steps(model: torch.nn.Module, optimizer: torch.optim.Optimizer, count: int) -> torch.Tensor:
    for _ in range(count):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_a_run_goes_on_exactly(tmp_path: Path) -> None:
    model, optimizer = network(0)
    steps(model, optimizer, 3)
    save_checkpoint(tmp_path, STATE, model, optimizer)
    torch.manual_seed(2)
    expected = steps(model, optimizer, 3)

    model, optimizer = network(1)
    (saved,) = checkpoints(tmp_path)
    assert read_state(saved) == STATE
    restore_checkpoint(saved, model, optimizer)
    torch.manual_seed(2)
    assert steps(model, optimizer, 3).equal(expected)


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        model, optimizer = network(0)
        steps(model, optimizer, 2)
        save_checkpoint(tmp_path / folder, STATE, model, optimizer)
    for name in ("tensors.safetensors", "state.json"):
        one, two = ((tmp_path / folder / "step-000003" / name).read_bytes() for folder in ("a", "b"))
        assert one == two


def test_the_newest_few_are_kept(tmp_path: Path) -> None:
    model, optimizer = network(0)
    for step in (9, 10, 999_999, 1_000_000):
        save_checkpoint(tmp_path, dataclasses.replace(STATE, step=step), model, optimizer)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-999999", "step-1000000"]
    assert KEPT == 2
    save_checkpoint(tmp_path, dataclasses.replace(STATE, step=1_000_000, epoch=7), model, optimizer)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-999999", "step-1000000"]
    assert read_state(checkpoints(tmp_path)[-1]).epoch == 7


def test_only_whole_ones_are_listed(tmp_path: Path) -> None:
    assert checkpoints(tmp_path / "nowhere") == []
    for name in ("step-000001", "step-000002.new", "step-000003.old", "step-x", "other"):
        (tmp_path / name).mkdir()
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000001"]


def test_what_a_kill_leaves_is_mended(tmp_path: Path) -> None:
    model, optimizer = network(0)
    save_checkpoint(tmp_path, STATE, model, optimizer)
    whole = tmp_path / "step-000003"
    whole.rename(tmp_path / "step-000003.old")  # killed between two renamings
    shutil.copytree(tmp_path / "step-000003.old", tmp_path / "step-000003.new")
    mend(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000003"]
    assert read_state(whole) == STATE
    shutil.copytree(whole, tmp_path / "step-000003.old")  # killed before the old one was gone
    mend(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000003"]
    mend(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"step": "3"}'])
def test_a_damaged_state_says_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged \(.*\): delete it and run the same command again"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "cut", "no weights", "other shape", "odd optimizer"]
)
def test_damaged_tensors_say_what_to_do(tmp_path: Path, damage: str) -> None:
    model, optimizer = network(0)
    steps(model, optimizer, 1)
    save_checkpoint(tmp_path, STATE, model, optimizer)
    (saved,) = checkpoints(tmp_path)
    path = saved / "tensors.safetensors"
    tensors = safetensors.torch.load_file(path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage != "missing":
        if damage == "no weights":
            del tensors["model.0.weight"]
        elif damage == "other shape":
            tensors["model.0.weight"] = torch.zeros(3, 3)
        else:
            tensors["optimizer.x.exp_avg"] = torch.zeros(1)
        safetensors.torch.save_file(tensors, path)
    with pytest.raises(InputError, match=r"step-000003 is damaged \(.*\): delete it and run") as caught:
        restore_checkpoint(saved, model, optimizer)
    assert "\n" not in str(caught.value)
