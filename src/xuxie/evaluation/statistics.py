"""The figures of an evaluation that are formulas: intervals, calibration, variety.

interval(chapters)                     of bits per character, by drawing chapters again
calibration_error(confidence, right)   how far confidence is from being right
distinct(passages, 2), repetition(passage)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xuxie.training.evaluation import Score

DRAWS, LEVEL = 2000, 0.95
BINS = 15
RUN = 4  # characters that make a repetition


def interval(chapters: Sequence[Score]) -> tuple[float, float] | None:
    """The 95% confidence interval of bits per character, by the bootstrap over chapters.

    Chapters are what differs: as many are drawn with replacement, DRAWS times, always the same ones, and
    the 2.5th and 97.5th percentile taken. None for fewer than two chapters.
    """
    if len(chapters) < 2:
        return None
    bits = np.array([chapter.bits for chapter in chapters])
    characters = np.array([chapter.characters for chapter in chapters])
    drawn = np.random.default_rng(0).integers(len(chapters), size=(DRAWS, len(chapters)))
    scores = bits[drawn].sum(axis=1) / characters[drawn].sum(axis=1)
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The expected calibration error (Guo et al. 2017, section 2): 0 is perfect.

    Tokens fall into BINS bins of equal width by the probability of the likeliest; the difference of the
    mean probability and the share that was right, weighted by the tokens in each bin.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    sums = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(sums).sum() / len(confidence))


def distinct(passages: Sequence[str], n: int) -> float:
    """distinct-n (Li et al. 2016): different runs of n characters, of all such runs in the passages."""
    runs = [passage[i : i + n] for passage in passages for i in range(len(passage) - n + 1)]
    return len(set(runs)) / max(1, len(runs))


def repetition(passage: str) -> float:
    """The share of runs of RUN characters that stood in the passage before (rep-n, Welleck et al. 2020)."""
    return 1 - distinct([passage], RUN) if len(passage) >= RUN else 0.0
