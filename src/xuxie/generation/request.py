"""A request: one window to be continued, and who chooses its tokens.

request = Request(source=[5, 6], target=[7], sampler=sampler, most=100)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from xuxie.generation.decoder import Logits
from xuxie.generation.speculation import Speculation


class Drawn(Protocol):
    """What a sampler answers: a token, and whatever else it knows of it."""

    @property
    def token(self) -> int:
        """Its id."""


class Sampler(Protocol):
    """Chooses the tokens of one request; it has its own random numbers and knows what was written."""

    def sample(self, logits: Logits) -> Drawn:
        """Draw the next token from float32 [vocabulary], which it must not change."""

    def append(self, token: int) -> None:
        """The next token is this one."""


class Window(NamedTuple):
    """Where to write: behind this source and target, token ids, at most `most` tokens."""

    source: Sequence[int]
    target: Sequence[int]
    most: int


class Verdict(NamedTuple):
    """What is to become of a request behind the token that was just written.

    keep: take back all but so many of its tokens; the sampler has been told already. None keeps all
    done: write no more
    window: go on in this one, with nothing drawn in it yet
    """

    keep: int | None = None
    done: bool = False
    window: Window | None = None


GO_ON = Verdict()


@dataclass(kw_only=True, eq=False)
class Request:
    """A window to be continued by at most `most` tokens.

    `judge` is asked behind every token. `drawn` is what was written; it grows while the request is run, and
    shrinks where the judge takes tokens back.
    """

    source: Sequence[int]
    target: Sequence[int]
    sampler: Sampler
    most: int
    judge: Callable[[Sequence[Drawn]], Verdict] = lambda _: GO_ON
    drawn: list[Drawn] = field(default_factory=list)
    done: bool = False
    moved: bool = False  # into a window that the decoder has not seen
    failure: Exception | None = None  # what the sampler, the judge or the decoder raised
    changes: int = 0  # how often `drawn` has changed
    speculation: Speculation = field(default_factory=Speculation)
    tokens: list[int] = field(init=False)  # of the window as it is now

    def __post_init__(self) -> None:
        self.tokens = [*self.source, *self.target]

    def take(self, logits: Logits) -> bool:
        """Write one token more; whether the window now is what it was with that token behind it.

        Raises nothing: what the sampler or the judge raises is kept in `failure`, and the request is done.
        """
        try:
            choice = self.sampler.sample(logits)
            self.sampler.append(choice.token)
            self.drawn.append(choice)
            self.tokens.append(choice.token)
            self.changes += 1
            verdict = self.judge(self.drawn)
        except Exception as error:  # noqa: BLE001 - it is raised again where the request is waited for
            self.fail(error)
            return False
        if verdict.window:
            self.source, self.target, self.most = verdict.window
            self.tokens = [*self.source, *self.target]
            self.drawn.clear()
            self.moved = True
        if verdict.keep is not None:
            del self.tokens[len(self.tokens) - len(self.drawn) + verdict.keep :]
            del self.drawn[verdict.keep :]
        self.done = verdict.done or len(self.drawn) >= self.most
        return verdict.keep is None and not self.moved

    def fail(self, error: Exception) -> None:
        """End it with an error, to be raised where it is waited for."""
        self.failure, self.done = error, True
