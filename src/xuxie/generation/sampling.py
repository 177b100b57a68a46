"""From logits to a token: the processors, then temperature, top-k, top-p, min-p, then the draw.

    sampler = Sampler(processors, History(vocabulary=8000), Shape(temperature=0.8, top_p=0.9), seed=7)
    choice = sampler.sample(logits)       # Choice(token=17, log_probability=None, alternatives=())
    sampler.append(choice.token)

One sampler serves one text. Exactly one random number is spent for each draw, so that what is drawn does
not depend on how often, or in what company, distributions were looked at.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xuxie.errors import InputError
from xuxie.generation.history import History, Tokens
from xuxie.generation.processors import Logits, Processor
from xuxie.language import tr

COLDEST = 1e-6  # a lower temperature is as good as greedy, and would overflow
BOUNDS = (1e-3, 1e-5, 0.0)  # weights, the likeliest token's being 1, to look above


class Distribution(NamedTuple):
    """What may be drawn: token ids, int64 [n], and their probabilities, float32 [n], which sum to 1."""

    tokens: Tokens
    probabilities: NDArray[np.float32]


class Choice(NamedTuple):
    """A token drawn; with the model's own natural log-probabilities of it and others, if asked for."""

    token: int
    log_probability: float | None = None
    alternatives: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How logits become a distribution, in the order of the fields.

    temperature divides the logits; 0 leaves only the likeliest token, and the rest means nothing then.
    top_k keeps the k likeliest (0: all); top_p the fewest of these, likeliest first, that reach this share
    of their probability (arXiv 1904.09751); min_p those at least this share as likely as the likeliest
    (arXiv 2407.01082). The likeliest token is always kept.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def distribution(self, logits: Logits) -> Distribution:
        """What may be drawn. Raises InputError where nothing may, or the logits are no numbers."""
        peak = highest(logits)
        if self.temperature == 0:
            return Distribution(np.array([logits.argmax()]), np.ones(1, dtype=np.float32))
        weights = logits - np.float32(peak)
        weights /= np.float32(max(self.temperature, COLDEST))
        np.exp(weights, out=weights)
        tokens = self._kept(weights)
        kept = weights if len(tokens) == len(weights) else weights[tokens]
        return Distribution(tokens, kept / kept.sum())

    def _kept(self, weights: Logits) -> Tokens:
        if not self.top_k and self.top_p == 1:
            return np.flatnonzero(weights >= self.min_p) if self.min_p else np.arange(len(weights))
        if self.top_k:
            tokens = likeliest(weights, lambda found: len(found) >= self.top_k)[: self.top_k]
            mass = float(weights[tokens].sum()) * self.top_p
        else:
            mass = float(weights.sum()) * self.top_p
            tokens = likeliest(weights, lambda found: float(found.sum()) >= mass)
        if self.top_p < 1:
            before = weights[tokens].cumsum(dtype=np.float64)[:-1]
            tokens = tokens[: 1 + int(np.searchsorted(before, mass))]
        if self.min_p:
            tokens = tokens[weights[tokens] >= self.min_p]
        return tokens


def likeliest(weights: Logits, enough: Callable[[Logits], bool]) -> Tokens:
    """Tokens by falling weight, ties by rising id: not all, but the likeliest so many that it is `enough`.

    The vocabulary is cut at a bound before it is sorted, since sorting all of it takes longer than all the
    rest together.
    """
    for bound in BOUNDS:
        tokens = np.flatnonzero(weights > bound)
        if enough(weights[tokens]):
            break
    return tokens[np.argsort(-weights[tokens], kind="stable")]


def highest(logits: Logits) -> float:
    """The greatest logit. Raises InputError where it is no number."""
    peak = float(logits.max())
    if peak == -np.inf:
        raise InputError(tr("nothing may be written here: forbid less"))
    if not np.isfinite(peak):
        raise InputError(tr("the model gives no numbers: its weights are damaged, train it again"))
    return peak


def log_softmax(logits: Logits) -> Logits:
    """float32 [vocabulary]: natural log-probabilities. Raises InputError as `highest` does."""
    logits = logits - np.float32(highest(logits))
    logits -= np.log(np.exp(logits).sum())
    return logits


def draw(distribution: Distribution, point: float) -> int:
    """The token at `point`, in [0, 1), of the distribution's tokens laid side by side."""
    edges = distribution.probabilities.cumsum(dtype=np.float64)
    index = np.searchsorted(edges, point * edges[-1], side="right")
    return int(distribution.tokens[min(int(index), len(edges) - 1)])


class Sampler:
    """Draws the tokens of one text, whose History it keeps.

    `alternatives` asks for log-probabilities: of the token drawn, and of that many of the likeliest. They
    are the model's own, before any processor or temperature.
    """

    def __init__(
        self,
        processors: Sequence[Processor],
        history: History,
        shape: Shape,
        *,
        seed: int | Sequence[int],
        alternatives: int | None = None,
    ) -> None:
        self.processors, self.history, self.shape = tuple(processors), history, shape
        self.alternatives = alternatives
        self._random = np.random.default_rng(seed)

    def process(self, logits: Logits, forbidden: Sequence[int] = ()) -> Logits:
        """A copy of the logits, float32 [vocabulary], behind all processors and without `forbidden`."""
        processed = logits.copy()
        for processor in self.processors:
            processor(processed, self.history)
        if forbidden:
            processed[forbidden] = -np.inf
        return processed

    def distribution(self, logits: Logits, forbidden: Sequence[int] = ()) -> Distribution:
        """What the next token is drawn from; draws nothing. Raises InputError as Shape does."""
        return self.shape.distribution(self.process(logits, forbidden))

    def sample(self, logits: Logits, forbidden: Sequence[int] = ()) -> Choice:
        """Draw the next token; the history goes on with `append`. Raises InputError as Shape does."""
        return self.choice(draw(self.distribution(logits, forbidden), self._random.random()), logits)

    def choice(self, token: int, logits: Logits) -> Choice:
        """A token as the next one, with the log-probabilities that were asked for."""
        count = self.alternatives
        if count is None:
            return Choice(token)
        log_probabilities = log_softmax(logits)
        others = likeliest(np.exp(log_probabilities), lambda found: len(found) >= count)[:count]
        return Choice(
            token,
            float(log_probabilities[token]),
            tuple((int(other), float(log_probabilities[other])) for other in others),
        )

    def append(self, token: int) -> None:
        """The next token is this one."""
        self.history.append(token)

    def rewind(self, length: int) -> None:
        """Take back all but the first `length` tokens; what is drawn next is drawn afresh."""
        self.history.rewind(length)

    def fork(self, seed: int | Sequence[int]) -> "Sampler":
        """A sampler for another continuation of the same text, with random numbers of its own."""
        other = copy.copy(self)
        other.history, other._random = self.history.fork(), np.random.default_rng(seed)
        return other
