"""The engine: one writer shared by many requests, one passage at a time.

for piece in engine.write("他推开门，", settings, gone=lambda: False):
    ...
"""

import dataclasses
import threading
from collections.abc import Callable, Iterator

from xuxie.config import Settings, WriteSettings
from xuxie.errors import EnvironmentFailure
from xuxie.generation.writer import Writer
from xuxie.language import tr

LOOK_ROUND = 0.5  # seconds between two looks at whether a client in line has left


class Engine:
    """Gives each request its turn at the writer, and refuses those who would wait too long."""

    def __init__(self, writer: Writer, settings: Settings) -> None:
        self.writer, self.settings = writer, settings
        # A call may ask for less than the default, never for more than the server allows.
        length = min(settings.write.length, settings.serve.max_length)
        self.defaults = dataclasses.replace(settings.write, length=length)
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(settings.serve.max_waiting + 1)

    def write(self, text: str, settings: WriteSettings, gone: Callable[[], bool]) -> Iterator[str]:
        """The pieces of a continuation; stops when `gone` says that nobody reads any more.

        Raises InputError for an empty text and EnvironmentFailure when too many are waiting, both before
        the first piece.
        """
        turn = self._take_turn(self.writer.write(text, settings), gone)
        next(turn)  # only a generator that was started runs its `finally` when it is dropped
        return turn

    def _take_turn(self, pieces: Iterator[str], gone: Callable[[], bool]) -> Iterator[str]:
        if not self._places.acquire(blocking=False):
            raise EnvironmentFailure(tr("too many are writing at once: try again in a few seconds"))
        try:
            yield ""  # has its place in line
            while not self._turn.acquire(timeout=LOOK_ROUND):
                if gone():
                    return
            try:
                for piece in pieces:
                    if gone():
                        return
                    yield piece
            finally:
                self._turn.release()
        finally:
            self._places.release()
