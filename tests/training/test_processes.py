"""Real torchrun, two processes with gloo on this machine, beside one process that learns the same."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from training import runs
from xuxie.config import TrainSettings, override
from xuxie.errors import InputError
from xuxie.project import Project
from xuxie.training import history as history_module
from xuxie.training.checkpoints import checkpoints
from xuxie.training.history import History
from xuxie.training.processes import Processes, use_own_device
from xuxie.training.trainer import train
from xuxie.unilm.examples import Example

SETTINGS = override(
    runs.SETTINGS,
    dropout=0.0,
    objective="masked",  # which is drawn at random
    left_to_right=0.4,
    batch_tokens=160,  # batches of few examples, of one as well
    accumulation=2,
)
PROGRAM = """
import os, signal, sys, time
from xuxie.progress import Silent
from xuxie.project import Project
from xuxie.training import history, trainer

folder, what, step = sys.argv[1:]

class Dying(Silent):
    def advance(self, amount=1, note=""):
        if f"step {step}," in note and what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if f"step {step}," in note and what == "interrupt":
            os.kill(os.getppid(), signal.SIGINT)  # as a terminal does; torchrun hands it on
            time.sleep(60)
    def say(self, line):
        print(line, flush=True)

history.EVERY = 0.0  # a row for every update
trainer.CHECKPOINT_SECONDS = 0.0
project = Project(folder)
record = trainer.train(project, project.settings().train, Dying())
print("trained", record.step)
"""


def copy_of(project: Project, name: str, settings: TrainSettings = SETTINGS) -> Project:
    """The same corpus in another project, which asks for other settings."""
    other = runs.copy_of(project, name)
    lines = [f"{key} = {json.dumps(value)}" for key, value in dataclasses.asdict(settings).items()]
    known = "\n".join(line for line in ["[train]", *lines] if not line.endswith("null"))
    (other.directory / "xuxie.toml").write_text(known, encoding="utf-8")
    return other


def torchrun(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    source = Path(__file__).resolve().parents[2] / "src"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*command, *arguments], env=os.environ | {"PYTHONPATH": str(source)}, capture_output=True, text=True
    )


def train_in_two(project: Project, what: str = "", step: int = 0) -> subprocess.CompletedProcess[str]:
    """By the program above, which may kill or interrupt itself behind a step."""
    program = project.directory.parent / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    return torchrun(program, project.directory, what, str(step))


def outcome(project: Project) -> dict[str, torch.Tensor]:
    """The best weights and the last checkpoint."""
    last = checkpoints(project.model / "checkpoints")[-1]
    best = safetensors.torch.load_file(project.model / "model.safetensors")
    return best | safetensors.torch.load_file(last / "tensors.safetensors")


def test_two_processes_learn_what_one_does(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "EVERY", 0.0)
    record = train(project, SETTINGS)
    two = copy_of(project, "two")
    trained = train_in_two(two)
    assert trained.returncode == 0, trained.stderr
    said = trained.stdout.splitlines()
    assert said[-1] == f"trained {record.step}"
    assert len(said) == len(set(said))  # by one process
    (updates, scores), (others, other_scores) = (History(p.model).read() for p in (project, two))
    assert [row.step for row in others] == list(range(1, 13))
    assert [row.loss for row in others] == pytest.approx([row.loss for row in updates], abs=1e-4)
    assert [row.step for row in other_scores] == [row.step for row in scores] == [5, 6, 9, 12]
    for ours, theirs in zip(other_scores, scores, strict=True):
        assert ours.bits_per_character == pytest.approx(theirs.bits_per_character, abs=1e-4)
    torch.testing.assert_close(outcome(two), outcome(project), rtol=1e-4, atol=1e-5)

    stopped = copy_of(project, "stopped")
    assert train_in_two(stopped, "kill", step=5).returncode != 0
    interrupted = train_in_two(stopped, "interrupt", step=8)
    assert interrupted.returncode != 0
    assert "going on from step 4" in interrupted.stdout
    assert "EnvironmentFailure" not in interrupted.stderr  # the other process was let go
    ended = torchrun("-m", "xuxie", "train", stopped.directory, "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["step"] == record.step
    assert ended.stderr.count("going on from step 8") == 1
    torch.testing.assert_close(outcome(stopped), outcome(two), rtol=0, atol=0)


def test_a_lost_loss_ends_all_processes(project: Project) -> None:
    settings = override(SETTINGS, learning_rate=1e9, warmup=0.0, steps=1000)
    lost = torchrun("-m", "xuxie", "train", copy_of(project, "lost", settings).directory, "--minutes", "9")
    assert lost.returncode != 0
    assert lost.stderr.count("xuxie: the loss is no number any more") == lost.stderr.count("xuxie: ") == 1
    assert lost.stdout == ""


def test_every_example_is_in_one_share() -> None:
    rows = torch.arange(5)[:, None]
    example = Example(
        input_ids=rows,
        segment_ids=rows,
        position_ids=rows,
        attention_mask=rows[:, None] == rows[:, None],
        labels=rows,
    )
    shares = [Processes(rank=rank, count=3).share(example) for rank in range(3)]
    assert sorted(torch.cat([share.labels for share in shares]).flatten().tolist()) == [0, 1, 2, 3, 4]
    assert [len(share.attention_mask) for share in shares] == [2, 2, 1]
    alone = Processes()
    assert alone.share(example).labels.equal(rows)
    assert alone.total(2.5) == 2.5


def test_a_process_needs_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    with pytest.raises(InputError, match="there are 2 GPUs: lower --nproc-per-node"):
        use_own_device()
    monkeypatch.setenv("LOCAL_RANK", "1")
    use_own_device()
    assert chosen == [1]
