"""A ZIP from anywhere, read with care: caps on entries and sizes, no encrypted or damaged ones.

    with open_archive(path) as archive:
        archive.read("META-INF/container.xml")

Names are looked up in the archive alone; nothing is ever unpacked to disk.
"""

import contextlib
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from xuxie.errors import InputError
from xuxie.language import tr

MAX_ENTRIES = 20_000
MAX_ENTRY_BYTES = 64 * 2**20  # of one entry, unpacked
MAX_TOTAL_BYTES = 2**30  # of all entries, unpacked
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


class Archive:
    """An open ZIP whose sizes have been checked."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.path = path
        self._file = file
        self._entries = {entry.filename: entry for entry in file.infolist()}
        self._read = 0
        total = sum(entry.file_size for entry in file.infolist())
        if len(file.infolist()) > MAX_ENTRIES or total > MAX_TOTAL_BYTES:
            raise InputError(tr("{path} unpacks to more than a book can be: it is refused", path=path))

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """An entry's content. Raises InputError when it is missing, encrypted, damaged or too large."""
        entry = self._entries.get(name)
        if entry is None:
            raise InputError(tr("{path} is damaged: {name} is missing in it", path=self.path, name=name))
        if entry.flag_bits & 1:
            raise InputError(tr("{path} is encrypted: unlock it first", path=self.path))
        # What the directory says of the size may be a lie: the reading itself is capped too.
        cap = min(MAX_ENTRY_BYTES, MAX_TOTAL_BYTES - self._read)
        try:
            with self._file.open(entry) as stream:
                content = stream.read(cap + 1)
        except DAMAGE:
            raise InputError(
                tr("{path} is damaged: {name} cannot be unpacked", path=self.path, name=name)
            ) from None
        if max(len(content), entry.file_size) > cap:
            raise InputError(tr("{path} unpacks to more than a book can be: it is refused", path=self.path))
        self._read += len(content)
        return content


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The ZIP at `path`. Raises InputError when it is none, or holds too much."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError(tr("{path} is damaged: it is no complete ZIP", path=path)) from None
    with file:
        yield Archive(path, file)
