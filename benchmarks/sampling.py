"""What one step of the sampler costs, for the usual settings and for others.

    python benchmarks/sampling.py [--json FILE]

Logits whose probabilities fall with the rank as characters' do in prose (Zipf, exponent 1.2, with noise),
behind a history of 500 tokens; microseconds, the median of 20 rounds, in one thread.
"""

import argparse
import json
import os
import timeit
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from xuxie.generation.history import History
from xuxie.generation.processors import (
    Bias,
    CountPenalty,
    Dry,
    Exempt,
    NoRepeatNgram,
    Processor,
    RepetitionPenalty,
)
from xuxie.generation.sampling import Sampler, Shape

USUAL: dict[str, tuple[Shape, list[Processor]]] = {
    "greedy": (Shape(temperature=0), []),
    "temperature 0.8, top-p 0.9 (the default)": (Shape(temperature=0.8, top_p=0.9), []),
    "top-k 50": (Shape(top_k=50), []),
    "top-k 50, top-p 0.9": (Shape(top_k=50, top_p=0.9), []),
    "min-p 0.05": (Shape(min_p=0.05), []),
    "the default, repetition penalty": (Shape(temperature=0.8, top_p=0.9), [RepetitionPenalty(1.1)]),
    "the default, DRY": (Shape(temperature=0.8, top_p=0.9), [Dry(0.8, 1.75, 4, frozenset(range(40)))]),
    "the default, all processors": (
        Shape(temperature=0.8, top_p=0.9),
        [
            RepetitionPenalty(1.1),
            CountPenalty(0.1, 0.1),
            NoRepeatNgram(8),
            Dry(0.8, 1.75, 4, frozenset(range(40))),
        ],
    ),
}
OTHERS: dict[str, tuple[Shape, list[Processor]]] = {
    "the whole distribution": (Shape(), []),
    "temperature 2, top-p 0.95": (Shape(temperature=2.0, top_p=0.95), []),
}


def sampler(vocabulary: int, shape: Shape, processors: list[Processor]) -> Sampler:
    """One with a history, and with the tokens forbidden that are never written."""
    history = History(vocabulary=vocabulary, window=1000, orders={4, 7})
    for token in np.random.default_rng(1).zipf(1.2, 500) % vocabulary:
        history.append(int(token))
    bias = Bias(dict.fromkeys(range(105), -np.inf))
    against = [Exempt(np.arange(105, 145), tuple(processors))] if processors else []
    return Sampler([bias, *against], history, shape, seed=0)


def microseconds(vocabulary: int, shape: Shape, processors: list[Processor]) -> float:
    """One step: the draw, and the token appended to the history and taken back."""
    random = np.random.default_rng(0)
    ranks = random.permutation(vocabulary)
    logits = (5 - 1.2 * np.log(1 + ranks) + random.normal(0, 0.5, vocabulary)).astype(np.float32)
    one = sampler(vocabulary, shape, processors)

    def step() -> None:
        one.append(one.sample(logits).token)
        one.rewind(500)

    step()
    return median(timeit.repeat(step, number=100, repeat=20)) * 1e4


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    arguments = parser.parse_args()
    figures: dict[str, list[float]] = {}
    print("| settings | vocabulary 8,000 | vocabulary 21,128 |\n|---|---|---|")
    for name, options in (USUAL | OTHERS).items():
        figures[name] = [round(microseconds(size, *options), 1) for size in (8000, 21128)]
        print(f"| {name} | {figures[name][0]} µs | {figures[name][1]} µs |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
