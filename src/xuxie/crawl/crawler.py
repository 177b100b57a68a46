"""From the address of a catalogue to a book on disk.

    manifest = crawl_book("https://example.com/book/1/", Project("mybook"), CrawlSettings())

The manifest is written before the first chapter is fetched, and again at the end; each chapter is
written through a temporary name. So a raw file that is there is whole, and after a kill or Ctrl-C the
same command goes on where it stopped and ends with the same bytes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xuxie.books.book import Book, Chapter, Manifest, digest
from xuxie.books.cleaning import clean_book
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, normalise
from xuxie.crawl.catalogue import Catalogue
from xuxie.crawl.chapters import Chapters
from xuxie.crawl.client import Client
from xuxie.crawl.contents import read_catalogue
from xuxie.crawl.merging import merge
from xuxie.crawl.pace import Paces
from xuxie.crawl.retries import Timing
from xuxie.crawl.robots import Robots
from xuxie.errors import ForbiddenError, IncompleteError, InputError, NetworkError, NoChaptersError
from xuxie.files import exclusive, remove_leftovers
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project

NAMED = 5  # missing chapters that a message names


def crawl_book(
    url: str | None,
    project: Project,
    settings: CrawlSettings,
    progress: Progress = SILENT,
    timing: Timing | None = None,
    paces: Paces | None = None,
) -> Manifest:
    """Fetch the book whose catalogue is at `url` (None: the one the project holds); only what is missing.

    Raises InputError for an address that cannot be used or another than the project's, NoChaptersError
    when the page lists none, NetworkError or ForbiddenError when the catalogue cannot be had, and
    IncompleteError when chapters are missing in the end (all others are there and cleaned).
    """
    book, timing = Book(project.book), timing or Timing()
    source = normalise(url) if url is not None else normalise(book.manifest().source)
    with exclusive(project.directory):
        remove_leftovers(project.book)
        old = earlier(book, source)
        if old is None:
            progress.say(
                tr("fetch only what you may use; do not publish others' text, or models trained on it")
            )
        guard = Guard(source)
        with Client(settings, guard, timing, paces) as client:
            robots = Robots(client, ignore=settings.ignore_robots)
            catalogue = read_catalogue(client, robots, source)
            manifest = prepare(book, source, catalogue, old)
            chapters = Chapters(book, manifest, settings, progress)
            tell_delay(robots, source, chapters.missing, progress)
            try:
                asyncio.run(chapters.fetch(guard, robots, timing))
            finally:  # also after Ctrl-C
                manifest = chapters.manifest()
                book.write_manifest(manifest)
        clean_book(book)
    complain(manifest, forbidden=chapters.forbidden)
    return manifest


def earlier(book: Book, source: str) -> Manifest | None:
    """The manifest of an earlier crawl. Raises InputError when the folder holds another book."""
    if not book.exists():
        return None
    manifest = book.manifest()
    if manifest.source != source:
        raise InputError(
            tr(
                "{path} already holds the book from {other}: choose another folder with -o",
                path=book.directory.parent,
                other=manifest.source,
            )
        )
    return manifest


def prepare(book: Book, source: str, catalogue: Catalogue, old: Manifest | None) -> Manifest:
    """Write and return the manifest to fetch by: what lies in raw/ is fetched, all else pending."""
    known = [settled(book, chapter) for chapter in old.chapters] if old else []
    chapters = merge(known, catalogue.entries)
    # A file that no manifest spoke of is left from another book: its number is about to be given anew.
    kept = {chapter.file for chapter in known} & {chapter.file for chapter in chapters}
    for path in (book.directory / "raw").glob("*.txt"):
        if path.name not in kept:
            path.unlink()
    manifest = Manifest(title=catalogue.title, author=catalogue.author, source=source, chapters=chapters)
    book.write_manifest(manifest)
    return manifest


def settled(book: Book, chapter: Chapter) -> Chapter:
    """`chapter` in the state that its raw file proves."""
    content = read_if_there(book.raw_path(chapter))
    if content:
        return replace(chapter, state="fetched", sha256=digest(content), reason="")
    return replace(chapter, state="pending", sha256="", reason="")


def read_if_there(path: Path) -> bytes:
    """A file's content, b"" when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def tell_delay(robots: Robots, source: str, missing: Sequence[Chapter], progress: Progress) -> None:
    """Say so when robots.txt makes the crawl a long one."""
    delay = robots.delay(source)
    if delay >= 1 and missing:
        progress.say(
            tr(
                "the site asks for {delay} s between requests: this takes about {minutes} minutes",
                delay=f"{delay:g}",
                minutes=round(delay * len(missing) / 60 + 0.5),
            )
        )


def complain(manifest: Manifest, *, forbidden: str) -> None:
    """Raise IncompleteError when chapters are missing; ForbiddenError when the site gave none at all."""
    missing = [chapter for chapter in manifest.chapters if chapter.state != "fetched"]
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
