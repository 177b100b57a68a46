"""Whose chapters links lead to: this book's, another's, or many books' newest.

    shares_directory("https://example.com/read/12/345.html", "https://example.com/book/12.html")

Addresses tell it by their directories and numbers; the words of links only where these count up.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl

from xuxie.books.headings import entry_number
from xuxie.crawl.addresses import split_url
from xuxie.crawl.links import NUMBER, Link, split_path

# Of a book, in a directory; a shorter one may be a shelf's, and /2024/05/ is a date.
LONG_NUMBER = re.compile(r"(?<!\d)(?!(?:19|20)\d\d/)\d{3,}")
NEWEST = 6  # chapters of a book, at most, that a list of books shows
LONE, FAR = 3, 30  # so few chapters, numbered from beyond this, are not the whole list
ORDER = re.compile(r"sort|order", re.IGNORECASE)
STEP = 3  # numbers of neighbours in one book differ by no more, mostly
FEW = 10  # links; a list of fewer is not that of a shelf of books
MOST = 0.8  # of a group: what so many have in common, all should


def shares_directory(link: str, url: str) -> bool:
    """Whether a link leads below the catalogue's directory, or names the same book by its number."""
    theirs, ours = split_url(link), split_url(url)
    if theirs.host != ours.host:
        return False
    directory, stem = split_path(ours.path)
    book, theirs_directory = (
        NUMBER.findall(stem) or LONG_NUMBER.findall(directory),
        split_path(theirs.path)[0],
    )
    if book and book[-1] in NUMBER.findall(theirs_directory):  # /book/12.html, /read/12/345.html
        return True
    if directory == "/" or (book and not NUMBER.search(directory)):
        return False
    return theirs.path.startswith(directory) and not is_sibling(theirs.path, ours.path)


def is_sibling(theirs: str, ours: str) -> bool:
    """Whether a link's path is that of another book, by a name beside this one's: /novel/that-one."""
    (home, name), (directory, own) = split_path(theirs), split_path(ours)
    return home == directory and "-" in own and not NUMBER.search(own + name)


def sorts(group: Sequence[Link], url: str) -> bool:
    """Whether links show the very page in other orders: ?orderby=views, ?sort=new."""
    keys = {key for link in group for key, _ in parse_qsl(split_url(link.url).query)}
    here = split_url(url).path
    return any(map(ORDER.search, keys)) and all(split_url(link.url).path == here for link in group)


def of_one_book(group: list[Link], url: str) -> list[Link]:
    """`group` without the chapters of other books, which recommendations link to.

    Two books' chapters differ in a directory, or in the value of a query key that one book's share.
    """
    homes = Counter(split_path(split_url(link.url).path)[0] for link in group)
    near = {
        home for home in homes if shares_directory(f"http://{split_url(group[0].url).host}{home}x", url)
    }
    main, size = homes.most_common(1)[0]
    if not near and size >= MOST * len(group):
        near = {main}
    if near:
        group = [link for link in group if split_path(split_url(link.url).path)[0] in near]
    queries = [dict(parse_qsl(split_url(link.url).query)) for link in group]
    for key in queries[0]:
        value, size = Counter(query.get(key) for query in queries).most_common(1)[0]
        if len(group) > size >= MOST * len(group):
            group = [link for link in group if dict(parse_qsl(split_url(link.url).query)).get(key) == value]
    return group


def of_many_books(group: Sequence[Link], url: str) -> bool:
    """Whether links lead to the newest chapters of many books, as a home page or a search has them.

    Each book has a directory of its own, from which the numbers do not count up to the next.
    """
    homes = [split_path(split_url(link.url).path.rstrip("/"))[0] for link in group]
    books = len(set(homes))
    numbers = [
        (home, number)
        for home, link in zip(homes, group, strict=True)
        if (number := entry_number(link.text)) is not None
    ]
    counted = sum(
        home != other and 0 < abs(first - second) <= STEP
        for (home, first), (other, second) in itertools.pairwise(numbers)
    )
    many = len(group) >= FEW and NEWEST * books >= len(group) and books >= min(FEW, MOST * len(group))
    return many and 2 * counted < books and not any(shares_directory(link.url, url) for link in group)


def are_newest(chapters: Sequence[Link]) -> bool:
    """Whether the few chapters that a page links are a book's newest alone: a script fills in its list."""
    numbers = [entry_number(link.text) for link in chapters]
    return len(numbers) <= LONE and all(number is not None and number > FAR for number in numbers)
