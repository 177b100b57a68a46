"""Files written by the event loop, or beside it where the disk is slow."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import aiofiles.os
import pytest

from xuxie.crawl import saving
from xuxie.crawl.saving import Saver


@pytest.mark.parametrize(("slow", "aside"), [(3600.0, [False, False]), (-1.0, [False, True])])
def test_a_slow_disk_does_not_stop_the_crawl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: float, aside: list[bool]
) -> None:
    """Chapters are written at once, and by another thread once one has taken long; each is whole then."""
    write, main, seen = saving.write, threading.get_ident(), []

    def noted(files: Mapping[Path, bytes]) -> None:
        seen.append(threading.get_ident() != main)
        write(files)

    monkeypatch.setattr(saving, "SLOW", slow)
    monkeypatch.setattr(saving, "write", noted)
    monkeypatch.setattr(saving, "write_aside", aiofiles.os.wrap(noted))

    async def crawl() -> None:
        saver = Saver()
        for name in ("one", "two"):
            files = {tmp_path / f"{name}.{kind}": (name + kind).encode() for kind in ("raw", "clean")}
            await saver.save(files)
            assert {path: path.read_bytes() for path in files} == files

    asyncio.run(crawl())
    assert seen == aside
    assert len(list(tmp_path.iterdir())) == 4  # and no temporary file


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    """The error says which file it was, nothing is left, and the next chapter is not harmed."""
    (tmp_path / "full.txt").mkdir()

    async def crawl() -> None:
        saver = Saver()
        with pytest.raises(FileNotFoundError) as gone:
            await saver.save({tmp_path / "gone" / "0001.txt": b"text"})
        assert "0001.txt" in str(gone.value.filename)
        with pytest.raises(OSError, match=r"full\.txt"):
            await saver.save({tmp_path / "full.txt": b"text"})
        await saver.save({tmp_path / "whole.txt": b"text"})

    asyncio.run(crawl())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full.txt", "whole.txt"]
    assert (tmp_path / "whole.txt").read_bytes() == b"text"
