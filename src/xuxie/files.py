"""Files that are whole or absent: every write goes through a temporary name and a rename.

    write_atomically(project / "book" / "manifest.json", text)

A process killed in the middle leaves at most a `*.tmp` file, which `remove_leftovers` deletes.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from xuxie.errors import EnvironmentFailure, InputError
from xuxie.language import tr

TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, content: str | bytes, *, flush: bool = True) -> None:
    """Write `content` (text as UTF-8, newlines untouched) so that `path` is never half-written.

    Without `flush`, what the power takes is empty or absent: for what can be made again, at little cost.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, flush=flush) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def write_if_changed(path: Path, content: str | bytes, *, flush: bool = True) -> None:
    """Write `content` unless it is there already, so that unchanged files keep their times."""
    wanted = content.encode("utf-8") if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != wanted:
        write_atomically(path, wanted, flush=flush)


@contextlib.contextmanager
def replacing(path: Path, *, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write to; flush it to disk and rename it to `path` on success."""
    temporary = Path(f"{path}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        if flush:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        name_file(error, path)
        raise


def name_file(error: BaseException, path: Path) -> None:
    """Tell which file it was, where the system's error does not: a failed write knows no name."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = str(path)


def flush_directory(directory: Path) -> None:
    """Make the names in a folder outlast a power failure, where the system can."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(directory: Path) -> None:
    """Delete what a killed process left half-written below `directory`."""
    for path in directory.rglob("*" + TEMPORARY_SUFFIX):
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold `directory` for this process alone; the lock dies with the process.

    Raises EnvironmentFailure when another process holds it, InputError when it is a file.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(tr("{path} is a file: choose a folder", path=directory)) from None
    lock = filelock.FileLock(directory / ".lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except filelock.Timeout:
        raise EnvironmentFailure(
            tr("another xuxie is working in {path}: wait for it, or stop it", path=directory)
        ) from None


def explain_os_error(error: OSError) -> str:
    """One line for a person: what the system refused, where, and what to do."""
    where = error.filename or ""
    if error.errno == errno.ENOSPC:
        return tr("the disk is full ({where}): free some space and run the same command again", where=where)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return tr("no permission to use {where}: choose another folder or change its owner", where=where)
    if error.errno == errno.EADDRINUSE:
        return tr("the port is taken: choose another with --port")
    return f"{where}: {error.strerror or error}"


@contextlib.contextmanager
def replacing_directory(directory: Path) -> Iterator[Path]:
    """Yield an empty folder to write to; on success it takes the place of `directory`.

    There is a moment with the old folder away and the new one not yet named; `restore_directory` mends
    what a kill at that moment leaves.
    """
    restore_directory(directory)
    new, old = (directory.with_name(directory.name + suffix) for suffix in (".new", ".old"))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        if directory.exists():
            directory.rename(old)
        new.rename(directory)
    except OSError as error:
        name_file(error, directory)
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def restore_directory(directory: Path) -> None:
    """Undo a replacement that was killed half-way."""
    old = directory.with_name(directory.name + ".old")
    if old.exists() and not directory.exists():
        old.rename(directory)
    shutil.rmtree(old, ignore_errors=True)
