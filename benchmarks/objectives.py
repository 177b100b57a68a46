"""The objectives against each other: bits per character on held-out chapters against training time.

    python benchmarks/objectives.py [--size small] [--part schedules] [--output FOLDER] [--note]

Each contender trains on three novels for the same CPU time of one thread, measurements not counted: from
scratch, from a model that has read left to right before, or left to right for a share of its own time.
What is trained already is kept, and a run that was cut off goes on. With --note the curves go to
docs/curves/, whence docs/curves.py draws them.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from xuxie.books.importing import import_file
from xuxie.config import CorpusSettings, TrainSettings, override
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import META
from xuxie.project import Project
from xuxie.training import trainer
from xuxie.training.history import History

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from curves import Line, Panel, Points, note

NOVELS = Path(__file__).resolve().parents[2] / "shared" / "novels"
BOOKS = ("hongloumeng", "sanguoyanyi", "xiyouji")
OUTPUT = Path(__file__).parent / "study"
SHAPE = {"source_length": 192, "target_length": 64, "dropout": 0.0, "learning_rate": 1e-3}
SIZES: dict[str, dict[str, Any]] = {
    "small": {"layers": 2, "hidden_size": 128, "heads": 2, "batch_tokens": 2048},
    "larger": {"layers": 4, "hidden_size": 256, "heads": 4, "batch_tokens": 2048},
}
SECONDS = {"small": 60.0, "larger": 180.0}  # of CPU time, of one contender
START, START_TIMES = "start", 4  # the model that others start from takes so many times as long
SCHEDULE_TIMES = {"small": 4, "larger": 2}  # and so many times as long each of the schedules
SHARES = (0.6, 0.3, 0.0)  # of a schedule's time, read left to right
NAMES = ("masked", "pseudo-masked", "unilm", "shifted", "left-to-right")
WITHOUT_MASK = ("shifted", "left-to-right")
PARTS = ("start", "scratch", "schedules")
MEASUREMENTS, TARGETS = 4, 8192  # of a contender, and the target tokens of each


def contenders(part: str) -> dict[str, dict[str, Any]]:
    """Settings by name, in the order in which they are trained; `start` stands for the pretrained one."""
    plain = {"left_to_right": 0.0}
    if part == "scratch":
        return {f"{name}, from scratch": {**plain, "objective": name} for name in NAMES}
    if part == "schedules":
        return {f"{share:.0%} left to right": {"left_to_right": share} for share in SHARES}
    after = {f"{name}, from start": {**plain, "objective": name, "start": START} for name in NAMES}
    return {START: {**plain, "objective": "left-to-right"}, **after}


def main() -> None:
    """Train what is not trained yet, and print what is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--part", choices=PARTS, action="append", help="all by default")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--note", action="store_true", help="write the curves to docs/curves/")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trainer.EVALUATION_TOKENS = TARGETS
    count_training_only()
    corpus = prepare(arguments.output / "corpus")
    output = arguments.output / arguments.size
    for part in arguments.part or PARTS:
        times = SCHEDULE_TIMES[arguments.size] if part == "schedules" else 1
        for name, settings in contenders(part).items():
            run(output, corpus, arguments.size, name, START_TIMES if name == START else times, settings)
    print(table(output))
    if arguments.note:
        draw(output, arguments.size)


def count_training_only() -> None:
    """Let a run count the CPU seconds of this process but for those of measuring."""
    measure, apart = trainer.Trainer.measure, 0.0

    def uncounted(self: trainer.Trainer) -> None:
        nonlocal apart
        began = time.process_time()
        measure(self)
        apart += time.process_time() - began

    trainer.Trainer.measure = uncounted  # type: ignore[method-assign]
    trainer.clock = lambda: time.process_time() - apart


def prepare(directory: Path) -> Project:
    """A project with the corpus of the novels."""
    projects = [Project(directory), *(Project(directory / "books" / name) for name in BOOKS[1:])]
    if not (projects[0].corpus / META).exists():
        for name, project in zip(BOOKS, projects, strict=True):
            import_file(NOVELS / f"{name}.txt", project)
        build_corpus(projects, CorpusSettings())
    return projects[0]


def run(
    output: Path, corpus: Project, size: str, name: str, times: int, changes: Mapping[str, Any]
) -> None:
    """Train one contender to its end, `times` as long as the shortest."""
    project = Project(output / name)
    project.directory.mkdir(parents=True, exist_ok=True)
    if not project.corpus.exists():
        project.corpus.symlink_to(corpus.corpus.resolve())
    settings = override(
        TrainSettings(),
        **SHAPE,
        **SIZES[size],
        minutes=times * SECONDS[size] / 60,
        evaluations=MEASUREMENTS if times == 1 else 2 * MEASUREMENTS,
        **changes,
    )
    if settings.start == START:
        settings = override(settings, start=str(output / START))
    record = trainer.train(project, settings)
    print(f"{name}: {record.bits_per_character} bits per character, step {record.step}", flush=True)


def curve(output: Path, name: str) -> Points:
    """Minutes of training and bits per character of a contender, as far as it has been measured."""
    _, evaluations = History(output / name / "model").read()
    return [
        (row.seconds / 60, row.bits_per_character)
        for row in evaluations
        if row.bits_per_character is not None
    ]


def table(output: Path) -> str:
    """The bits of all that is trained, at the end."""
    trained = {name: curve(output, name) for part in PARTS for name in contenders(part)}
    rows = [f"| {name} | {p[-1][0]:.1f} | {p[-1][1]:.2f} |" for name, p in trained.items() if p]
    return "\n".join(["| contender | minutes | bits per character |\n|---|---|---|", *rows])


def panel(title: str, output: Path, names: Mapping[str, str]) -> Panel:
    """The curves of those contenders that are trained, `names` by what to call them."""
    curves = {label: curve(output, name) for label, name in names.items()}
    lines = [Line(name=n, points=p, dashed=n in WITHOUT_MASK) for n, p in curves.items() if p]
    return Panel(title=title, x="minutes of training", y="bits per character", lines=lines)


def draw(output: Path, size: str) -> None:
    """Note the curves: the objectives from scratch and from the start, and the schedules."""
    panels = [panel("from scratch", output, {name: f"{name}, from scratch" for name in NAMES})]
    if start := curve(output, START):
        minutes, bits = start[-1]
        title = f"after {minutes:.0f} min left to right ({bits:.2f})"
        panels.append(panel(title, output, {name: f"{name}, from start" for name in NAMES}))
    if trained := [one for one in panels if one.lines]:
        note(f"objectives-{size}", trained)
    schedules = panel("then pseudo-masked", output, {name: name for name in contenders("schedules")})
    if schedules.lines:
        note(f"schedules-{size}", [schedules])


if __name__ == "__main__":
    main()
