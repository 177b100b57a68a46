import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xuxie.errors import EnvironmentFailure
from xuxie.files import (
    exclusive,
    explain_os_error,
    remove_leftovers,
    replacing,
    replacing_directory,
    restore_directory,
    sha256_of,
    write_atomically,
)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_atomically(path, "续写\r\n")
    assert path.read_bytes() == "续写\r\n".encode()
    write_atomically(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert names(path.parent) == ["a.txt"]


def test_a_failing_writer_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "0001.txt.tmp").write_text("half")
    (tmp_path / "raw" / "0001.txt").write_text("whole")
    remove_leftovers(tmp_path)
    assert names(tmp_path / "raw") == ["0001.txt"]


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize("there_before", [True, False])
def test_replacing_a_directory(tmp_path: Path, there_before: bool) -> None:
    directory = tmp_path / "corpus"
    if there_before:
        directory.mkdir()
        (directory / "old").touch()
    with replacing_directory(directory) as new:
        (new / "new").touch()
        assert directory.exists() == there_before
    assert names(tmp_path) == ["corpus"]
    assert names(directory) == ["new"]


def test_a_failing_replacement_leaves_the_old_directory(tmp_path: Path) -> None:
    directory = tmp_path / "corpus"
    directory.mkdir()
    (directory / "old").touch()

    def half() -> None:
        with replacing_directory(directory) as new:
            (new / "new").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert names(tmp_path) == ["corpus"]
    assert names(directory) == ["old"]


class KilledError(BaseException):
    """What a test raises where a process would be killed."""


@pytest.mark.parametrize("calls", range(6))
def test_a_replacement_killed_at_any_moment_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """The process dies at the calls-th renaming or removal: nothing after it happens, not even clean-up."""
    directory = tmp_path / "corpus"
    directory.mkdir()
    (directory / "old").touch()
    left = [calls]

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dying(Path.rename))
        patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
        try:
            with replacing_directory(directory) as new:
                (new / "new").touch()
            killed = False
        except KilledError:
            killed = True
    assert killed or calls == 5  # away, new, and three removals
    restore_directory(directory)
    assert names(directory) in (["old"], ["new"])
    with replacing_directory(directory) as new:
        (new / "again").touch()
    assert names(tmp_path) == ["corpus"]
    assert names(directory) == ["again"]


def test_a_lock_held_by_another_process(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from xuxie.files import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    source = Path(__file__).resolve().parents[1] / "src"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "book")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(source)},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        held = pytest.raises(EnvironmentFailure, match="another xuxie is working in")
        with held, exclusive(tmp_path / "book"):
            pytest.fail("held twice")
        other.kill()
        other.wait()
        with exclusive(tmp_path / "book"):
            pass  # the lock died with the process


def test_a_lock_is_held_once_within_a_process_too(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(EnvironmentFailure), exclusive(tmp_path):
        pytest.fail("held twice")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full (/book/a): free some space"),
        (errno.EACCES, "no permission to use /book/a"),
        (errno.EROFS, "no permission to use /book/a"),
        (errno.EADDRINUSE, "the port is taken: choose another with --port"),
        (errno.ENOTDIR, "/book/a: Not a directory"),
    ],
)
def test_an_os_error_explained(number: int, words: str) -> None:
    line = explain_os_error(OSError(number, os.strerror(number), "/book/a"))
    assert line.startswith(words)
    assert "\n" not in line
