"""A book's files, written in another thread while pages are fetched.

    saver = Saver()
    await saver.save({raw_path: content, clean_path: cleaned})      # both are whole now

What comes within a moment, or while others are being written, goes together in one turn: to hand a chapter
to the thread costs more than to write it.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import aiofiles.os

from xuxie.files import flush_directory, replacing

MOMENT = 0.02  # seconds; less than a site takes for the next chapters


class Saver:
    """Writes files, one turn after the other. For the tasks of one event loop."""

    def __init__(self) -> None:
        self._unsaved: dict[Path, bytes] = {}
        self._next: asyncio.Task[None] | None = None  # the turn that will take them
        self._turn = asyncio.Lock()

    async def save(self, files: Mapping[Path, bytes]) -> None:
        """Write `files`, in order, each of them whole or absent. Raises OSError for all of a turn."""
        self._unsaved |= files
        self._next = self._next or asyncio.create_task(self._take_turn())
        await asyncio.shield(self._next)

    async def _take_turn(self) -> None:
        await asyncio.sleep(MOMENT)
        async with self._turn:
            files, self._unsaved, self._next = self._unsaved, {}, None
            await write(files)


@aiofiles.os.wrap
def write(files: Mapping[Path, bytes]) -> None:
    """Write `files`, in order, so that each is whole or absent, however the process ends.

    Nothing is flushed yet: a flush for every file would cost more than to fetch it, and what the power
    takes before the folder's own flush is empty or absent, and fetched again.
    """
    for path, content in files.items():
        with replacing(path, flush=False) as temporary:
            temporary.write_bytes(content)


flush = aiofiles.os.wrap(flush_directory)
