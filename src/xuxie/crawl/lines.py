"""A page as a browser would lay it out: lines of text, and the blocks that hold them.

    page = lay_out(parse_html("<div id=content>　　一。<br>二。</div>"))
    [line.text for line in page.lines] == ["一。", "二。"]

Both are flat lists, built in one walk without recursion, so that depth costs nothing. Extraction
chooses among the blocks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.html import attribute, tags, tidy

SKIPPED = tags(
    "script style noscript template iframe object svg math canvas audio video nav header footer aside "
    "select option input button textarea label head title rp rt"
)
INLINE = tags(
    "a abbr b bdi bdo big cite code em font i ins kbd mark q rb ruby s samp small span strike strong sub "
    "sup time tt u var wbr"
)
HEADINGS = tags("h1 h2 h3 h4 h5 h6")
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# A line break in the source that is followed by an indentation begins a paragraph, as in plain text.
INDENTED = re.compile(r"\n[^\S\u3000\xa0]*(?=\u3000|\xa0\xa0)")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of text, in the `block` (an index into `Layout.blocks`) that holds it directly."""

    text: str
    block: int
    linked: int  # how many of its characters stand in links
    tag: str  # of its block


@dataclass(kw_only=True)
class Block:
    """A block element; its lines, with those of the blocks in it, are lines[first:last]."""

    tag: str
    name: str  # tag, class and id, with numbers folded: what equal parts of a page have in common
    parent: int
    first: int
    last: int = 0


@dataclass(kw_only=True)
class Layout:
    """The lines of a page in order, and its blocks, parents before children."""

    lines: list[Line] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def lay_out(tree: LexborHTMLParser, *, hidden: bool = False) -> Layout:
    """The visible text of a page; with `hidden`, also what its style attributes hide."""
    writer = Writer()
    root = tree.root
    if root is None:
        return writer.layout
    writer.open(root)
    for opening, node in walk(root, lambda node: skipped(node, hidden=hidden)):
        tag = node.tag or ""
        if node.is_text_node:
            writer.write(node.text_content or "")
        elif tag == "a":
            writer.links += 1 if opening else -1
        elif tag in ("br", "hr"):
            writer.end_line()
        elif tag not in INLINE:
            writer.open(node) if opening else writer.close()
    writer.close()
    return writer.layout


def walk(
    root: LexborNode, skipped: Callable[[LexborNode], bool]
) -> Iterator[tuple[bool, LexborNode]]:
    """Every node below `root` twice (text once): on the way in (True) and on the way out (False).

    Elements that are `skipped` are left out with all that is in them.
    """
    node, opening = root.child, True
    depth = 1
    while node is not None and depth:
        if opening and node.is_element_node and not skipped(node):
            yield True, node
            if node.child is not None:
                node, depth = node.child, depth + 1
                continue
            yield False, node
        elif opening and node.is_text_node:
            yield True, node
        elif not opening:
            yield False, node
        if node.next is not None:
            node, opening = node.next, True
        else:
            node, opening, depth = node.parent, False, depth - 1


def skipped(node: LexborNode, *, hidden: bool) -> bool:
    """Whether a node and all in it is not the page's text."""
    if node.tag in SKIPPED:
        return True
    attributes = node.attributes
    return not hidden and ("hidden" in attributes or bool(HIDDEN.search(attributes.get("style") or "")))


class Writer:
    """Turns the walk into lines and blocks."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.stack: list[int] = []
        self.links = 0  # <a> elements that are open
        self.pieces: list[str] = []
        self.linked = 0

    def open(self, node: LexborNode) -> None:
        """A block begins."""
        self.end_line()
        name = " ".join((node.tag or "", attribute(node, "class"), attribute(node, "id")))
        parent = self.stack[-1] if self.stack else -1
        self.stack.append(len(self.layout.blocks))
        self.layout.blocks.append(
            Block(
                tag=node.tag or "",
                name=re.sub(r"\d+", "0", name),
                parent=parent,
                first=len(self.layout.lines),
            )
        )

    def close(self) -> None:
        """The block that was opened last ends."""
        self.end_line()
        self.layout.blocks[self.stack.pop()].last = len(self.layout.lines)

    def write(self, text: str) -> None:
        """A text node."""
        first, *others = INDENTED.split(text.replace("\r\n", "\n"))
        self.add(first)
        for paragraph in others:
            self.end_line()
            self.add(paragraph)

    def add(self, piece: str) -> None:
        """A piece of the current line."""
        self.pieces.append(piece)
        if self.links:
            self.linked += len("".join(piece.split()))

    def end_line(self) -> None:
        """What was written since the last line is a line, unless it is blank."""
        if text := tidy("".join(self.pieces)):
            block = self.stack[-1]
            tag = self.layout.blocks[block].tag
            self.layout.lines.append(Line(text=text, block=block, linked=self.linked, tag=tag))
        self.pieces.clear()
        self.linked = 0
