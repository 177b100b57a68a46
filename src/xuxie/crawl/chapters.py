"""The missing chapters of one book, fetched side by side.

    chapters = Chapters(book, manifest, settings, progress)
    asyncio.run(chapters.fetch(guard, robots, Timing()))
    chapters.manifest()      # with what is known now, also after an interruption

As many tasks as connections take chapters from one line, so memory does not grow with the book.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from pathlib import Path

import aiofiles.os

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, digest
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.extraction import extract_chapter
from xuxie.crawl.fetching import Fetcher
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.retries import Failure, Timing
from xuxie.crawl.robots import Robots
from xuxie.errors import ForbiddenError, NetworkError
from xuxie.files import TEMPORARY_SUFFIX, flush_directory
from xuxie.language import tr
from xuxie.progress import Progress

GIVEN_UP = 16  # chapters in a row that no retry could get: the site is down


class Chapters:
    """The chapters of a manifest that are not fetched, and what became of them."""

    def __init__(self, book: Book, manifest: Manifest, settings: CrawlSettings, progress: Progress) -> None:
        self.book = book
        self.before = manifest
        self.settings = settings
        self.progress = progress
        self.missing = [chapter for chapter in manifest.chapters if chapter.state != "fetched"]
        self.done: dict[str, Chapter] = {}  # by file
        self.forbidden = ""  # why the site forbade the last chapter that it forbade
        self.in_a_row = 0  # failures that looked temporary, without a success between

    def manifest(self) -> Manifest:
        """The manifest with what is known now."""
        chapters = tuple(self.done.get(chapter.file, chapter) for chapter in self.before.chapters)
        return replace(self.before, chapters=chapters)

    async def fetch(self, guard: Guard, robots: Robots, timing: Timing) -> None:
        """Fetch what is missing. A chapter that cannot be had is failed; OSError is the disk's."""
        there = len(self.before.chapters) - len(self.missing)
        self.progress.start(
            tr("fetching {title}", title=self.before.title), total=len(self.before.chapters)
        )
        if there:
            self.progress.advance(there)
        (self.book.directory / "raw").mkdir(parents=True, exist_ok=True)
        line = iter(self.missing)
        async with Fetcher(self.settings, guard, robots, timing) as fetcher:
            tasks = [
                asyncio.create_task(self.work(fetcher, line))
                for _ in range(min(self.settings.concurrency, len(self.missing)))
            ]
            try:
                await asyncio.gather(*tasks)
            finally:  # one failed for good, or all are interrupted
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                flush_directory(self.book.directory / "raw")

    async def work(self, fetcher: Fetcher, line: Iterator[Chapter]) -> None:
        """One connection's work: chapter after chapter."""
        for chapter in line:
            self.done[chapter.file] = await self.fetch_chapter(fetcher, chapter)
            self.progress.advance(note=chapter.title)
            if self.in_a_row >= GIVEN_UP:
                return

    async def fetch_chapter(self, fetcher: Fetcher, chapter: Chapter) -> Chapter:
        """`chapter` with its text on disk, or with the reason why not."""
        try:
            html = await fetcher.page(chapter.url)
            content = chapter_bytes(extract_chapter(html, chapter.title))
        except Failure as why:
            self.in_a_row += why.temporary
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except UnusablePage as why:
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except NetworkError as why:
            return self.failed(chapter, str(why), forbidden=isinstance(why, ForbiddenError))
        self.in_a_row = 0
        await to_the_end(save(self.book.raw_path(chapter), content))
        return replace(chapter, state="fetched", sha256=digest(content), reason="")

    def failed(self, chapter: Chapter, reason: str, *, forbidden: bool) -> Chapter:
        """`chapter` with the reason why it is not here."""
        if forbidden:
            self.forbidden = reason
        return replace(chapter, state="failed", sha256="", reason=reason)


async def to_the_end(work: Awaitable[None]) -> None:
    """Do a short work that Ctrl-C must not cut: a thread would go on with an open file."""
    task, interrupted = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted:
        raise interrupted
    task.result()


@aiofiles.os.wrap  # one hop to a thread for the whole file
def save(path: Path, content: bytes) -> None:
    """Write `content` so that `path` is whole or absent, however the process ends.

    The folder is flushed once, at the end: a flush for every file would cost more than to fetch it, and
    what the power takes is empty or absent, and fetched again.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
