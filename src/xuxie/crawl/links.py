"""The links of a page, and the shape of their addresses.

    shape("https://example.com/book/12/1001.html") == ("example.com", "/book/0/", ".html", ())

The chapters of a book differ in little but a number, so their addresses share a shape; navigation and
recommendations have other ones.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.addresses import join, normalise
from xuxie.crawl.html import attribute, tags, text_of, tidy

LISTS = tags("ul ol dl table tbody div section article main body")
FURNITURE = tags("nav header footer")
NUMBER = re.compile(r"\d+")
MAX_TITLE = 200  # characters; a longer link text is no title
CUT_SHORT = ("...", "…")


class Shape(NamedTuple):
    """What the addresses of one book's chapters have in common."""

    host: str
    directory: str  # with every number folded to 0
    extension: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of a page. `block` tells the list that it stands in."""

    url: str
    text: str
    block: int


def shape(url: str) -> Shape:
    """The shape of an address."""
    parts = urlsplit(url)
    directory, stem = split_path(parts.path)
    keys = tuple(sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}))
    extension = "." + stem.rpartition(".")[2] if "." in stem else ""
    return Shape(parts.netloc, NUMBER.sub("0", directory), extension if stem else "/", keys)


def split_path(path: str) -> tuple[str, str]:
    """Directory (with its slashes) and last part of a path."""
    directory, _, stem = path.rpartition("/")
    return directory + "/", stem


def base_address(tree: LexborHTMLParser, url: str) -> str:
    """What relative links start from: <base href>, or the page's own address."""
    base = tree.css_first("base[href]")
    return (base and join(url, attribute(base, "href"))) or normalise(url)


def page_links(tree: LexborHTMLParser, url: str) -> list[Link]:
    """The links of a page in its order; those that lead nowhere, or back to the page, are left out."""
    base, here = base_address(tree, url), normalise(url)
    outside: dict[int, int] = {}
    blocks: dict[int, int] = {}
    nodes = [node for node in tree.css("a[href]") if not nearest(node, is_furniture, outside)]
    shared = holding_two(nodes)
    links = []
    for node in nodes:
        address, text = join(base, attribute(node, "href")), link_text(node)
        if address and address != here and 0 < len(text) <= MAX_TITLE:
            # A nearer list-like element, which holds this link alone, is a row of the list.
            block = nearest(node, lambda above: above.tag in LISTS and above.mem_id in shared, blocks)
            links.append(Link(url=address, text=text, block=block))
    return links


def is_furniture(node: LexborNode) -> bool:
    """Whether what is in a node belongs to the site, not to the page."""
    return node.tag in FURNITURE


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """The elements around a node, innermost first."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def nearest(node: LexborNode, accepts: Callable[[LexborNode], bool], known: dict[int, int]) -> int:
    """The nearest ancestor that is accepted, 0 for none; `known` keeps the time for all of them linear."""
    passed: list[int] = []
    found = 0
    for above in ancestors(node):
        if above.mem_id in known:
            found = known[above.mem_id]
            break
        passed.append(above.mem_id)
        if accepts(above):
            found = above.mem_id
            break
    known.update(dict.fromkeys(passed, found))
    return found


def holding_two(nodes: Sequence[LexborNode]) -> set[int]:
    """The elements that hold at least two of `nodes`."""
    one: set[int] = set()
    two: set[int] = set()
    for node in nodes:
        for above in ancestors(node):
            if above.mem_id in two:  # and so do all above it
                break
            (two if above.mem_id in one else one).add(above.mem_id)
    return two


def link_text(node: LexborNode) -> str:
    """What a link says; its title attribute where the text is empty or cut short."""
    text, title = text_of(node), tidy(attribute(node, "title"))
    for mark in CUT_SHORT:
        if text.endswith(mark) and title.startswith(text.removesuffix(mark)):
            return title
    return text or title
