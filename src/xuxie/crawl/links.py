"""The links of a page with the captions between them, and the shape of their addresses.

    shape("https://example.com/book/12/1001.html") == ("example.com", "/book/0/", ".html", ())

The chapters of a book differ in little but a number, so their addresses share a shape; navigation and
recommendations have other ones. A caption may be a volume's name, or say that newest chapters follow.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.addresses import join, normalise, split_url
from xuxie.crawl.hiding import hidden_places
from xuxie.crawl.html import attribute, compact, tags, text_of, tidy
from xuxie.crawl.layout import INLINE, walk

LISTS = tags("ul ol dl table tbody div section article main body")
FURNITURE = tags("nav header footer")  # what is in it belongs to the site, not to the page
UNSHOWN = tags("script style noscript template iframe object svg math canvas select head title")
UNREAD = FURNITURE | UNSHOWN
CAPTIONS = tags("dt h2 h3 h4 h5 h6 th caption summary")  # what they say is about what follows
CAPTION_NAME = re.compile(r"volum|\bvol\b|juan|\btit(?:le)?\b", re.IGNORECASE)
NUMBER = re.compile(r"\d+")
DAY = re.compile(r"(?<=.)/(?:19|20)\d\d/\d\d/\d\d/$")  # behind a post's name and its category
MAX_TITLE = 200  # characters; a longer link text is no title
MAX_CAPTION = 80
CUT_SHORT = ("...", "…")
# In an address that a script would open: onclick="location.href='/book/1/3.html'".
QUOTED = re.compile(r"""['"]([^'"\s<>]{1,300}[/.?=][^'"\s<>]{0,300})['"]""")
SCRIPTED = ("data-href", "data-url", "data-link", "onclick", "href")
DATE = re.compile(
    r"\s*[-(（\[【]?\s*(?:更新(?:时间)?[:：]?\s*)?\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?[)）\]】]?$"
)


class Shape(NamedTuple):
    """What the addresses of one book's chapters have in common."""

    host: str
    directory: str  # with every number folded to 0
    extension: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)  # a catalogue has thousands
class Link:
    """One link of a page. `block` tells the list that it stands in."""

    url: str
    text: str
    block: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Caption:
    """A line that is no link; `marked` when its element says that it is a caption."""

    text: str
    marked: bool


def shape(url: str) -> Shape:
    """The shape of an address."""
    parts = split_url(url)
    directory, stem = split_path(parts.path.rstrip("/"))
    if match := DAY.search(parts.path):
        directory = match[0]
    if parts.path.endswith("/"):  # /book/12/first-night/
        stem = ""
    keys = (
        tuple(sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}))
        if parts.query
        else ()
    )
    extension = "." + stem.rpartition(".")[2] if "." in stem else ""
    return Shape(parts.host, NUMBER.sub("0", directory), extension if stem else "/", keys)


def split_path(path: str) -> tuple[str, str]:
    """Directory (with its slashes) and last part of a path."""
    directory, _, stem = path.rpartition("/")
    return directory + "/", stem


def base_address(tree: LexborHTMLParser, url: str) -> str:
    """What relative links start from: <base href>, or the page's own address."""
    base = tree.css_first("base[href]")
    return (base and join(url, attribute(base, "href"))) or url


def page_items(tree: LexborHTMLParser, url: str, within: str | None = None) -> list[Link | Caption]:
    """The links and captions of a page in its order.

    Links that lead nowhere, or back to the page, are left out; so are those neither in nor of the
    elements that the CSS selector `within` finds.
    """
    reader = Reader(base_address(tree, url), normalise(url))
    places = hidden_places(tree)
    outside = UNREAD if within is None else UNSHOWN

    def is_left_out(tag: str, node: LexborNode) -> bool:
        return tag in outside or (bool(places) and node.mem_id in places)

    if tree.root is not None:
        for opening, tag, node in walk(tree.root, is_left_out):
            reader.read(tag, node, opening=opening)
    reader.end_line()
    if within is not None:
        wanted = {node.mem_id for node in tree.css(within)}
        reader.found = [
            item for item in reader.found if isinstance(item, Caption) or is_inside(item[0], wanted)
        ]
    return with_blocks(reader.found)


