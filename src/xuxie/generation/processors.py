"""Processors: small rules that change the logits of the next token before one is drawn.

    Bias({17: -2.0, 4: -inf})(logits, history)

Each is called with logits (float32 [vocabulary], changed in place) and the History of what was written,
and keeps no state of its own. They run in the order in which they stand here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xuxie.generation.history import History

Logits = NDArray[np.float32]
LONGEST_MATCH = 48  # tokens that DRY compares: its penalty is beyond all logits long before


class Processor(Protocol):
    """A rule of this kind."""

    def __call__(self, logits: Logits, history: History) -> None:
        """Change the logits in place."""


class Bias:
    """Adds a number to the logits of some tokens; minus infinity forbids one."""

    def __init__(self, biases: Mapping[int, float]) -> None:
        self.tokens = np.array(list(biases), dtype=np.int64)
        self.values = np.array(list(biases.values()), dtype=np.float32)

    def __call__(self, logits: Logits, history: History) -> None:
        """Add."""
        logits[self.tokens] += self.values


@dataclass(frozen=True)
class RepetitionPenalty:
    """Divides the positive logits of tokens written before, and multiplies the negative ones.

    So a penalty above 1 lowers both (CTRL, arXiv 1909.05858, with the sign put right as everywhere since).
    """

    penalty: float

    def __call__(self, logits: Logits, history: History) -> None:
        """Penalise; a token is penalised once, however often it was written."""
        recent = history.recent
        values = logits[recent]
        logits[recent] = np.where(values < 0, values * self.penalty, values / self.penalty)


@dataclass(frozen=True)
class CountPenalty:
    """Subtracts `presence` from tokens written before, and `frequency` for each time (as OpenAI's API)."""

    presence: float
    frequency: float

    def __call__(self, logits: Logits, history: History) -> None:
        """Penalise."""
        recent = history.recent
        logits[recent] = logits[recent] - self.presence - self.frequency * history.counts[recent]


@dataclass(frozen=True)
class NoRepeatNgram:
    """Forbids the token that would complete an n-gram that was written before; `size` is n."""

    size: int

    def __call__(self, logits: Logits, history: History) -> None:
        """Forbid."""
        for place in history.positions_behind(self.size - 1):
            logits[history.tokens[place]] = -np.inf


@dataclass(frozen=True)
class Dry:
    """Don't Repeat Yourself: the longer a repeat would become, the more its next token is penalised.

    Where the last m tokens were written before, the token that followed them then loses
    multiplier * base ** (m - allowed_length) once m reaches `allowed_length`; m counts back to the
    nearest breaker. By p-e-w, github.com/oobabooga/text-generation-webui/pull/5677.
    """

    multiplier: float
    base: float
    allowed_length: int
    breakers: Collection[int]

    def __call__(self, logits: Logits, history: History) -> None:
        """Penalise."""
        longest: dict[int, int] = {}
        for place in reversed(history.positions_behind(self.allowed_length)):
            token = history.tokens[place]
            if longest.get(token, 0) < LONGEST_MATCH and token not in self.breakers:
                longest[token] = max(longest.get(token, 0), self._match(history, place))
        for token, length in longest.items():
            if length >= self.allowed_length:
                logits[token] -= self.multiplier * self.base ** (length - self.allowed_length)

    def _match(self, history: History, place: int) -> int:
        """How many tokens before `place` are those that are last now."""
        tokens, length = history.tokens, 0
        while (
            length < min(LONGEST_MATCH, place - history.start)
            and (token := tokens[-1 - length]) == tokens[place - 1 - length]
            and token not in self.breakers
        ):
            length += 1
        return length


@dataclass(frozen=True)
class Exempt:
    """Processors that leave some tokens alone: what gives a text its form may always be repeated."""

    tokens: NDArray[np.int64]
    processors: tuple[Processor, ...]

    def __call__(self, logits: Logits, history: History) -> None:
        """Run them, and put the exempt tokens' logits back."""
        kept = logits[self.tokens]
        for processor in self.processors:
            processor(logits, history)
        logits[self.tokens] = kept
