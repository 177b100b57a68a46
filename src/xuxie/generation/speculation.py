"""Speculation: several characters a pass where the text repeats itself, and none lost where it does not.

    speculation = Speculation()
    guesses = speculation.guess(tokens, most=3)     # token ids that may come next
    speculation.learn(guessed=2, accepted=1)

What stood behind the same characters before is guessed to come again (Inference with Reference, arXiv
2304.04487). A pass computes the guesses as if they were written: so the request's sampler is shown exactly
the logits that it would have been shown without them, draws from them as it would have drawn, and a guess
counts only where it draws that very token. Nothing else can come out, greedy or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

GRAM = 4  # characters that must be the same
FEWEST, MOST = 1, 3  # guesses


@dataclass
class Speculation:
    """What one request may guess: more while its guesses are right."""

    trust: int = FEWEST

    def guess(self, tokens: Sequence[int], most: int) -> list[int]:
        """Up to so many tokens that may follow these; none where their end is new."""
        count = min(most, self.trust)
        if count < 1:
            return []
        period = distance(tokens)
        return [tokens[i % period - period] for i in range(count)] if period else []

    def learn(self, guessed: int, accepted: int) -> None:
        """So many guesses were checked; the first of them were right."""
        if guessed:
            self.trust = min(MOST, guessed + 1) if accepted == guessed else max(FEWEST, accepted)


def distance(tokens: Sequence[int]) -> int:
    """How many tokens ago the same GRAM tokens stood last that are last now; 0 where they never did."""
    backwards = list(tokens[::-1])
    end, place = backwards[:GRAM], 0
    for _ in range(backwards.count(backwards[0]) - 1 if backwards else 0):
        place = backwards.index(end[0], place + 1)
        if backwards[place : place + GRAM] == end:
            return place
    return 0
