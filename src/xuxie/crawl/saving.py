"""A book's files, written while pages are fetched.

    saver = Saver()
    await saver.save({raw_path: content, clean_path: cleaned})      # both are whole now

At once, as long as that takes no time: another thread would have to be given the interpreter's lock after
each call to the system, which costs more than to write a chapter. Where the disk makes the crawl wait,
other threads do it.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import aiofiles.os

from xuxie.files import flush_directory, write_unflushed

SLOW = 0.1  # seconds for a chapter; a thousand times what a disk with a cache takes


class Saver:
    """Writes files, by itself or, once the disk has been slow, in other threads."""

    def __init__(self) -> None:
        self.slow = False

    async def save(self, files: Mapping[Path, bytes]) -> None:
        """Write `files`, in order, each of them whole or absent. Raises OSError."""
        if self.slow:
            await write_aside(files)
            return
        began = time.monotonic()
        write(files)
        self.slow = time.monotonic() - began > SLOW


def write(files: Mapping[Path, bytes]) -> None:
    """Write `files`, in order, so that each is whole or absent, however the process ends.

    Nothing is flushed yet: a flush for every file would cost more than to fetch it, and what the power
    takes before the folder's own flush is empty or absent, and fetched again.
    """
    for path, content in files.items():
        write_unflushed(path, content)


write_aside = aiofiles.os.wrap(write)
flush = aiofiles.os.wrap(flush_directory)
