"""What has been written, as the rules against repetition need to see it.

    history = History(vocabulary=8000, window=500, orders={4})
    history.append(17)
    history.counts[17]          # 1
    history.rewind(0)

Counts and n-gram tables grow with each token and shrink with a rewind, so that no step reads the whole
context again.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


class History:
    """Token ids so far, with the counts and n-grams of the last `window` of them (0: of all).

    `orders` are the lengths of the n-grams that `positions_behind` will be asked for.
    """

    def __init__(self, *, vocabulary: int, window: int = 0, orders: Iterable[int] = ()) -> None:
        self.tokens: list[int] = []
        self.window = window
        self.counts = np.zeros(vocabulary, dtype=np.int32)
        self._array: Tokens = np.zeros(256, dtype=np.int64)  # the tokens again, with room to grow
        self._behind: dict[int, defaultdict[tuple[int, ...], list[int]]] = {
            order: defaultdict(list) for order in orders if order
        }

    def append(self, token: int) -> None:
        """One more token has been written."""
        place = len(self.tokens)
        for order, behind in self._behind.items():
            if place >= order:
                behind[tuple(self.tokens[place - order :])].append(place)
        if place == len(self._array):
            self._array = np.concatenate([self._array, np.zeros_like(self._array)])
        self._array[place] = token
        self.tokens.append(token)
        self.counts[token] += 1
        if self.window and place >= self.window:
            self.counts[self.tokens[place - self.window]] -= 1

    def rewind(self, length: int) -> None:
        """Take back all but the first `length` tokens."""
        while len(self.tokens) > length:
            token = self.tokens.pop()
            place = len(self.tokens)
            self.counts[token] -= 1
            if self.window and place >= self.window:
                self.counts[self.tokens[place - self.window]] += 1
            for order, behind in self._behind.items():
                if place >= order:
                    behind[tuple(self.tokens[place - order :])].pop()

    def fork(self) -> "History":
        """A copy that goes its own way."""
        copy = History(vocabulary=0, window=self.window)
        copy.tokens, copy.counts, copy._array = self.tokens.copy(), self.counts.copy(), self._array.copy()
        for order, behind in self._behind.items():
            places = {ngram: found.copy() for ngram, found in behind.items()}
            copy._behind[order] = defaultdict(list, places)
        return copy

    @property
    def start(self) -> int:
        """Where the window begins."""
        return max(0, len(self.tokens) - self.window) if self.window else 0

    @property
    def recent(self) -> Tokens:
        """int64 [tokens in the window]: a view of them, repeats included."""
        return self._array[self.start : len(self.tokens)]

    def positions_behind(self, order: int) -> list[int]:
        """Where in the window a token stands behind the same `order` tokens that are last now.

        The n-gram must lie in the window as a whole. `order` 0 finds every token.
        """
        if not order:
            return list(range(self.start, len(self.tokens)))
        if len(self.tokens) < order:
            return []
        places = self._behind[order].get(tuple(self.tokens[-order:]), [])
        return places[bisect.bisect_left(places, self.start + order) :]
