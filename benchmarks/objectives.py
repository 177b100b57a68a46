"""The objectives against each other: bits per character on held-out chapters against training time.

    python benchmarks/objectives.py [--size small] [--output FOLDER]     # trains what is not trained yet

Each contender trains on three novels for the same CPU time of one thread, from scratch or from a model that
has read left to right before; a run that was cut off goes on. The curves lie in FOLDER/SIZE.jsonl.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from xuxie.books.importing import import_file
from xuxie.config import CorpusSettings, TrainSettings, override
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import META
from xuxie.progress import Silent
from xuxie.project import Project
from xuxie.training import trainer

NOVELS = Path(__file__).resolve().parents[2] / "shared" / "novels"
BOOKS = ("hongloumeng", "sanguoyanyi", "xiyouji")
OUTPUT = Path(__file__).parent / "study"
SHAPE = {"source_length": 192, "target_length": 64, "dropout": 0.0, "learning_rate": 1e-3}
SIZES: dict[str, dict[str, Any]] = {
    "small": {"layers": 2, "hidden_size": 128, "heads": 2, "batch_tokens": 2048},
    "larger": {"layers": 4, "hidden_size": 256, "heads": 4, "batch_tokens": 2048},
}
SECONDS = {"small": 60.0, "larger": 120.0}  # of one contender; the start takes four times as long
NAMES = ("masked", "pseudo-masked", "unilm", "shifted", "left-to-right")


def contenders() -> dict[str, dict[str, Any]]:
    """Settings by name, in the order in which they are trained; `start` stands for the pretrained one."""
    plain = {"left_to_right": 0.0}
    after = {f"{name}, from the start": {**plain, "objective": name, "start": "start"} for name in NAMES}
    return {
        "start": {**plain, "objective": "left-to-right"},
        **after,
        "pseudo-masked in rows of 4, from the start": {
            **after["pseudo-masked, from the start"],
            "mask_rows": 4,
        },
        **{f"{name}, from scratch": {**plain, "objective": name} for name in NAMES},
        "left to right for 60%, then pseudo-masked": {"left_to_right": 0.6},
        "left to right for 60%, then masked": {"left_to_right": 0.6, "objective": "masked"},
        "left to right for 80%, then pseudo-masked": {"left_to_right": 0.8},
    }


class Curve(Silent):
    """Notes every measurement of a run in a file, once."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def say(self, line: str) -> None:
        """Keep what is a measurement."""
        if "bits per character" not in line:
            return
        step, _, bits = line.removeprefix("step ").partition(": ")
        row = {"name": self.name, "step": int(step), "bits": float(bits.split()[0])}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def main() -> None:
    """Train what is not trained yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trainer.clock = time.process_time
    corpus = prepare(arguments.output / "corpus")
    for name in contenders():
        run(arguments.output, corpus, arguments.size, name)


def prepare(directory: Path) -> Project:
    """A project with the corpus of the novels."""
    projects = [Project(directory), *(Project(directory / "books" / name) for name in BOOKS[1:])]
    if not (projects[0].corpus / META).exists():
        for name, project in zip(BOOKS, projects, strict=True):
            import_file(NOVELS / f"{name}.txt", project)
        build_corpus(projects, CorpusSettings())
    return projects[0]


def run(output: Path, corpus: Project, size: str, name: str) -> None:
    """Train one contender to its end."""
    project = Project(output / size / name)
    project.directory.mkdir(parents=True, exist_ok=True)
    if not project.corpus.exists():
        project.corpus.symlink_to(corpus.corpus.resolve())
    seconds = SECONDS[size] * (4 if name == "start" else 1)
    settings = override(
        TrainSettings(),
        **SHAPE,
        **SIZES[size],
        minutes=seconds / 60,
        evaluations=16 if name == "start" else 6,
        **contenders()[name],
    )
    if settings.start == "start":
        settings = override(settings, start=str(output / size / "start"))
    began = time.process_time()
    record = trainer.train(project, settings, Curve(output / f"{size}.jsonl", name))
    print(
        f"{size}: {name}: {record.bits_per_character} bits per character, step {record.step},"
        f" {time.process_time() - began:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
