"""A book's catalogue: what its pages tell of it, and the chapters in reading order.

    catalogue = parse_catalogue(html, "https://example.com/book/1/")
    catalogue.entries[0] == Entry(title="第一章 起点", url="https://example.com/book/1/1001.html")

No rule here knows a site. Links are grouped by the shape of their address; the group that looks most
like a list of chapters wins. Reading order is the page's order (see ordering.py); a "最新章节" block that
repeats some of the list is not part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xuxie.crawl.addresses import host_of
from xuxie.crawl.belonging import are_newest
from xuxie.crawl.details import Details, read_details
from xuxie.crawl.grouping import chapter_links, in_order, sections
from xuxie.crawl.html import UnusablePage, parse_html
from xuxie.crawl.links import Caption, Link, page_items
from xuxie.crawl.ordering import chosen, reading_order
from xuxie.crawl.pagination import list_pages, whole_lists
from xuxie.crawl.rules import CatalogueRules
from xuxie.errors import NoChaptersError
from xuxie.language import tr

NO_RULES = CatalogueRules()


@dataclass(frozen=True, kw_only=True, slots=True)  # there are thousands of them
class Entry:
    """One chapter as the catalogue lists it."""

    title: str
    url: str
    volume: str = ""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What a catalogue tells; only the title and the entries are never empty."""

    details: Details
    entries: list[Entry]

    @property
    def title(self) -> str:
        """The book's title."""
        return self.details.title

    @property
    def author(self) -> str:
        """The book's author, perhaps ""."""
        return self.details.author


@dataclass(frozen=True, kw_only=True)
class CataloguePage:
    """One page of a catalogue. `chapters` are its links to chapters, as far as the page alone tells."""

    url: str
    details: Details
    items: list[Link | Caption]
    chapters: list[Link]
    number: int | None  # among the pages of the list, where the page tells it
    pages: dict[int, str]  # the others that it links, by number
    following: str  # the next one, "" for none
    wholes: list[tuple[str, bool]]  # where the whole list may be; True where the words say so


def parse_catalogue(html: str, url: str) -> Catalogue:
    """The catalogue on the one page `html`, which was found at `url`.

    On one of several pages of a list, the newest chapters that it shows besides are another page's.
    Raises NoChaptersError when nothing on it looks like a list of chapters.
    """
    page = parse_page(html, url)
    return assemble([page], partial=bool(page.pages or page.following))


def parse_page(html: str, url: str, rules: CatalogueRules = NO_RULES) -> CataloguePage:
    """What one page of a catalogue says. Raises NoChaptersError when it is nested beyond reason."""
    try:
        tree = parse_html(html)
    except UnusablePage as why:
        raise NoChaptersError(f"{url}: {why}") from None
    items = page_items(tree, url, rules.list)
    links = [item for item in items if isinstance(item, Link)]
    chapters = links if rules.list else chapter_links(links, url)
    number, pages, following = list_pages(tree, url, {link.url for link in chapters}, rules.next)
    return CataloguePage(
        url=url,
        details=read_details(tree, url, title=rules.title, author=rules.author),
        items=items,
        chapters=chapters,
        number=number,
        pages=pages,
        following=following,
        wholes=whole_lists(tree, url),
    )


def assemble(pages: Sequence[CataloguePage], *, ruled: bool = False, partial: bool = False) -> Catalogue:
    """The catalogue on several pages, which are given in their order.

    `ruled`: a site rule says which links are chapters. `partial`: the list has further pages. Raises
    NoChaptersError when there are no chapters.
    """
    url = pages[0].url
    details = pages[0].details
    for page in pages[1:]:
        details = details.completed_by(page.details)
    items = [item for page_number, page in enumerate(pages) for item in apart(page.items, page_number)]
    links = [item for item in items if isinstance(item, Link)]
    listed_links = links if ruled else chapter_links(links, url)
    chapters = in_order(listed_links, sections(items))
    kept = {id(link) for link in chapters}
    listed = chosen(items, lambda link: id(link) in kept)
    if not kept or (not ruled and are_newest(chapters)):
        raise NoChaptersError(
            tr("no list of chapters at {url}: give the address of the book's catalogue page", url=url)
        )
    ordered = reading_order(
        listed, details.title, first=details.first, newest=details.newest, partial=partial
    )
    return Catalogue(
        details=replace(details, title=details.title or host_of(url)),
        entries=[Entry(title=link.text, url=link.url, volume=volume) for volume, link in ordered],
    )


def apart(items: Sequence[Link | Caption], page: int) -> list[Link | Caption]:
    """`items` with blocks that no other page's are equal to."""
    return [
        replace(item, block=(page << 64) + item.block) if isinstance(item, Link) and page else item
        for item in items
    ]
