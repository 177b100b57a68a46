"""The model that other benchmarks use: the small shape, trained on the novels beside the checkout.

    python benchmarks/model.py [--minutes 60] [--output benchmarks/model]      # or: make bench-model

6 layers × 384, a vocabulary of every character that occurs. Interrupted, it goes on when run again; asked
for more minutes, it trains on.
"""

import argparse
from pathlib import Path

from xuxie.books.importing import import_file
from xuxie.config import CorpusSettings, TrainSettings, override
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import META
from xuxie.progress import Silent
from xuxie.project import Project
from xuxie.training.trainer import train

NOVELS = Path(__file__).resolve().parents[2] / "shared" / "novels"
FIRST = "hongloumeng.txt"  # whose project holds the corpus of all
OUTPUT = Path(__file__).parent / "model"
SETTINGS = TrainSettings(
    layers=6,
    hidden_size=384,
    heads=6,
    dropout=0.0,  # less than an epoch: nothing is seen twice
    source_length=256,
    target_length=128,
    batch_tokens=2048,  # an hour on two cores is short: rather more updates than larger ones
    learning_rate=1e-3,
    evaluations=24,
)


def main() -> None:
    """Import the novels, encode them and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="of training in all")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the project's folder")
    arguments = parser.parse_args()
    project = prepare(arguments.output)
    record = train(project, override(SETTINGS, minutes=arguments.minutes), Printed())
    print(f"{project.model}: {record.bits_per_character:.3f} bits per character after {record.step} steps")


def prepare(directory: Path) -> Project:
    """The project with its corpus, made unless it is there."""
    project = Project(directory)
    if not (project.corpus / META).exists():
        import_file(NOVELS / FIRST, project)
        books = [project]
        for novel in sorted(set(NOVELS.rglob("*.txt")) - {NOVELS / FIRST}):
            books.append(Project(directory / "books" / novel.stem))
            import_file(novel, books[-1])
        build_corpus(books, CorpusSettings())
    return project


class Printed(Silent):
    """What the run has to say, on lines of their own."""

    def say(self, line: str) -> None:
        """Print it."""
        print(line, flush=True)


if __name__ == "__main__":
    main()
