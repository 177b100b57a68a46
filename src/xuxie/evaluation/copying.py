"""How long a run of a text stands word for word in other texts.

    longest_copies(["他推开门走了"], ["那天他推开门，", "走了。"]) == [4]

Every place of the passages is hashed by the ANCHOR characters that begin there, the other texts are read
one after another the same way, and where hashes agree the characters are compared. Memory holds one text.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

ANCHOR = 4  # characters: shorter runs are common to all texts
MULTIPLIERS = np.random.default_rng(0).integers(2**63, size=ANCHOR, dtype=np.uint64) * 2 + 1

Codes = NDArray[np.uint64]


def longest_copies(passages: Sequence[str], texts: Iterable[str]) -> list[int]:
    """The length of the longest run of each passage that stands in one of the texts, in characters."""
    best = np.zeros(len(passages), dtype=np.int64)
    joined = [code for number, passage in enumerate(passages) for code in (*map(ord, passage), -1 - number)]
    written = np.array(joined, dtype=np.int64).view(np.uint64)  # a stop, found nowhere, behind each passage
    owner = np.repeat(np.arange(len(passages)), [len(passage) + 1 for passage in passages])
    hashed = [hashes(written, n) for n in range(1, ANCHOR + 1)]
    order = np.argsort(hashed[-1], kind="stable")
    for text in texts:
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        for n in range(1, ANCHOR):
            found = np.isin(hashed[n - 1], hashes(codes, n))
            np.maximum.at(best, owner[: len(found)][found], n)
        extend(best, owner, written, codes, *anchored(hashed[-1], order, hashes(codes, ANCHOR)))
    return [int(length) for length in best]


def hashes(codes: Codes, n: int) -> Codes:
    """A number for the `n` characters that begin at each place."""
    count = max(0, len(codes) - n + 1)
    result = np.zeros(count, dtype=np.uint64)
    for k in range(n):
        result += codes[k : k + count] * MULTIPLIERS[k]
    return result


def anchored(
    written: Codes, order: NDArray[np.int64], text: Codes
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the passages and of a text whose hashes agree, pair by pair."""
    ordered = written[order]
    first, last = (np.searchsorted(ordered, text, side) for side in ("left", "right"))
    counts = last - first
    in_text = np.repeat(np.arange(len(text)), counts)
    within = np.arange(len(in_text)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.repeat(first, counts) + within], in_text


def extend(
    best: NDArray[np.int64],
    owner: NDArray[np.int64],
    written: Codes,
    text: Codes,
    places: NDArray[np.int64],
    in_text: NDArray[np.int64],
) -> None:
    """Follow each pair of places for as long as the characters agree, and note the longest in `best`."""
    length = 0
    while len(places):
        agree = in_text + length < len(text)
        places, in_text = places[agree], in_text[agree]
        agree = written[places + length] == text[in_text + length]
        places, in_text = places[agree], in_text[agree]
        length += 1
        np.maximum.at(best, owner[places], length)
