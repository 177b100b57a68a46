"""How generated passages repeat themselves, against the novel's own rate, and how they end.

    python benchmarks/passages.py [--quick] [--project DIR] [--json FILE]

Passages continue sentences drawn from the test part, many at a time through the scheduler. A repeated
8-gram is one that stood before in the same passage; the novel's rate is that of what really follows the
same openings, cut to the same lengths. The rows are settings; `make bench-model` trains the model.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xuxie.config import WriteSettings, override
from xuxie.corpus.corpus import META, Corpus
from xuxie.corpus.sentences import is_whole
from xuxie.generation.passage import Passage
from xuxie.generation.quotes import opened
from xuxie.generation.writer import Writer
from xuxie.project import Project

PROJECT = Path(__file__).parent / "model"
SLOTS = 32
LENGTH = 200
FREE = {"dry_multiplier": 0.0, "no_repeat_ngram": 0}  # no rule against repetition
ROWS: dict[str, dict[str, float]] = {
    "the default": {},
    "the default, free to repeat": FREE,
    "greedy": {"temperature": 0.0},
    "greedy, DRY alone": {"temperature": 0.0, "no_repeat_ngram": 0},
    "greedy, free to repeat": {"temperature": 0.0, **FREE},
    "temperature 1, top-p 1, free to repeat": {"temperature": 1.0, "top_p": 1.0, **FREE},
}


def openings(corpus: Corpus, count: int) -> list[tuple[str, str]]:
    """Openings of whole sentences, at least 50 tokens of them, each with what follows in the novel."""
    random = np.random.default_rng(0)
    found: list[tuple[str, str]] = []
    sections = [s for s in corpus.sections("test") if s.end - s.start > 4 * LENGTH]
    while len(found) < count:
        section = sections[int(random.integers(len(sections)))]
        starts = corpus.sentence_starts(section)
        first = int(random.integers(np.searchsorted(starts, section.end - 3 * LENGTH)))
        middle = int(starts[np.searchsorted(starts, starts[first] + 50)])
        prompt = corpus.tokenizer.decode(corpus.ids(int(starts[first]), middle))
        end = min(section.end, middle + 3 * LENGTH)
        found.append((prompt, corpus.tokenizer.decode(corpus.ids(middle, end), before=prompt)))
    return found


def repeated(texts: Sequence[str], size: int = 8) -> float:
    """The share of n-grams that stood before in the same text."""
    total = again = 0
    for text in texts:
        grams = [text[i : i + size] for i in range(len(text) - size + 1)]
        total += len(grams)
        again += len(grams) - len(set(grams))
    return again / max(1, total)


def measure(writer: Writer, prompts: Sequence[str], settings: WriteSettings) -> tuple[list[str], float]:
    """The passages behind the prompts, each with a seed of its own, and the characters a second."""
    passages = [Passage(p, settings, writer.language, seed=seed) for seed, p in enumerate(prompts)]
    started = time.perf_counter()
    for _ in writer.run(passages):
        pass
    texts = [passage.text for passage in passages]
    return texts, sum(map(len, texts)) / (time.perf_counter() - started)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 passages, the first three rows")
    parser.add_argument("--passages", type=int, default=1000, help="how many for each row (default: 1000)")
    parser.add_argument("--project", type=Path, default=PROJECT, help="with a trained model and its corpus")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    arguments = parser.parse_args()
    project = Project(arguments.project)
    if not (project.corpus / META).exists():
        print(f"there is no trained model in {project}: make bench-model trains one")
        return 2
    writer = Writer.load(project, slots=SLOTS)
    pairs = openings(Corpus(project.corpus), 60 if arguments.quick else arguments.passages)
    prompts = [prompt for prompt, _ in pairs]
    print(f"{len(pairs)} passages, {writer.record.bits_per_character} bits per character")
    print("| settings | repeated 8-grams | the novel's | whole | quotes closed | characters | a second |")
    print("|---|---|---|---|---|---|---|")
    figures = {}
    for name, options in list(ROWS.items())[: 3 if arguments.quick else None]:
        settings = override(WriteSettings(length=LENGTH), **options)
        texts, speed = measure(writer, prompts, settings)
        real = [text[: len(written)] for (_, text), written in zip(pairs, texts, strict=True)]
        figures[name] = {
            "repeated": repeated(texts),
            "novel": repeated(real),
            "whole": np.mean([is_whole(text) for text in texts]),
            "closed": np.mean([not opened(p + t) for p, t in zip(prompts, texts, strict=True)]),
            "characters": np.mean([len(text) for text in texts]),
            "speed": speed,
        }
        row = figures[name]
        print(
            f"| {name} | {row['repeated']:.3%} | {row['novel']:.3%} | {row['whole']:.1%} "
            f"| {row['closed']:.1%} | {row['characters']:.0f} | {row['speed']:.0f} |",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
