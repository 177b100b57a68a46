"""The missing chapters of one book, fetched side by side.

    chapters = Chapters(book, manifest, settings, progress, Cleaner(book, names_of(manifest)))
    asyncio.run(chapters.fetch(guard, robots, Timing()))
    chapters.manifest()      # with what is known now, also after an interruption

As many tasks as connections take chapters from one line, so memory does not grow with the book. What
fails, or what the others make doubtful (judging.py), is asked for once more at the end.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import aiofiles.os

from xuxie.books.adverts import site_points
from xuxie.books.book import Book, Chapter, Manifest, accepted, chapter_bytes
from xuxie.books.cleaning import Cleaner
from xuxie.books.headings import fold
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.extraction import NO_RULES
from xuxie.crawl.fetching import Fetcher
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.judging import Fetched, doubts, marks_of
from xuxie.crawl.reading import Surroundings, read_chapter
from xuxie.crawl.retries import Failure, Timing
from xuxie.crawl.robots import Robots
from xuxie.crawl.rules import ChapterRules
from xuxie.errors import ForbiddenError, NetworkError
from xuxie.files import flush_directory, replacing
from xuxie.language import tr
from xuxie.progress import Progress

OF_THE_SITE = 2  # points of a line that does not count as a chapter's text (adverts.py)
GIVEN_UP = 16  # chapters in a row that no retry could get: the site is down


class Chapters:
    """The chapters of a manifest that are not fetched, and what became of them.

    `wanted` (files) limits what is fetched; `settled` (files) are those that an earlier run accepted.
    """

    def __init__(
        self,
        book: Book,
        manifest: Manifest,
        settings: CrawlSettings,
        progress: Progress,
        cleaner: Cleaner,
        *,
        rules: ChapterRules = NO_RULES,
        wanted: Collection[str] | None = None,
        settled: Collection[str] = (),
        pages: Collection[str] = (),
    ) -> None:
        self.book = book
        self.before = manifest
        self.settings = settings
        self.progress = progress
        self.cleaner = cleaner
        self.writer = ThreadPoolExecutor(1)  # several would wait for one another at the folder
        self.rules = rules
        self.settled = settled
        self.missing = [
            chapter
            for chapter in manifest.chapters
            if chapter.state != "fetched" and (wanted is None or chapter.file in wanted)
        ]
        self.done: dict[str, Chapter] = {}  # by file
        self.records: dict[str, Fetched] = {}  # by file, what is fetched now is judged by
        self.for_good: set[str] = set()  # files that no further try will bring
        self.forbidden = ""  # why the site forbade the last chapter that it forbade
        self.in_a_row = 0  # failures that looked temporary, without a success between
        self.surroundings = Surroundings(
            addresses=frozenset({manifest.source, *pages, *(chapter.url for chapter in manifest.chapters)}),
            titles=frozenset(fold(chapter.title) for chapter in manifest.chapters),
        )

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
        for name in ("raw", "chapters"):
            (self.book.directory / name).mkdir(parents=True, exist_ok=True)
        async with Fetcher(self.settings, guard, robots, timing) as fetcher:
            try:
                await self.fetch_all(fetcher, self.missing, shown=True)
                if self.in_a_row < GIVEN_UP and (again := self.once_more()):
                    await self.fetch_all(fetcher, again)
                    self.reject(self.doubts())
            finally:
                self.writer.shutdown()
                flush_directory(self.book.directory / "raw")

    async def fetch_all(
        self, fetcher: Fetcher, chapters: Sequence[Chapter], *, shown: bool = False
    ) -> None:
        """Fetch `chapters`, as many at a time as there may be connections."""
        line = iter(chapters)
        tasks = [
            asyncio.create_task(self.work(fetcher, line, shown=shown))
            for _ in range(min(self.settings.concurrency, len(chapters)))
        ]
        try:
            await asyncio.gather(*tasks)
        finally:  # one failed for good, or all are interrupted
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def work(self, fetcher: Fetcher, line: Iterator[Chapter], *, shown: bool) -> None:
        """One connection's work: chapter after chapter."""
        for chapter in line:
            self.done[chapter.file] = await self.fetch_chapter(fetcher, chapter)
            if shown:
                self.progress.advance(note=chapter.title)
            if self.in_a_row >= GIVEN_UP:
                return

    async def fetch_chapter(self, fetcher: Fetcher, chapter: Chapter) -> Chapter:
        """`chapter` with its text on disk, or with the reason why not."""
        try:
            read = await read_chapter(fetcher, chapter, self.surroundings, self.rules)
        except Failure as why:
            self.in_a_row += why.temporary
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except UnusablePage as why:
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except NetworkError as why:
            return self.failed(chapter, str(why), forbidden=isinstance(why, ForbiddenError))
        self.in_a_row = 0
        content = chapter_bytes(read.paragraphs)
        self.records[chapter.file] = self.record(chapter, content, fits=read.fits)
        cleaned = self.cleaner.draft(chapter, read.paragraphs)
        files = {self.book.raw_path(chapter): content, self.book.clean_path(chapter): cleaned}
        await to_the_end(save(files, executor=self.writer))
        return accepted(chapter, content)

    def failed(self, chapter: Chapter, reason: str, *, forbidden: bool) -> Chapter:
        """`chapter` with the reason why it is not here."""
        if forbidden:
            self.forbidden = reason
            self.for_good.add(chapter.file)
        return replace(chapter, state="failed", sha256="", reason=reason, losses=0)

    def once_more(self) -> list[Chapter]:
        """What a second try may bring: all that failed but was not forbidden, and what is doubtful."""
        doubtful = self.doubts()
        return [
            chapter
            for chapter in self.manifest().chapters
            if chapter.file in doubtful
            or (
                chapter.file in self.done
                and chapter.state == "failed"
                and chapter.file not in self.for_good
            )
        ]

    def doubts(self) -> dict[str, str]:
        """Why chapters that are here should not be believed, by file."""
        here = [chapter for chapter in self.manifest().chapters if chapter.sha256]
        records = (
            self.records.get(chapter.file) or self.record(chapter, self.book.raw_path(chapter).read_bytes())
            for chapter in here
        )
        return doubts(list(records))

    def record(self, chapter: Chapter, content: bytes, *, fits: bool = False) -> Fetched:
        """What a chapter with that `content` is judged by; `fits`: its page named the title."""
        text = content.decode("utf-8")
        return Fetched(
            file=chapter.file,
            title=chapter.title,
            size=sum(len(line) for line in text.splitlines() if site_points(line) < OF_THE_SITE),
            marks=marks_of(text),
            fits=fits,
            settled=chapter.file in self.settled,
        )

    def reject(self, doubtful: dict[str, str]) -> None:
        """Take back the chapters that a second try has not made credible."""
        for chapter in self.manifest().chapters:
            if reason := doubtful.get(chapter.file):
                self.book.raw_path(chapter).unlink(missing_ok=True)
                self.done[chapter.file] = self.failed(chapter, reason, forbidden=False)


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


@aiofiles.os.wrap  # one hop to a thread for the files of a chapter
def save(files: Mapping[Path, bytes]) -> None:
    """Write `files`, in order, so that each is whole or absent, however the process ends.

    The folder is flushed once, at the end: a flush for every file would cost more than to fetch it, and
    what the power takes is empty or absent, and fetched again.
    """
    for path, content in files.items():
        with replacing(path, flush=False) as temporary:
            temporary.write_bytes(content)
