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

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Integers = NDArray[np.int64]

SPARE_ROWS = 16  # of a slot's cache, behind the last position: [MASK]s and guesses of one step lie there


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
    """What a step adds to one slot: at least one token, and how many characters to guess beyond them.

    The logits of a chunk are float32 [tokens + guesses, vocabulary]: what follows each token, given the
    tokens before it; then, for each guess, what stands one further on, given all tokens but not what stands
    between. Guesses need a `[MASK]`.
    """

    slot: int
    tokens: Sequence[int]
    guesses: int = 0


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Chunks as arrays, right-padded to the longest; n chunks of r rows at most.

    slots: int [n];  lengths: int [n], rows in the slot's cache before the step;  counts: int [n], real rows
    ids, positions, types: int [n, r]
    visible: bool [n, r, r], which of the new rows each sees; all see the cache
    outputs: int [n, m], the rows whose logits are wanted, -1 as padding
    """

    slots: Integers
    lengths: Integers
    counts: Integers
    ids: Integers
    positions: Integers
    types: Integers
    visible: NDArray[np.bool_]
    outputs: Integers


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
    def _step(self, rows: Rows) -> list[Logits]:
        """Write the rows' keys and values behind those of the cache; the logits of their outputs."""

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
        rows = self._rows(chunks)
        logits = self._step(rows)
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
        """How many characters beyond the next one could be guessed in the next step."""
        return max(0, self.positions - self.lengths[slot] - 2)

    def _rows(self, chunks: Sequence[Chunk]) -> Rows:
        plain = all(len(chunk.tokens) == 1 and not chunk.guesses for chunk in chunks)
        masked = self.reading.mask_id is not None
        ids = [self._row_ids(chunk) for chunk in chunks]
        width = max(len(row) for row in ids)
        slots = np.array([chunk.slot for chunk in chunks])
        lengths = np.array([self.lengths[chunk.slot] for chunk in chunks])
        counts = np.array([len(row) for row in ids])
        offsets = np.zeros((len(chunks), width), dtype=np.int64)
        visible = np.tri(width, dtype=bool)[None].repeat(len(chunks), axis=0)
        outputs = np.full((len(chunks), max(len(c.tokens) + c.guesses for c in chunks)), -1)
        for i, chunk in enumerate(chunks):
            new, wanted = len(chunk.tokens), len(chunk.tokens) + chunk.guesses
            if not new or lengths[i] + wanted + masked > self.positions:
                raise ValueError(f"{wanted} rows more than {lengths[i]} in {self.positions} positions")
            offsets[i, : counts[i]] = [*range(new), *range(1, wanted + 1)] if masked else range(new)
            outputs[i, :wanted] = range(new, new + wanted) if masked else range(new)
            if masked and not plain:
                hide_tokens_to_come(visible[i], new)
        positions = lengths[:, None] + offsets
        return Rows(
            slots=slots,
            lengths=lengths,
            counts=counts,
            ids=np.array([row + [0] * (width - len(row)) for row in ids]),
            positions=positions,
            types=(positions >= np.array([self._sources[c.slot] for c in chunks])[:, None]).astype(
                np.int64
            ),
            visible=visible,
            outputs=outputs,
        )

    def _row_ids(self, chunk: Chunk) -> list[int]:
        if self.reading.mask_id is not None:
            return [*chunk.tokens, *[self.reading.mask_id] * (len(chunk.tokens) + chunk.guesses)]
        if chunk.guesses:
            raise ValueError("a model without [MASK] cannot guess")
        return list(chunk.tokens)


def hide_tokens_to_come(visible: NDArray[np.bool_], tokens: int) -> None:
    """Among rows that are tokens, a `[MASK]` for each, then guesses; bool [rows, rows], changed in place.

    The i-th `[MASK]` sees the tokens up to the i-th and itself; the guesses see all tokens and the last
    `[MASK]`.
    """
    for i in range(tokens - 1):
        visible[tokens + i, i + 1 : tokens] = False
    for i in range(tokens):
        visible[tokens + i :, tokens : tokens + i] = False
        visible[tokens + i, tokens + i] = True
