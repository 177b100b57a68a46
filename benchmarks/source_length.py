"""How bits per character fall with the length of the source.

    python benchmarks/source_length.py [--project benchmarks/model] [--windows 1000] [--note]

The same targets from the test part (the last chapters of each book, which the model has not learned from),
each behind whole sentences of at most so many tokens, as behind a prompt of that length; a last sentence
that alone is longer is cut. The intervals are 95%, by chapters; those of the gain are of the differences,
chapter by chapter. With --note the curve goes to docs/curves/, whence docs/curves.py draws it.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from xuxie.corpus.corpus import Corpus, Offsets
from xuxie.corpus.windows import Window, WindowShape, source_start, tile
from xuxie.evaluation.statistics import interval
from xuxie.models import load_model
from xuxie.project import Project
from xuxie.training.evaluation import Score, foresee_windows

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from curves import Line, Panel, note

LENGTHS = (8, 16, 32, 64, 128, 256, 384)  # the longest is that of the model, at most
TARGET = 32  # tokens at most: what is foreseen of a long target rests on the target itself


@dataclass(frozen=True, kw_only=True)
class Row:
    """One length of the source, at most `limit` tokens, `mean` as it came out."""

    limit: int
    mean: float
    chapters: dict[int, Score]

    @property
    def score(self) -> Score:
        """Of all chapters."""
        return sum(self.chapters.values(), start=Score())

    def gain(self, other: "Row") -> tuple[float, tuple[float, float]]:
        """How many bits a character this is below another row, and the interval."""
        less = [
            Score(bits=other.chapters[place].bits - one.bits, characters=one.characters)
            for place, one in self.chapters.items()
        ]
        return sum(less, start=Score()).bits_per_character, interval(less) or (0.0, 0.0)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--windows", type=int, default=1000, help="targets, spread evenly (default: 1000)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--note", action="store_true", help="write the curve to docs/curves/")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    project = Project(arguments.project)
    model, _, record = load_model(project.model)
    corpus = Corpus(project.corpus)
    lengths = [length for length in LENGTHS if length <= record.source_length]
    chosen = targets(corpus, lengths[-1], arguments.windows)
    rows: list[Row] = []
    print(f"{len(chosen)} targets of at most {TARGET} tokens; {record.objective}, step {record.step}")
    print("| source, at most | mean | bits per character | 95% | gain over the row before | 95% |")
    print("|---|---|---|---|---|---|")
    for length in lengths:
        windows = [
            Window(start=source_start(starts, middle, length, length), middle=middle, end=end)
            for starts, middle, end in chosen
        ]
        chapters: defaultdict[int, Score] = defaultdict(Score)
        for window, foreseen in foresee_windows(model, corpus, windows, record.objective):
            chapters[corpus.chapter_at(window.middle)] += foreseen.score
        mean = float(np.mean([window.middle - window.start for window in windows]))
        rows.append(Row(limit=length, mean=mean, chapters=dict(sorted(chapters.items()))))
        print(described(rows), flush=True)
    if arguments.note:
        note("source-length", [panel(rows)])


def targets(corpus: Corpus, longest: int, most: int) -> list[tuple[Offsets, int, int]]:
    """Targets [middle, end) of the test part with `longest` tokens of their chapter before them, at least.

    Each with the starts of its section's sentences.
    """
    shape = WindowShape(source=longest, target=TARGET)
    every = [
        (starts, middle, end)
        for starts in map(corpus.sentence_starts, corpus.sections("test"))
        for middle, end in tile(starts, shape, first=0)
        if middle - starts[0] >= longest
    ]
    spread = np.unique(np.linspace(0, len(every) - 1, min(most, len(every))).astype(int))
    return [every[place] for place in spread]


def described(rows: Sequence[Row]) -> str:
    """The last row of the table so far."""
    row = rows[-1]
    low, high = interval(list(row.chapters.values())) or (0.0, 0.0)
    line = f"| {row.limit} | {row.mean:.1f} | {row.score.bits_per_character:.3f} | {low:.3f}–{high:.3f} |"
    if len(rows) == 1:
        return f"{line} | |"
    gain, (least, most) = row.gain(rows[-2])
    return f"{line} {gain:.3f} | {least:.3f}–{most:.3f} |"


def panel(rows: Sequence[Row]) -> Panel:
    """The curve over evenly spaced lengths, each twice the one before."""
    bands = [interval(list(row.chapters.values())) or (0.0, 0.0) for row in rows]
    return Panel(
        title="the same targets",
        x="tokens of source, at most",
        y="bits per character",
        ticks=[(place, str(row.limit)) for place, row in enumerate(rows)],
        lines=[
            Line(
                name="95% by chapters",
                points=[(place, row.score.bits_per_character) for place, row in enumerate(rows)],
                band=bands,
            )
        ],
    )


if __name__ == "__main__":
    main()
