"""How a stage tells what it is doing, without knowing of a terminal.

A stage takes a `Progress`; the command line gives it a bar on stderr, a test or a library user
leaves the default, which is silent.
"""

from typing import Protocol


class Progress(Protocol):
    """Receives what a stage has to tell."""

    def start(self, what: str, total: float | None = None) -> None:
        """A new piece of work begins; `total` is how many steps (or seconds) it will take."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """`amount` more of the total is done; `note` is a short figure to show beside it."""

    def say(self, line: str) -> None:
        """One line that a person should read."""


class Silent(Progress):
    """The progress of nobody watching."""

    def start(self, what: str, total: float | None = None) -> None:
        """Ignored."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Ignored."""

    def say(self, line: str) -> None:
        """Ignored."""


SILENT = Silent()
