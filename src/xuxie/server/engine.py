"""The engine: one writer shared by many requests, as many passages at a time as it has slots.

for piece in engine.write("他推开门，", settings, gone=lambda: False):
    ...
"""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from xuxie.config import Settings, WriteSettings
from xuxie.errors import EnvironmentFailure
from xuxie.generation.passage import Passage
from xuxie.generation.pieces import Piece
from xuxie.generation.writer import Writer
from xuxie.language import tr

Part = TypeVar("Part")

LOOK_ROUND = 0.5  # seconds between two looks at whether a client in line has left


class Engine:
    """Gives each request its turn at the writer, and refuses those who would wait too long."""

    def __init__(self, writer: Writer, settings: Settings) -> None:
        self.writer, self.settings = writer, settings
        # A call may ask for less than the default, never for more than the server allows.
        length = min(settings.write.length, settings.serve.max_length)
        self.defaults = dataclasses.replace(settings.write, length=length, candidates=1)
        self._turn = threading.Semaphore(writer.slots)  # they write side by side
        self._places = threading.BoundedSemaphore(settings.serve.max_waiting + writer.slots)

    def write(self, text: str, settings: WriteSettings, gone: Callable[[], bool]) -> Iterator[Piece]:
        """The pieces of a continuation; stops when `gone` says that nobody reads any more.

        Raises InputError for what cannot be written and EnvironmentFailure when too many are waiting, both
        before the first piece.
        """
        return self._start(self.writer.pieces(text, settings, gone), gone)

    def candidates(self, text: str, settings: WriteSettings, gone: Callable[[], bool]) -> Iterator[Passage]:
        """Several continuations, complete. Raises as `write` does, at the latest before the first."""
        return self._start(self._candidates(text, settings, gone), gone)

    def _candidates(
        self, text: str, settings: WriteSettings, gone: Callable[[], bool]
    ) -> Iterator[Passage]:
        yield from self.writer.candidates(text, settings, gone)

    def _start(self, parts: Iterator[Part], gone: Callable[[], bool]) -> Iterator[Part]:
        turn = self._take_turn(parts, gone)
        next(turn)  # only a generator that was started runs its `finally` when it is dropped
        return cast(Iterator[Part], turn)

    def _take_turn(self, parts: Iterator[Part], gone: Callable[[], bool]) -> Iterator[Part | None]:
        if not self._places.acquire(blocking=False):
            raise EnvironmentFailure(tr("too many are writing at once: try again in a few seconds"))
        try:
            yield None  # has its place in line
            while not self._turn.acquire(timeout=LOOK_ROUND):
                if gone():
                    return
            try:
                for part in parts:
                    if gone():
                        return
                    yield part
            finally:
                self._turn.release()
        finally:
            self._places.release()
