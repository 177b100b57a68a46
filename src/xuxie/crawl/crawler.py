"""From the address of a catalogue to a book on disk.

    manifest = crawl_book("https://example.com/book/1/", Project("mybook"), CrawlSettings())

The manifest is written before the first chapter is fetched, and again at the end; each chapter is
written through a temporary name. So a raw file that is there is whole, and after a kill or Ctrl-C the
same command goes on where it stopped and ends with the same bytes.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from xuxie.books.book import Book, Manifest
from xuxie.books.cleaning import Cleaner, names_of
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, host_of, normalise
from xuxie.crawl.catalogue import NO_RULES
from xuxie.crawl.chapters import Chapters
from xuxie.crawl.client import Client
from xuxie.crawl.contents import read_catalogue
from xuxie.crawl.pace import Paces
from xuxie.crawl.planning import earlier, planned, prepare, selected_files
from xuxie.crawl.retries import Timing
from xuxie.crawl.robots import Robots
from xuxie.crawl.rules import SiteRules, load_rules, rules_for
from xuxie.errors import ForbiddenError, IncompleteError
from xuxie.files import exclusive, remove_leftovers
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project

NAMED = 5  # missing chapters that a message names


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What of a book is wanted. `select`: places in the catalogue, like "1-50" or "3,7,10-".

    `update`: keep the cleaning rules that were learned. `rules`: a file of site rules to crawl by.
    """

    select: str = ""
    update: bool = False
    rules: Path | None = None


ALL = Wishes()


def crawl_book(
    url: str | None,
    project: Project,
    settings: CrawlSettings,
    progress: Progress = SILENT,
    timing: Timing | None = None,
    paces: Paces | None = None,
    wishes: Wishes = ALL,
) -> Manifest:
    """Fetch the book whose catalogue is at `url` (None: the one the project holds); only what is missing.

    Raises InputError for an address that cannot be used or another than the project's, or a selection
    that is none, NoChaptersError when the page lists none, NetworkError or ForbiddenError when the
    catalogue cannot be had, and IncompleteError when chapters are missing in the end (all others are
    there and cleaned).
    """
    book, timing = Book(project.book), timing or Timing()
    source = normalise(url) if url is not None else normalise(book.manifest().source)
    with exclusive(project.directory):
        remove_leftovers(project.book)
        old = earlier(book, source)
        rules = rules_for(project, source, wishes.rules) or SiteRules(hosts=(host_of(source),))
        if old is None:
            progress.say(
                tr("fetch only what you may use; do not publish others' text, or models trained on it")
            )
        guard = Guard(source)
        with Client(settings, guard, timing, paces) as client:
            robots = Robots(client, ignore=settings.ignore_robots)
            manifest = planned(book, source, read_catalogue(client, robots, source, rules.catalogue), old)
            wanted = selected_files(manifest, wishes.select)
            prepare(book, manifest, old)
            cleaner = Cleaner(book, names_of(manifest), relearn=not wishes.update, drop=rules.chapter.drop)
            chapters = Chapters(
                book,
                manifest,
                settings,
                progress,
                cleaner,
                rules=rules.chapter,
                wanted=wanted,
                settled={chapter.file for chapter in old.chapters if chapter.state == "fetched"}
                if old
                else (),
            )
            del manifest  # what comes takes the place of what was planned: memory for one of them
            tell_delay(robots, source, len(chapters.missing), progress)
            try:
                asyncio.run(chapters.fetch(guard, robots, timing))
            finally:  # also after Ctrl-C
                manifest = chapters.manifest()
                book.write_manifest(manifest)
        cleaner.finish(manifest)
    complain(manifest, wanted, forbidden=chapters.forbidden)
    return manifest


def plan_book(
    url: str | None,
    project: Project,
    settings: CrawlSettings,
    timing: Timing | None = None,
    wishes: Wishes = ALL,
) -> tuple[Manifest, set[str]]:
    """What `crawl_book` would work on, and the files of the chapters that it would fetch; writes nothing.

    Raises what `crawl_book` raises before it fetches the first chapter.
    """
    book = Book(project.book)
    source = normalise(url) if url is not None else normalise(book.manifest().source)
    old, guard = earlier(book, source), Guard(source)
    rules = load_rules(wishes.rules) if wishes.rules else rules_for(project, source)
    with Client(settings, guard, timing or Timing()) as client:
        robots = Robots(client, ignore=settings.ignore_robots)
        catalogue = read_catalogue(client, robots, source, rules.catalogue if rules else NO_RULES)
    manifest = planned(book, source, catalogue, old)
    wanted = selected_files(manifest, wishes.select)
    return manifest, {
        chapter.file
        for chapter in manifest.chapters
        if chapter.state != "fetched" and (wanted is None or chapter.file in wanted)
    }


def tell_delay(robots: Robots, source: str, missing: int, progress: Progress) -> None:
    """Say so when robots.txt makes the crawl a long one."""
    delay = robots.delay(source)
    if delay >= 1 and missing:
        progress.say(
            tr(
                "the site asks for {delay} s between requests: this takes about {minutes} minutes",
                delay=f"{delay:g}",
                minutes=round(delay * missing / 60 + 0.5),
            )
        )


def complain(manifest: Manifest, wanted: set[str] | None, *, forbidden: str) -> None:
    """Raise IncompleteError when wanted chapters are missing; ForbiddenError when the site gave none."""
    missing = [
        chapter
        for chapter in manifest.chapters
        if chapter.state != "fetched" and (wanted is None or chapter.file in wanted)
    ]
    if not missing:
        return
    if forbidden and len(missing) == len(manifest.chapters):
        raise ForbiddenError(
            tr(
                "{url}: {why}; xuxie does not get around it, choose another site",
                url=manifest.source,
                why=forbidden,
            )
        )
    names = [f"{chapter.title} ({chapter.reason or tr('not fetched yet')})" for chapter in missing[:NAMED]]
    raise IncompleteError(
        tr(
            "{missing} of {total} chapters are missing: {names}; run the same command again to fetch them",
            missing=len(missing),
            total=len(manifest.chapters),
            names=", ".join(names) + (" …" if len(missing) > NAMED else ""),
        )
    )
