"""How the objectives compare on the bundled novel in the time that the demo takes.

    python benchmarks/objectives.py [--minutes 1.75] [--json FILE]

Each trains the demo's model from scratch for the same time; the table gives the updates made, the bits per
character on the validation chapters, and what each writes after the same opening.
"""

import argparse
import json
import tempfile
from importlib import resources
from pathlib import Path

from xuxie.books.importing import import_file
from xuxie.cli.demo import PROMPT, SETTINGS
from xuxie.config import FILE_NAME, TrainSettings, override
from xuxie.corpus.build import build_corpus
from xuxie.generation.writer import Writer
from xuxie.project import Project
from xuxie.training.trainer import train

CONTENDERS = {
    "masked, 80% (the plain objective)": {"objective": "masked", "left_to_right": 0.0},
    "pseudo-masked": {"objective": "pseudo-masked", "left_to_right": 0.0},
    "left to right for 60%, then masked": {"objective": "masked", "left_to_right": 0.6},
    "left to right for 60%, then pseudo-masked": {"objective": "pseudo-masked", "left_to_right": 0.6},
}


def main() -> None:
    """Run the contenders one after another and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.75, help="of training for each")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    figures = {}
    print("| objective | updates | bits per character | continuation |\n|---|---|---|---|")
    for name, changes in CONTENDERS.items():
        with tempfile.TemporaryDirectory() as directory:
            project = prepare(Path(directory))
            settings = override(project.settings().train, minutes=arguments.minutes, **changes)
            figures[name] = run(project, settings)
        row = figures[name]
        print(f"| {name} | {row['step']} | {row['bits_per_character']:.2f} | {row['text']} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


def prepare(directory: Path) -> Project:
    """A project with the bundled novel's corpus and the demo's settings."""
    project = Project(directory)
    (directory / FILE_NAME).write_text(SETTINGS, encoding="utf-8")
    with resources.as_file(resources.files("xuxie.sample") / "novel.txt") as novel:
        import_file(novel, project)
    build_corpus([project], project.settings().corpus)
    return project


def run(project: Project, settings: TrainSettings) -> dict[str, float | str | None]:
    """Train one contender and let it write."""
    record = train(project, settings)
    text = "".join(Writer.load(project).write(PROMPT, project.settings().write))
    return {
        "step": record.step,
        "bits_per_character": record.bits_per_character,
        "text": text.replace("\n", "／"),
    }


if __name__ == "__main__":
    main()
