"""Speculation: several characters a pass where the model's guesses are good, and none lost where not.

    speculation = Speculation()
    guesses = speculation.wanted(beside=0)      # how many [MASK]s to put behind the one that is needed
    speculation.learn(guessed=2, accepted=1)

A row of `[MASK]`s behind the last character guesses what stands further on. The next pass computes the
guesses as if they were written, with a `[MASK]` behind each: so the request's sampler is shown exactly the
logits that it would have been shown without speculation, draws from them as it would have drawn, and a
guess counts only where it draws that very token. Nothing else can come out, greedy or not. (This is
rejection sampling, arXiv 2211.17192, with the randomness shared: the guess is drawn with the random number
that the token will be drawn with, so the two mostly agree where the distributions do.)
"""

from dataclasses import dataclass, field
from itertools import accumulate
from operator import mul

MOST = 3  # guesses behind one token
ROW = 0.15  # what one row more costs, in passes of a single request (benchmarks/decode.py, small)
MEMORY = 0.9  # how slowly what was learned is forgotten
TRY_AGAIN = 32  # passes without guesses, before one is tried


@dataclass
class Speculation:
    """How good the guesses of one request are; `guessed` is what the next pass is to check."""

    guessed: list[int] = field(default_factory=list)
    rates: list[float] = field(
        default_factory=lambda: [0.7] * MOST
    )  # of each, where those before were right
    idle: int = 0

    def wanted(self, beside: int) -> int:
        """How many guesses pay, with so many requests computed beside this one."""
        best = max(range(MOST + 1), key=lambda guesses: self.speed(guesses, beside))
        self.idle = 0 if best else self.idle + 1
        if self.idle < TRY_AGAIN:
            return best
        self.idle = 0
        return int(beside == 0)

    def speed(self, guesses: int, beside: int) -> float:
        """Characters per pass of a single request.

        A pass that checks follows one that guessed, and guesses itself; what it guessed is of use when all
        that it checked was right, or else the next pass checks nothing.
        """
        right: list[float] = list(accumulate(self.rates[:guesses], mul))
        checking: float = 1 / (2 - right[-1]) if right else 0.0
        rows = guesses * (1 + 2 * checking) * (1 + beside)
        return (1 + checking * sum(right)) / (1 + ROW * (2 * beside + rows))

    def learn(self, guessed: int, accepted: int) -> None:
        """So many guesses were checked; the first of them were right."""
        for place in range(min(guessed, accepted + 1)):
            self.rates[place] = MEMORY * self.rates[place] + (1 - MEMORY) * (place < accepted)
