"""Files written in another thread, several in a turn."""

import asyncio
from pathlib import Path

import pytest

from xuxie.crawl import saving
from xuxie.crawl.saving import Saver


def turns_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each turn writes, as they are written."""
    turns: list[int] = []
    write = saving.write

    async def counted(files: dict[Path, bytes]) -> None:
        turns.append(len(files))
        await write(files)

    monkeypatch.setattr(saving, "write", counted)
    return turns


@pytest.mark.parametrize(("moment", "expected"), [(0.0, [2, 20]), (0.2, [22])])
def test_what_comes_meanwhile_goes_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: float, expected: list[int]
) -> None:
    """Ten chapters at once take fewer than ten turns, and each is whole when its save returns."""
    turns = turns_of(monkeypatch)
    monkeypatch.setattr(saving, "MOMENT", moment)

    async def chapter(saver: Saver, name: str) -> None:
        files = {tmp_path / f"{name}.{kind}": (name + kind).encode() for kind in ("raw", "clean")}
        await saver.save(files)
        assert {path: path.read_bytes() for path in files} == files

    async def crawl() -> None:
        saver = Saver()
        first = asyncio.create_task(chapter(saver, "first"))
        for _ in range(3):
            await asyncio.sleep(0)  # its turn has begun, if it does not wait
        await asyncio.gather(first, *(chapter(saver, f"{number}") for number in range(10)))

    asyncio.run(crawl())
    assert turns == expected
    assert len(list(tmp_path.iterdir())) == 22  # and no temporary file


def test_all_of_a_turn_hear_of_its_failure(tmp_path: Path) -> None:
    """A disk that refuses: nobody believes that a chapter is saved; the next turn is not harmed."""

    async def crawl() -> None:
        saver = Saver()
        gone = tmp_path / "gone"
        results = await asyncio.gather(
            *(saver.save({gone / f"{number}.txt": b"text"}) for number in range(3)), return_exceptions=True
        )
        assert all(isinstance(result, FileNotFoundError) for result in results)
        await saver.save({tmp_path / "whole.txt": b"text"})

    asyncio.run(crawl())
    assert (tmp_path / "whole.txt").read_bytes() == b"text"


def test_a_task_that_is_cancelled_harms_no_other(tmp_path: Path) -> None:
    """Two share a turn and one is cancelled: the other's file is there when its save returns."""

    async def crawl() -> None:
        saver = Saver()
        one, other = (
            asyncio.create_task(saver.save({tmp_path / name: name.encode()})) for name in ("one", "other")
        )
        await asyncio.sleep(0)
        one.cancel()
        await other
        assert (tmp_path / "other").read_bytes() == b"other"
        assert one.cancelled()

    asyncio.run(crawl())