def is_inside(node: LexborNode, wanted: set[int]) -> bool:
    """Whether a node, or an element around it, is one of the wanted."""
    return node.mem_id in wanted or any(above.mem_id in wanted for above in ancestors(node))


class Reader:
    """Turns the walk over a page into links (with their nodes) and captions."""

    def __init__(self, base: str, here: str) -> None:
        self.base, self.here = base, here
        self.found: list[tuple[LexborNode, str, str] | Caption] = []
        self.open: list[bool] = []  # <a> elements, and whether they lead anywhere
        self.links = 0  # of these, how many do
        self.pieces: list[str] = []
        self.marked = 0  # open elements that mark a caption
        self.line_marked = False

    def read(self, tag: str, node: LexborNode, *, opening: bool) -> None:
        """A node on the way in or out."""
        if not tag:
            if not self.links:
                self.pieces.append(node.text_content or "")
                self.line_marked = self.line_marked or self.marked > 0
        elif tag == "a":
            self.read_link(node, opening=opening)
        elif tag not in INLINE:
            self.end_line()
        if tag and is_marked(node):
            self.marked += 1 if opening else -1

    def read_link(self, node: LexborNode, *, opening: bool) -> None:
        """A link begins or ends; one that leads nowhere is text."""
        if not opening:
            self.links -= self.open.pop()
            return
        address = destination(node, self.base)
        self.open.append(address is not None)
        self.links += address is not None
        if address is not None:
            self.end_line()
            text = link_text(node)
            if address != self.here and 0 < len(text) <= MAX_TITLE:
                self.found.append((node, address, text))

    def end_line(self) -> None:
        """What was written since the last line is a caption, unless it is blank or long."""
        text = tidy("".join(self.pieces)) if self.pieces else ""
        if 0 < len(text) <= MAX_CAPTION:
            self.found.append(Caption(text=text, marked=self.line_marked))
        self.pieces.clear()
        self.line_marked = False


def is_marked(node: LexborNode) -> bool:
    """Whether an element is there to hold a caption."""
    if node.tag in CAPTIONS:
        return True
    names = node.attributes.get("class")
    return bool(names and CAPTION_NAME.search(names))


def with_blocks(found: Sequence[tuple[LexborNode, str, str] | Caption]) -> list[Link | Caption]:
    """Links with the list that they stand in: the nearest list-like element that holds two of them.

    A nearer one, which holds this link alone, is a row of the list.
    """
    shared = holding_two([item[0] for item in found if not isinstance(item, Caption)])
    blocks: dict[int, int] = {}

    def is_list(above: LexborNode) -> bool:
        return above.tag in LISTS and above.mem_id in shared

    return [
        item
        if isinstance(item, Caption)
        else Link(url=item[1], text=item[2], block=nearest(item[0], is_list, blocks))
        for item in found
    ]


def destination(node: LexborNode, base: str) -> str | None:
    """Where a link leads, also when a script opens it; None for nowhere."""
    values = node.attributes
    href = (values.get("href") or "").strip()
    if href and not href.startswith("#") and not href.lower().startswith("javascript:"):
        return join(base, href)
    for name in SCRIPTED:
        value = values.get(name) or ""
        if name.startswith("data-") and value:
            return join(base, value)
        if quoted := QUOTED.search(value):
            return join(base, quoted[1])
    return None


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
    """What a link says, without the date of its chapter.

    Its title attribute where the text is empty, cut short, or the title with something behind it.
    """
    text, title = text_of(node), tidy(attribute(node, "title"))
    for mark in CUT_SHORT:
        if text.endswith(mark) and title.startswith(text.removesuffix(mark)):
            return title
    if len(compact(title)) > 1 and compact(text).startswith(compact(title)):
        return title
    return (DATE.sub("", text) or text) if text else title
