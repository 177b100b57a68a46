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
    outputs: int [n, m], the rows whose logits are wanted, in their order; -1 as padding
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
        """How many tokens and guesses, beyond the one token, the next step has room for."""
        return max(0, self.positions - self.lengths[slot] - 2)

    def _rows(self, chunks: Sequence[Chunk]) -> Rows:
        layouts = [self._layout(chunk) for chunk in chunks]
        counts = np.array([len(layout.offsets) for layout in layouts])
        width = int(counts.max())
        lengths = np.array([self.lengths[chunk.slot] for chunk in chunks])
        mask = self.reading.mask_id or 0  # padding, too, needs some id
        ids = np.array([[*chunk.tokens, *[mask] * (width - len(chunk.tokens))] for chunk in chunks])
        if all(layout is layouts[0] for layout in layouts):
            offsets, outputs, visible = (
                np.broadcast_to(array, (len(chunks), *np.shape(array)))
                for array in (layouts[0].offsets, layouts[0].outputs, layouts[0].visible)
            )
        else:
            offsets, outputs, visible = pad(layouts, width)
        positions = lengths[:, None] + offsets
        sources = np.array([self._sources[chunk.slot] for chunk in chunks])
        return Rows(
            slots=np.array([chunk.slot for chunk in chunks]),
            lengths=lengths,
            counts=counts,
            ids=ids,
            positions=positions,
            types=(positions >= sources[:, None]).astype(np.int64),
            visible=visible,
            outputs=outputs,
        )

    def _layout(self, chunk: Chunk) -> "Layout":
        tokens, masked = len(chunk.tokens), self.reading.mask_id is not None
        if chunk.guesses and not masked:
            raise ValueError("a model without [MASK] cannot guess")
        layout = lay_out(tokens, chunk.guesses, masked=masked)
        ends = self.lengths[chunk.slot] + tokens + chunk.guesses + masked
        if not tokens or ends > self.positions or len(layout.offsets) > SPARE_ROWS:
            raise ValueError(f"{tokens} tokens and {chunk.guesses} guesses to {self.positions} positions")
        return layout


class Layout(NamedTuple):
    """The rows of one chunk: its tokens, a `[MASK]` for each, and one for each guess."""

    offsets: list[int]  # of the positions, from the first token's
    outputs: range
    visible: NDArray[np.bool_]  # [rows, rows]


@lru_cache(64)
def lay_out(tokens: int, guesses: int, *, masked: bool) -> Layout:
    """Rows for so many tokens and guesses.

    Tokens see tokens. The `[MASK]` of a token sees the tokens up to it, and itself; a guess sees all
    tokens, the last one's `[MASK]`, and the guesses up to itself.
    """
    if not masked:
        return Layout([*range(tokens)], range(tokens), np.tri(tokens, dtype=bool))
    rows = 2 * tokens + guesses
    visible = np.tri(rows, dtype=bool)
    last = 2 * tokens - 1
    visible[tokens:, tokens:last] = False
    for i in range(tokens):
        visible[tokens + i, i + 1 : tokens] = False
        visible[tokens + i, tokens + i] = True
    return Layout([*range(tokens), *range(1, tokens + guesses + 1)], range(tokens, rows), visible)


def pad(layouts: Sequence[Layout], width: int) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """The offsets, outputs and visible of several layouts as arrays; padding sees itself."""
    offsets = np.zeros((len(layouts), width), dtype=np.int64)
    outputs = np.full((len(layouts), max(len(layout.outputs) for layout in layouts)), -1)
    visible = np.eye(width, dtype=bool)[None].repeat(len(layouts), axis=0)
    for i, layout in enumerate(layouts):
        count = len(layout.offsets)
        offsets[i, :count], outputs[i, : len(layout.outputs)] = layout.offsets, layout.outputs
        visible[i, :count, :count] = layout.visible
    return offsets, outputs, visible
