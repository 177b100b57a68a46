"""All pages of a catalogue, one after another, through the polite client.

    catalogue = read_catalogue(client, robots, "https://example.com/book/1/")

From a book's page, or a chapter's, the link to the whole list is followed; from a page of the list all
its others are. A page of the list that cannot be had is an error: chapters would go missing in silence.
"""

import itertools

from xuxie.books.headings import entry_number
from xuxie.crawl.addresses import split_url
from xuxie.crawl.catalogue import NO_RULES, Catalogue, CataloguePage, assemble, parse_page
from xuxie.crawl.client import Client, fetch
from xuxie.crawl.grouping import is_heading
from xuxie.crawl.html import UnusablePage, parse_html
from xuxie.crawl.layout import lay_out
from xuxie.crawl.links import shape
from xuxie.crawl.refusals import check_page
from xuxie.crawl.retries import Failure
from xuxie.crawl.robots import Robots
from xuxie.crawl.rules import CatalogueRules
from xuxie.errors import ForbiddenError, NetworkError, NoChaptersError
from xuxie.language import tr

MAX_PAGES = 1000  # of one list
MAX_LEADS = 3  # links that are tried in search of the whole list
SPARSE = 2  # a list whose numbers go beyond so many times its length shows a part only


def read_catalogue(
    client: Client, robots: Robots, source: str, rules: CatalogueRules = NO_RULES
) -> Catalogue:
    """The whole catalogue of the book at `source`.

    Raises NetworkError, ForbiddenError, or NoChaptersError when nothing looks like a list of chapters.
    """
    start, html = load(client, robots, source, rules)
    first = start if rules.list else whole_list(client, robots, start, rules)
    if not first.chapters:
        refuse_blocked(html, source)
    del html  # a catalogue is large, and so is what is made of it
    catalogue = assemble(all_pages(client, robots, first, rules), ruled=rules.list is not None)
    is_heading.cache_clear()
    if first is start:
        return catalogue
    return Catalogue(details=start.details.completed_by(catalogue.details), entries=catalogue.entries)


def load(client: Client, robots: Robots, url: str, rules: CatalogueRules) -> tuple[CataloguePage, str]:
    """The page of a catalogue at `url`, and its HTML. Raises NetworkError or NoChaptersError."""
    response = fetch(client, url, robots.check)
    try:
        html = response.text()
    except Failure as failure:
        raise NetworkError(tr("{url}: {why}; check the address", url=url, why=failure)) from None
    return parse_page(html, response.url, rules), html


def whole_list(client: Client, robots: Robots, page: CataloguePage, rules: CatalogueRules) -> CataloguePage:
    """`page`, or the one with the whole list that it leads to."""
    leads = [url for url, sure in page.wholes if url not in listed(page) and (sure or is_part(page))]
    for url in leads[:MAX_LEADS]:
        try:
            found, _ = load(client, robots, url, rules)
        except NoChaptersError:
            continue
        except NetworkError:
            if page.chapters:
                continue
            raise
        if is_larger(found, page):
            return found
    return page


def is_part(page: CataloguePage) -> bool:
    """Whether a page seems to list only some of the chapters."""
    numbers = [number for link in page.chapters if (number := entry_number(link.text)) is not None]
    return not numbers or min(numbers) > SPARSE or max(numbers) > SPARSE * len(listed(page))


def is_larger(found: CataloguePage, page: CataloguePage) -> bool:
    """Whether `found` lists the same book's chapters, and more of them."""
    theirs, ours = listed(found), listed(page)
    if not theirs or not ours:
        return bool(theirs)
    if kinds(theirs).isdisjoint(kinds(ours)):
        return False
    return len(theirs) > len(ours) or bool(theirs - ours and (found.pages or found.following))


def listed(page: CataloguePage) -> set[str]:
    """The addresses of the chapters that a page lists."""
    return {link.url for link in page.chapters}


def kinds(urls: set[str]) -> set[object]:
    """The directories and shapes of addresses."""
    return {(shape(url), split_url(url).path.rpartition("/")[0]) for url in urls}


def all_pages(
    client: Client, robots: Robots, first: CataloguePage, rules: CatalogueRules
) -> list[CataloguePage]:
    """All pages of a list, in their order; each is fetched once. Raises NetworkError."""
    own = first.number or next(n for n in itertools.count(1) if n not in first.pages)
    known = {first.url: own}
    pages = {own: first}
    seen = [set(), listed(first)]
    waiting = leads(first, own, known)
    while waiting:
        number = min(waiting)
        url = waiting.pop(number)
        if len(pages) >= MAX_PAGES:
            raise NetworkError(
                tr("{url}: the catalogue has more than {count} pages", url=url, count=MAX_PAGES)
            )
        page, _ = load(client, robots, url, rules)
        known[page.url] = number
        if listed(page) in seen and not page.pages:  # the end, or a page that is none of the list
            continue
        seen.append(listed(page))
        pages[number] = page
        waiting |= leads(page, number, known)
    return [pages[number] for number in sorted(pages)]


def leads(page: CataloguePage, number: int, known: dict[str, int]) -> dict[int, str]:
    """The pages by number that `page` leads to and that are not known; they are from now on."""
    found = {at: url for at, url in page.pages.items() if url not in known and at not in known.values()}
    if page.following and page.following not in known and page.following not in found.values():
        after = number + 1
        if after not in known.values() and after not in found:
            found[after] = page.following
    known.update({url: at for at, url in found.items()})
    return found


def refuse_blocked(html: str, source: str) -> None:
    """Raise NetworkError or ForbiddenError when a page without chapters is a login, say."""
    try:
        tree = parse_html(html)
        lines = [line.text for line in lay_out(tree).lines]
        check_page(tree, "", lines, lines)
    except UnusablePage as why:
        kind = ForbiddenError if why.forbidden else NetworkError
        raise kind(
            tr("{url}: {why}; xuxie does not get around it, choose another site", url=source, why=why)
        ) from None
