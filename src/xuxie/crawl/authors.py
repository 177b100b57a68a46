"""Who wrote a book, as its page tells it.

    book_author(parse_html("<p>作者：沈灯</p>")) == "沈灯"

OpenGraph first, then the page's words, then what its markup says of the name: rel, itemprop, a class.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from xuxie.crawl.html import attribute, meta, page_text, text_of, tidy

AUTHOR = re.compile(r"作\s*者\s*[:：]\s*([^\s|/,，;；:：(（\[【]{1,30}+)(?![:：])")
AUTHOR_LABEL = re.compile(  # the name's own words go on to the end of the line
    r"(?:(?<!\w)authors?(?:\(s\))?|written by|tác giả|著者|작가)\s*[:：]\s*([^\n|,;:：(（\[【]{1,60})",
    re.IGNORECASE,
)
WRITTEN = re.compile(r"(?:^|[\s_｜|》-])([^\s_｜|《》-]{1,20})\s*著(?:$|[\s_｜|-])")
NOBODY = re.compile(
    r"n\s*/?\s*a|unknown|updating|none|null|anonymous author|đang cập nhật|\W*", re.IGNORECASE
)
MARKED = "[itemprop~=author], [rel~=author]"
NAMES = r"(?:author|writer|novelist|zuozhe|creator)(?:[_-]+(?:name|item|link|content))?"
CALLED = re.compile(rf"(?:^|[\s_-]){NAMES}(?=$|\s)")
BY = re.compile(r"^(?:by|作\s*者|著者?|authors?|writer|creator)(?:\s*[:：]\s*|\s+)", re.IGNORECASE)
NO_NAME = re.compile(r"[。！？!?…:：]|作者|作家|\b(?:authors?|more|all|sign|log)\b", re.IGNORECASE)
MAX_NAME = 40  # characters


def book_author(tree: LexborHTMLParser) -> str:
    """The author's name, "" where the page does not tell it."""
    if name := meta(tree, "og:novel:author"):
        return name
    page_title = tree.css_first("title")
    written = WRITTEN.search(text_of(page_title)) if page_title else None
    text = page_text(tree)
    said = AUTHOR.search(text) or written or AUTHOR_LABEL.search(text)
    names = [tidy(said[1])] if said else []
    return next((name for name in (*names, *marked(tree)) if not NOBODY.fullmatch(name)), "")


def marked(tree: LexborHTMLParser) -> Iterator[str]:
    """The names that markup says to be an author's: a book's data, rel, itemprop, a class."""
    yield from in_data(tree)
    yield from shared(text_of(node) for node in tree.css(MARKED))
    called = (node for node in tree.css("[class]") if CALLED.search(attribute(node, "class")))
    yield from shared(BY.sub("", text_of(node), count=1) for node in called)


def shared(texts: Iterable[str]) -> Iterator[str]:
    """The shortest name, where all others hold it: else other books' authors are named, or readers."""
    names = list(filter(is_name, texts))
    shortest = min(names, key=len, default="")
    if shortest and all(shortest in name for name in names):
        yield shortest


def is_name(text: str) -> bool:
    """Whether a text may be a name, by its length and what is not in it."""
    return 0 < len(text) <= MAX_NAME and not NO_NAME.search(text)


def in_data(tree: LexborHTMLParser) -> Iterator[str]:
    """The authors of books in a page's JSON-LD."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            names = list(authors_in(json.loads(node.text())))
        except (ValueError, RecursionError):
            continue
        yield from filter(is_name, names)


def authors_in(data: Any) -> Iterator[str]:
    """The names of authors of the books in `data`, which may be a list or hold a @graph."""
    if isinstance(data, list):
        for item in data[:20]:
            yield from authors_in(item)
    elif isinstance(data, dict):
        yield from authors_in(data.get("@graph", []))
        if str(data.get("@type")) in ("Book", "Novel", "CreativeWork", "CreativeWorkSeries"):
            authors = data.get("author")
            for author in authors if isinstance(authors, list) else [authors]:
                yield tidy(str(author.get("name", "") if isinstance(author, dict) else author or ""))
