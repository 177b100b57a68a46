"""Kill `xuxie train` at random moments, run it again, and compare with a run that was left alone.

    trial = Trial(directory);  trial.differences([0.5, 2.0])      # seconds of its work; [] is right

The run is the command itself, in a process of its own which gets SIGKILL; it saves a checkpoint behind
every update, so that kills meet loading, updates, evaluations and saves. In the end the best weights, the
last checkpoint and the evaluations must be those of an uninterrupted run, to the bit.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import xuxie
from xuxie.books.importing import import_file
from xuxie.config import CorpusSettings
from xuxie.corpus.build import build_corpus
from xuxie.files import write_atomically
from xuxie.model_record import read_record
from xuxie.project import Project
from xuxie.training.checkpoints import STATE, TENSORS, checkpoints
from xuxie.training.history import History
from xuxie.training.rows import Evaluation

SOURCE = Path(xuxie.__file__ or "").parents[1]
NOVEL = SOURCE / "xuxie" / "sample" / "novel.txt"
STEPS, EVALUATIONS = 48, 4  # more than an epoch; the first third goes left to right
SETTINGS = f"""\
[train]
layers = 1
hidden_size = 16
heads = 2
source_length = 24
target_length = 16
left_to_right = 0.3
batch_tokens = 2048
learning_rate = 5e-3
precision = "fp32"
evaluations = {EVALUATIONS}

[write]
length = 20
"""

TRAIN = """
import sys
from xuxie.cli import run
from xuxie.training import trainer
assert trainer.CHECKPOINT_SECONDS
trainer.CHECKPOINT_SECONDS = 0.0
print("ready", flush=True)
sys.exit(run(["train", *sys.argv[1:]]))
"""


class Trial:
    """Runs on the bundled novel, each in its own folder below `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.corpus = Project(directory / "corpus")
        import_file(NOVEL, self.corpus)
        build_corpus([self.corpus], CorpusSettings())
        whole = self.project("whole")
        self.seconds = self.finish(whole)  # that an uninterrupted run takes
        self.whole = outcome(whole)
        self.count = 0
        self.kills: list[str] = []  # what each of them hit

    def differences(self, moments: Iterable[float]) -> list[str]:
        """Kill one run at each of the moments, unless it is done before, and run it to its end.

        What is other than in the uninterrupted run. What the kills hit is added to `kills`.
        """
        self.count += 1
        project = self.project(f"killed-{self.count}")
        for moment in moments:
            with self.start(project) as child:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(moment)
                child.kill()
            if child.returncode == 0:
                break
            assert child.returncode == -signal.SIGKILL
            self.kills.append(where(project))
        self.finish(project)
        found = outcome(project)
        return [name for name in self.whole if found[name] != self.whole[name]]

    def project(self, name: str) -> Project:
        """A project with the corpus of all."""
        project = Project(self.directory / name)
        project.directory.mkdir()
        project.corpus.symlink_to(self.corpus.corpus)
        write_atomically(project.directory / "xuxie.toml", SETTINGS)
        return project

    def start(self, project: Project) -> subprocess.Popen[bytes]:
        """A run that goes on from where the last one was, as soon as it has begun to work."""
        child = subprocess.Popen(
            [sys.executable, "-c", TRAIN, project.directory, "--steps", str(STEPS), "--quiet"],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
        )
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        return child

    def finish(self, project: Project) -> float:
        """Run to the end and kill nothing; the seconds that it took."""
        with self.start(project) as child:
            started = time.monotonic()
            child.wait()
        assert child.returncode == 0
        return time.monotonic() - started


def where(project: Project) -> str:
    """What a run that was killed has left."""
    saved = checkpoints(project.model / "checkpoints")
    _, evaluations = History(project.model).read()
    step = int(saved[-1].name.removeprefix("step-")) if saved else 0
    torn = sorted(
        path.relative_to(project.model).as_posix()
        for suffix in (".new", ".old", ".tmp")
        for path in project.model.rglob("*" + suffix)
    )
    half = f", half-written: {', '.join(torn)}" if torn else ""
    return f"at step {step} of {STEPS}, {len(evaluations)} evaluations noted{half}"


def outcome(project: Project) -> dict[str, bytes | str]:
    """All that a run comes to, but for what a clock decides."""
    last = checkpoints(project.model / "checkpoints")[-1]
    state = json.loads((last / STATE).read_bytes()) | {"seconds": 0.0}
    _, evaluations = History(project.model).read()
    return {
        "best weights": (project.model / "model.safetensors").read_bytes(),
        "record": repr(dataclasses.replace(read_record(project.model), seconds=0.0)),
        "last checkpoint": (last / TENSORS).read_bytes(),
        "its state": json.dumps(state),
        "evaluations": repr([timeless(evaluation) for evaluation in evaluations]),
    }


def timeless(evaluation: Evaluation) -> Evaluation:
    """An evaluation without its time and its memory."""
    return dataclasses.replace(evaluation, seconds=0.0, peak_memory=0)
