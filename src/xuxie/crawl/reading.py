"""One chapter: its pages, checked and joined.

    read = await read_chapter(fetcher, desk, chapter, surroundings)
    read.paragraphs, read.fits

A chapter is whole or refused: when one of its pages cannot be had or used, so can't the chapter.
"""

from dataclasses import dataclass
from functools import partial

from xuxie.books.book import Chapter
from xuxie.crawl.desk import Desk
from xuxie.crawl.extraction import Part
from xuxie.crawl.fetching import Fetcher
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.parts import EDGE, MAX_PARTS, join_parts, next_part, says_more
from xuxie.crawl.refusals import RateLimited, check_heading
from xuxie.language import tr

MAX_TRIES = 3  # of a page that says in words that it was asked for too often


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the book has besides a chapter: the addresses and the (folded) titles of all."""

    addresses: frozenset[str]
    titles: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Read:
    """A whole chapter; `fits`: one of its pages named the title."""

    paragraphs: list[str]
    fits: bool


async def read_chapter(fetcher: Fetcher, desk: Desk, chapter: Chapter, surroundings: Surroundings) -> Read:
    """All pages of a chapter.

    Raises Failure or NetworkError when one cannot be had, UnusablePage when one is none of the chapter's.
    """
    parts: list[Part] = []
    seen: set[str] = set()
    fits, first = False, ""
    url: str | None = chapter.url
    while url is not None:
        here, part = await read_page(fetcher, desk, url, chapter.title)
        if here != url and here in surroundings.addresses:
            raise UnusablePage(tr("the site leads to another page: {url}", url=here))
        if any(part.paragraphs == earlier.paragraphs for earlier in parts):
            break  # a site that takes any number shows the same page for ever
        named = check_heading(chapter.title, part.headings, surroundings.titles)
        if not named and path_of(here) != path_of(url):
            raise UnusablePage(tr("the site leads to another page: {url}", url=here))
        fits |= named
        parts.append(part)
        if len(parts) > MAX_PARTS:
            raise UnusablePage(tr("the chapter has more than {count} pages", count=MAX_PARTS))
        first = first or here
        seen |= {url, here}
        url = next_part(
            part.links,
            here,
            (chapter.url, first),
            surroundings.addresses,
            seen,
            number=len(parts) + 1,
            unfinished=partial(says_more, border(part)),
            certain=desk.rules.next is not None,
        )
    paragraphs = join_parts([part.paragraphs for part in parts], chapter.title)
    return Read(paragraphs=paragraphs, fits=fits)


def path_of(url: str) -> str:
    """What of an address is the same when a site moves to https, or to another host."""
    return url.partition("://")[2].partition("/")[2]


async def read_page(fetcher: Fetcher, desk: Desk, url: str, title: str) -> tuple[str, Part]:
    """One page's address and what it says; asked for more slowly while it says that this is too often."""
    for _ in range(MAX_TRIES - 1):
        response = await fetcher.get(url)
        try:
            return response.url, await desk.read(response, title)
        except RateLimited:
            fetcher.paces.of(response.url).slow_down()
    response = await fetcher.get(url)
    return response.url, await desk.read(response, title)


def border(part: Part) -> list[str]:
    """Where a page says that the chapter goes on: its headings, and from its last lines downwards."""
    return [*part.headings, *part.paragraphs[-EDGE:], *part.below]
