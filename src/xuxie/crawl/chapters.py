"""The missing chapters of one book, fetched side by side.

    chapters = Chapters(book, manifest, settings, progress, Cleaner(book, names_of(manifest)))
    asyncio.run(chapters.fetch(guard, robots, Timing()))
    chapters.manifest()      # with what is known now, also after an interruption

A fixed number of tasks take chapters from one line, so memory does not grow with the book: twice as many
as there may be requests under way, so that the next one goes out before the last page is read. What fails,
or what the others make doubtful (judging.py), is asked for once more at the end.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from xuxie.books.adverts import may_advertise, site_points
from xuxie.books.book import Book, Chapter, Manifest, accepted, chapter_bytes
from xuxie.books.cleaning import Cleaner
from xuxie.books.headings import fold
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.desk import Desk
from xuxie.crawl.extraction import NO_RULES
from xuxie.crawl.fetching import Fetcher
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.judging import Fetched, doubts, marks_of
from xuxie.crawl.reading import Surroundings, read_chapter
from xuxie.crawl.retries import Failure, Timing
from xuxie.crawl.robots import Robots
from xuxie.crawl.rules import ChapterRules
from xuxie.crawl.saving import Saver, flush
from xuxie.errors import ForbiddenError, NetworkError
from xuxie.language import tr
from xuxie.progress import Progress

OF_THE_SITE = 2  # points of a line that does not count as a chapter's text (adverts.py)
TASKS = 2  # for each request that may be under way: one page is read while another is on its way
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
        self.rest = replace(manifest, chapters=())
        self.chapters = {chapter.file: chapter for chapter in manifest.chapters}  # in reading order
        self.settings = settings
        self.progress = progress
        self.cleaner = cleaner
        self.rules = rules
        self.settled = settled
        self.missing = [
            chapter.file
            for chapter in manifest.chapters
            if chapter.state != "fetched" and (wanted is None or chapter.file in wanted)
        ]
        self.records: dict[str, Fetched] = {}  # by file, what is fetched now is judged by
        self.for_good: set[str] = set()  # files that no further try will bring
        self.forbidden = ""  # why the site forbade the last chapter that it forbade
        self.saver = Saver()
        self.in_a_row = 0  # failures that looked temporary, without a success between
        self.surroundings = Surroundings(
            addresses=frozenset({manifest.source, *pages, *(chapter.url for chapter in manifest.chapters)}),
            titles=frozenset(fold(chapter.title) for chapter in manifest.chapters),
        )

    def manifest(self) -> Manifest:
        """The manifest with what is known now."""
        return replace(self.rest, chapters=tuple(self.chapters.values()))

    async def fetch(self, guard: Guard, robots: Robots, timing: Timing) -> None:
        """Fetch what is missing. A chapter that cannot be had is failed; OSError is the disk's."""
        there = len(self.chapters) - len(self.missing)
        self.progress.start(tr("fetching {title}", title=self.rest.title), total=len(self.chapters))
        if there:
            self.progress.advance(there)
        for name in ("raw", "chapters"):
            (self.book.directory / name).mkdir(parents=True, exist_ok=True)
        async with Fetcher(self.settings, guard, robots, timing) as fetcher, Desk(self.rules) as desk:
            try:
                await self.fetch_all(fetcher, desk, self.missing, shown=True)
                if self.in_a_row < GIVEN_UP and (again := self.once_more()):
                    await self.fetch_all(fetcher, desk, again)
                    self.reject(self.doubts())
            finally:
                await flush(self.book.directory / "raw")

    async def fetch_all(
        self, fetcher: Fetcher, desk: Desk, files: Sequence[str], *, shown: bool = False
    ) -> None:
        """Fetch the chapters of `files`; how many are asked for at a time is the pace's."""
        line = iter(files)
        tasks = [
            asyncio.create_task(self.work(fetcher, desk, line, shown=shown))
            for _ in range(min(TASKS * self.settings.concurrency, len(files)))
        ]
        try:
            await asyncio.gather(*tasks)
        finally:  # one failed for good, or all are interrupted
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def work(self, fetcher: Fetcher, desk: Desk, line: Iterator[str], *, shown: bool) -> None:
        """One task's work: chapter after chapter."""
        for file in line:
            self.chapters[file] = chapter = await self.fetch_chapter(fetcher, desk, self.chapters[file])
            if shown:
                self.progress.advance(note=chapter.title)
            if self.in_a_row >= GIVEN_UP:
                return

    async def fetch_chapter(self, fetcher: Fetcher, desk: Desk, chapter: Chapter) -> Chapter:
        """`chapter` with its text on disk, or with the reason why not."""
        try:
            read = await read_chapter(fetcher, desk, chapter, self.surroundings)
        except Failure as why:
            self.in_a_row += why.temporary
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except UnusablePage as why:
            return self.failed(chapter, str(why), forbidden=why.forbidden)
        except NetworkError as why:
            return self.failed(chapter, str(why), forbidden=isinstance(why, ForbiddenError))
        self.in_a_row = 0
        content = chapter_bytes(read.paragraphs)
        self.records[chapter.file] = self.record(chapter, read.paragraphs, fits=read.fits)
        cleaned = self.cleaner.draft(chapter, read.paragraphs)
        files = {self.book.raw_path(chapter): content, self.book.clean_path(chapter): cleaned}
        await self.saver.save(files)
        return accepted(chapter, content)

    def failed(self, chapter: Chapter, reason: str, *, forbidden: bool) -> Chapter:
        """`chapter` with the reason why it is not here."""
        if forbidden:
            self.forbidden = reason
            self.for_good.add(chapter.file)
        return replace(chapter, state="failed", sha256="", reason=reason, losses=0)

    def once_more(self) -> list[str]:
        """What a second try may bring: all that failed but was not forbidden, and what is doubtful."""
        doubtful = self.doubts()
        return [
            file
            for file, chapter in self.chapters.items()
            if file in doubtful or (chapter.state == "failed" and file not in self.for_good)
        ]

    def doubts(self) -> dict[str, str]:
        """Why chapters that are here should not be believed, by file."""
        return doubts(
            [
                self.records.get(file) or self.record(chapter, self.book.raw(chapter))
                for file, chapter in self.chapters.items()
                if chapter.sha256
            ]
        )

    def record(self, chapter: Chapter, paragraphs: Sequence[str], *, fits: bool = False) -> Fetched:
        """What a chapter with these `paragraphs` is judged by; `fits`: its page named the title."""
        of_the_site = [
            line for line in filter(may_advertise, paragraphs) if site_points(line) >= OF_THE_SITE
        ]
        return Fetched(
            file=chapter.file,
            title=chapter.title,
            size=sum(map(len, paragraphs)) - sum(map(len, of_the_site)),
            marks=marks_of("\n".join(paragraphs)),
            fits=fits,
            settled=chapter.file in self.settled,
        )

    def reject(self, doubtful: dict[str, str]) -> None:
        """Take back the chapters that a second try has not made credible."""
        for file, reason in doubtful.items():
            chapter = self.chapters[file]
            self.book.raw_path(chapter).unlink(missing_ok=True)
            self.chapters[file] = self.failed(chapter, reason, forbidden=False)
