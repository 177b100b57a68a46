"""Crawl a site over HTTP and say what differs from what it must bring.

    differences = crawl_and_compare({"reversed"}, seed=3, directory=tmp_path)      # [] is right

The clock is injected: retries and delays cost no time.
"""

from collections.abc import Iterable
from pathlib import Path

from simulator.clock import Clock
from simulator.expected import FAILED, WHOLE, Expected
from simulator.faults import completed
from simulator.site import Site
from xuxie.books.book import Book, Chapter, Manifest
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.errors import IncompleteError, XuxieError
from xuxie.project import Project
from xuxie.sample.site import serving

LOST = "\ufffd"
SHOWN = 3  # differing chapters that are spelled out


def crawl_and_compare(faults: Iterable[str], seed: int, directory: Path) -> list[str]:
    """Crawl a site with `faults` into `directory`, twice; the differences in words, [] for none."""
    clock = Clock()
    faults = completed(faults)
    site = Site(faults, seed, clock.read)
    settings = CrawlSettings(timeout=1.0 if "stalled-first" in faults else 10.0, retries=3)
    project = Project(directory / "book")
    with serving(site.app) as base:
        error = crawl(base + site.start, project, settings, clock)
        if not site.expected.chapters:
            return compare_error(site.expected, error) + site.violations(settings.concurrency)
        if not Book(project.book).exists():
            return [*compare_error(site.expected, error), f"no book at all: {error}"]
        found = compare_error(site.expected, error) + compare(site.expected, Book(project.book))
        found += site.violations(settings.concurrency)
        whole = [chapter.path for chapter in site.expected.chapters if chapter.outcome == WHOLE]
        before = {path: site.asked(path) for path in whole}
        crawl(base + site.start, project, settings, clock)
    again = [path for path in whole if site.asked(path) > before[path]]
    if again and not found:
        found.append(f"whole chapters were fetched again: {again[:SHOWN]}")
    return found


def crawl(url: str, project: Project, settings: CrawlSettings, clock: Clock) -> XuxieError | None:
    """One run; the error that it ends with."""
    try:
        crawl_book(url, project, settings, timing=clock.timing())
    except XuxieError as error:
        return error
    return None


def compare_error(expected: Expected, error: XuxieError | None) -> list[str]:
    """Whether the run ended as it must."""
    any_will_do = expected.error is XuxieError and error is not None
    locked = bool(expected.locked) and type(error) is IncompleteError
    if any_will_do or locked or type(error) is (expected.error or type(None)):
        return []
    wanted = expected.error.__name__ if expected.error else "no error"
    return [f"ended with {type(error).__name__}, not with {wanted}: {error}"]


def compare(expected: Expected, book: Book) -> list[str]:
    """How the book on disk differs from the one that was written."""
    manifest = book.manifest()
    found = compare_details(expected, manifest)
    chapters = listed(expected, manifest)
    titles = [chapter.title for chapter in chapters]
    wanted = [chapter.title for chapter in expected.chapters]
    if titles != wanted:
        return [*found, f"chapters {titles}; not {wanted}"]
    return found + compare_texts(expected, book, manifest)


def compare_details(expected: Expected, manifest: Manifest) -> list[str]:
    """How what is known of the book differs; the introduction's lines are the site's own matter."""
    got = (manifest.title, manifest.author, "".join(manifest.introduction.split()), manifest.status)
    wanted = (expected.title, expected.author, expected.introduction, expected.status)
    found = [
        f"{ours!r}, not {theirs!r}" for ours, theirs in zip(got, wanted, strict=True) if ours != theirs
    ]
    if not manifest.cover.endswith(expected.cover):
        found.append(f"cover {manifest.cover!r}, not {expected.cover!r}")
    return found


def listed(expected: Expected, manifest: Manifest) -> list[Chapter]:
    """The chapters of the manifest, without the entry that leads nowhere if it is named as failed."""
    return [each for each in manifest.chapters if each.title != expected.locked or each.state == "fetched"]


def compare_texts(expected: Expected, book: Book, manifest: Manifest) -> list[str]:
    """How the chapters' states and texts differ."""
    found = []
    chapters = listed(expected, manifest)
    for chapter, wanted in zip(chapters, expected.chapters, strict=True):
        if chapter.state != "fetched":
            if not chapter.reason:
                found.append(f"{chapter.title}: {chapter.state} without a reason")
            elif wanted.outcome == WHOLE:
                found.append(f"{chapter.title}: {chapter.reason}")
            elif book.raw_path(chapter).exists() or book.clean_path(chapter).exists():
                found.append(f"{chapter.title}: failed, and yet there is a file")
            continue
        if wanted.outcome == FAILED:
            found.append(f"{chapter.title}: saved, although it cannot be had")
            continue
        if chapter.volume != wanted.volume:
            found.append(f"{chapter.title}: in volume {chapter.volume!r}, not {wanted.volume!r}")
        if bool(chapter.losses) != wanted.damaged:
            found.append(f"{chapter.title}: {chapter.losses} places lost, and that is wrong")
        got = [line.replace(LOST, "") for line in book.paragraphs(chapter)]
        if got != list(wanted.paragraphs):
            found.append(f"{chapter.title}: {first_difference(got, list(wanted.paragraphs))}")
    return found if len(found) <= SHOWN else [*found[:SHOWN], f"and {len(found) - SHOWN} more chapters"]


def first_difference(got: list[str], wanted: list[str]) -> str:
    """Where two texts part."""
    for number, (ours, theirs) in enumerate(zip(got, wanted, strict=False), start=1):
        if ours != theirs:
            return f"line {number} of {len(wanted)} is {ours[:90]!r}, not {theirs[:90]!r}"
    if len(got) > len(wanted):
        return f"{len(got) - len(wanted)} lines too many: {got[len(wanted)][:90]!r}"
    return f"{len(wanted) - len(got)} lines missing: {wanted[len(got)][:90]!r}"
