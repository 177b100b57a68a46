"""The decoder: slots, each with the cache of one window, and what comes next in them.

    logits = decoder.prefill(0, source, target)          # float32 [vocabulary]: what follows the target
    [logits] = decoder.step([Chunk(slot=0, tokens=[17])])  # float32 [1, vocabulary]: what follows the 17

The source's keys and values are computed once, and those of every token that was written; a step computes
the new token and the `[MASK]` behind it, whose row is overwritten by the next. What all decoders share
stands here; how the numbers come about is their own (`torch_decoder`, `onnx_decoder`).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Integers = NDArray[np.int64]

SPARE_ROWS = 24  # of a slot's cache, behind the last position: the [MASK]s of one step lie there


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a model has learned to say what comes next.

    mask_id: the `[MASK]` that is put behind the last token; None where the last token's own row says it
    causal: whether the source, too, is read left to right
    """

    mask_id: int | None
    causal: bool = False


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What a step adds to one slot: at least one token.

    The logits of a chunk are float32 [tokens, vocabulary]: what follows each token, given the tokens before
    it.
    """

    slot: int
    tokens: Sequence[int]


class Layout(NamedTuple):
    """The rows of a step's chunks, right-padded to the longest; n chunks of r rows at most.

    The tokens come first, then a `[MASK]` for each where the model reads one. Tokens see tokens; the
    `[MASK]` of a token sees the tokens up to it, and itself. Padding sees itself; nothing sees it.
    """

    counts: list[int]  # [n], real rows
    offsets: list[list[int]]  # [n][r], of the positions, from those of the first tokens
    visible: NDArray[np.bool_]  # [n, r, r], which of the new rows each sees; all see the cache
    outputs: list[tuple[int, int]]  # [m], chunks and their rows whose logits are wanted
    ends: list[int]  # [n], where those of each chunk end
    width: int  # r


class Decoder(ABC):
    """A model with `slots` caches for windows of at most `positions` tokens.

    A window is a source and a target, token ids; the target grows by steps. For one thread at a time.
    """

    def __init__(self, reading: Reading, *, slots: int, positions: int) -> None:
        self.reading, self.slots, self.positions = reading, slots, positions
        self.lengths = [0] * slots  # tokens in each cache
        self._sources = [0] * slots

    @abstractmethod
    def _prefill(self, slot: int, ids: Sequence[int], source: int) -> Logits:
        """Fill a cache with the first rows of a window; float32 [vocabulary] of the last row."""

    @abstractmethod
    def _step(self, chunks: Sequence[Chunk], layout: Layout) -> list[Logits]:
        """Write the rows' keys and values behind those of the caches; the logits of their outputs."""

    @abstractmethod
    def _copy(self, slot: int, to: int, length: int) -> None:
        """Copy the first `length` rows of a cache to another slot's."""

    def prefill(self, slot: int, source: Sequence[int], target: Sequence[int]) -> Logits:
        """Begin a window in a slot; float32 [vocabulary], what follows the target.

        Raises ValueError when the window is empty or has no room for another token.
        """
        ids = [*source, *target]
        if not ids or len(ids) >= self.positions:
            raise ValueError(f"a window of {len(ids)} tokens in {self.positions} positions")
        self.lengths[slot], self._sources[slot] = len(ids), len(source)
        mask = [] if self.reading.mask_id is None else [self.reading.mask_id]
        return self._prefill(slot, [*ids, *mask], len(source))

    def step(self, chunks: Sequence[Chunk]) -> list[Logits]:
        """Append each chunk's tokens to its slot; the logits of each chunk, as described there.

        All tokens are kept: take back with `rewind` those that turn out wrong. Raises ValueError when a
        chunk does not fit.
        """
        for chunk in chunks:
            self._check(chunk)
        masked = self.reading.mask_id is not None
        logits = self._step(chunks, lay_out(tuple(len(chunk.tokens) for chunk in chunks), masked=masked))
        for chunk in chunks:
            self.lengths[chunk.slot] += len(chunk.tokens)
        return logits

    def rewind(self, slot: int, length: int) -> None:
        """Keep only the first `length` tokens of a window; the next step goes on from there."""
        if not 0 <= length <= self.lengths[slot]:
            raise ValueError(f"{length} of {self.lengths[slot]} tokens")
        self.lengths[slot] = length

    def fork(self, slot: int, to: Sequence[int]) -> None:
        """Let other slots hold the same window, without computing it again."""
        for other in to:
            self._copy(slot, other, self.lengths[slot])
            self.lengths[other], self._sources[other] = self.lengths[slot], self._sources[slot]

    def room(self, slot: int) -> int:
        """How many tokens, beyond the one, the next step has room for."""
        rows = SPARE_ROWS // 2 - 1
        return min(rows, max(0, self.positions - self.lengths[slot] - 2))

    def _padded(self, chunk: Chunk, width: int) -> list[int]:
        """The token ids of a chunk's rows; padding, too, has some."""
        return [*chunk.tokens, *[self.reading.mask_id or 0] * (width - len(chunk.tokens))]

    def _check(self, chunk: Chunk) -> None:
        tokens, masked = len(chunk.tokens), self.reading.mask_id is not None
        ends = self.lengths[chunk.slot] + tokens + masked
        if not tokens or ends > self.positions or tokens * (1 + masked) > SPARE_ROWS:
            raise ValueError(f"{tokens} tokens to {self.positions} positions")


@lru_cache(256)
def lay_out(tokens: tuple[int, ...], *, masked: bool) -> Layout:
    """Rows for chunks of so many tokens; what comes back must not be written to."""
    counts = [count * (1 + masked) for count in tokens]
    n, width = len(tokens), max(counts)
    offsets = np.zeros((n, width), dtype=np.int64)
    visible = np.eye(width, dtype=bool)[None].repeat(n, axis=0)
    outputs: list[tuple[int, int]] = []
    for i, (count, end) in enumerate(zip(tokens, counts, strict=True)):
        triangle = np.tri(count, dtype=bool)
        offsets[i, :count], visible[i, :count, :count] = np.arange(count), triangle
        if masked:
            offsets[i, count:end], visible[i, count:end, :count] = np.arange(1, count + 1), triangle
        outputs += ((i, row) for row in range(end - count, end))
    return Layout(counts, offsets.tolist(), visible, outputs, np.cumsum(tokens).tolist(), width)
