"""A page as a browser would lay it out: lines of text, and the blocks that hold them.

    page = lay_out(parse_html("<div id=content>　　一。<br>二。</div>"))
    [line.text for line in page.lines] == ["一。", "二。"]

Both are flat lists, built in one walk without recursion, so that depth costs nothing. Extraction
chooses among the blocks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.hiding import Hidden
from xuxie.crawl.html import size_of, tags, tidy

SKIPPED = tags(
    "script style noscript template iframe object svg math canvas audio video nav header footer aside "
    "select option input button textarea label head title rp rt"
)
INLINE = tags(
    "a abbr b bdi bdo big cite code em font i ins kbd mark q rb ruby s samp small span strike strong sub "
    "sup time tt u var wbr"
)
BREAKS = tags("br p")
HEADINGS = tags("h1 h2 h3 h4 h5 h6")
DIGITS = re.compile(r"\d+")
# A line break in the source that is followed by an indentation begins a paragraph, as in plain text.
INDENTED = re.compile(r"\n[^\S\u3000\xa0]*(?=\u3000|\xa0\xa0)")
ENDED = re.compile(r"""[。！？!?…”’」』》）)】\]~～：:；;.—"']$""")
# In a block of nothing but text, <br> and bare <p>: a paragraph that is no single line.
NO_LINE = re.compile("<p>(?:</p>|[^<]*(?:<br>|\n))")
MIN_PLAIN, PLAIN = 4, 0.9  # lines of a text node, and how many of them must end like a sentence
MAX_WASTED = 2_000_000  # characters serialised in vain; nested blocks could make it the square of a page
MIN_CUT = 16  # characters; what an empty block divides is a paragraph, not a heading


class Line(NamedTuple):
    """A line of text, in the `block` (an index into `Layout.blocks`) that holds it directly."""

    text: str
    block: int
    size: int  # characters, without spaces
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


def lay_out(tree: LexborHTMLParser, *, hidden: bool = False, links: bool = True) -> Layout:
    """The visible text of a page; with `hidden`, also what its styles hide.

    Without `links` no text counts as a link's: for a page on which an unclosed <a> holds the chapter.
    """
    writer = Writer()
    root = tree.root
    if root is None:
        return writer.layout
    unseen = None if hidden else Hidden(tree)
    whole = unseen is None or not unseen.places  # or else a single <p> or <br> may be hidden
    writer.open(root)

    def dealt_with(node: LexborNode) -> bool:
        tag = node.tag
        if tag in SKIPPED or (unseen is not None and unseen.holds(node)):
            return True
        if tag == "p" and writer.paragraph(node):
            return True
        return whole and tag not in INLINE and tag != "pre" and writer.plain_block(node)

    for opening, node in walk(root, dealt_with):
        if node.is_text_node:
            writer.write(node.text_content or "")
            continue
        tag = node.tag or ""
        if tag in ("br", "hr"):
            if opening:
                writer.break_line()
        elif tag not in INLINE:
            writer.open(node) if opening else writer.close()
            if tag == "pre":
                writer.preformatted += 1 if opening else -1
        elif tag == "a" and links and not is_anchor(node):
            writer.links += 1 if opening else -1
    writer.close()
    return writer.layout


def walk(root: LexborNode, skipped: Callable[[LexborNode], bool]) -> Iterator[tuple[bool, LexborNode]]:
    """Every node below `root` twice (text once): on the way in (True) and on the way out (False).

    Elements that are `skipped` are left out with all that is in them.
    """
    node, opening = root.child, True
    depth = 1
    while node is not None and depth:
        if not opening:
            yield False, node
        elif node.is_text_node:
            yield True, node
        elif node.is_element_node and not skipped(node):
            yield True, node
            if (child := node.child) is not None:
                node, depth = child, depth + 1
                continue
            yield False, node
        if (following := node.next) is not None:
            node, opening = following, True
        else:
            node, opening, depth = node.parent, False, depth - 1


def is_anchor(node: LexborNode) -> bool:
    """Whether an <a> only names a place of the page, and may, unclosed, hold all of the text."""
    attributes = node.attributes
    return "href" not in attributes and ("name" in attributes or "id" in attributes)


def is_plain_text(text: str) -> bool:
    """Whether a text node is laid out in paragraphs by its line breaks, which a style then shows."""
    if text.count("\n") < MIN_PLAIN:
        return False
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return len(lines) >= MIN_PLAIN and sum(bool(ENDED.search(line)) for line in lines) >= PLAIN * len(lines)


@lru_cache(maxsize=1024)  # a site's pages are alike
def block_name(tag: str, classes: str | None, own: str | None) -> str:
    """What equal parts of a page have in common."""
    return tag + DIGITS.sub("0", f" {classes or ''} {own or ''}")


def unescaped(html: str) -> str:
    """The text that Lexbor serialised."""
    if "&" not in html:
        return html
    plain = html.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">")
    return plain.replace("&amp;", "&")


class Writer:
    """Turns the walk into lines and blocks."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.stack: list[int] = []
        self.links = 0  # <a> elements that are open
        self.pieces: list[str] = []
        self.linked = 0
        self.wasted = 0  # characters that were serialised in vain
        self.preformatted = 0  # <pre> elements that are open
        self.cut = (-1, -1)  # how many lines there were, and in which block, when one was cut

    def open(self, node: LexborNode) -> None:
        """A block begins. Text before it that nothing else ends may go on behind it, if it is empty."""
        if self.end_line():
            self.cut = (len(self.layout.lines), self.stack[-1])
        tag, attributes = node.tag or "", node.attributes
        name = block_name(tag, attributes.get("class"), attributes.get("id")) if attributes else tag
        parent = self.stack[-1] if self.stack else -1
        self.stack.append(len(self.layout.blocks))
        self.layout.blocks.append(
            Block(
                tag=tag,
                name=name,
                parent=parent,
                first=len(self.layout.lines),
            )
        )

    def close(self) -> None:
        """The block that was opened last ends."""
        self.end_line()
        self.layout.blocks[self.stack.pop()].last = len(self.layout.lines)

    def paragraph(self, node: LexborNode) -> bool:
        """Write a bare <p> that holds nothing but text, at once: most of a chapter is made of these.

        Its line is one of the block around it, as block scores take it anyway. False for all other nodes.
        """
        child = node.child if not self.preformatted else None
        if child is None or not child.is_text_node or child.next is not None or node.attributes:
            return False
        text = child.text_content or ""
        if "\n" in text:
            return False
        if self.end_line():
            self.cut = (len(self.layout.lines), self.stack[-1])
        self.add_line(text, "p")
        return True

    def plain_block(self, node: LexborNode) -> bool:
        """Write a block of nothing but text, <br> and bare <p> at once: a chapter, mostly.

        From its serialisation, where text has no "<": to walk over many nodes costs more. False for all
        other nodes.
        """
        first = node.child
        second = first and (first.next or first)
        if first is None or second is None or not (second.tag in BREAKS or first.tag in BREAKS):
            return False
        last = node.last_child
        if last is None or not (last.is_text_node or last.tag in BREAKS):
            return False
        if self.preformatted or self.wasted > MAX_WASTED:
            return False
        html = node.inner_html or ""
        marks = html.count("<br>") + html.count("<p>") + html.count("</p>")
        if html.count("<") != marks or NO_LINE.search(html):
            self.wasted += len(html)
            return False
        self.open(node)
        for place, piece in enumerate(html.split("<p>")):
            inner, closing, after = piece.partition("</p>") if place else ("", "", piece)
            if closing:
                if self.end_line():
                    self.cut = (len(self.layout.lines), self.stack[-1])
                self.add_line(unescaped(inner), "p")
            self.broken_lines(after)
        self.close()
        return True

    def broken_lines(self, html: str) -> None:
        """Text with <br> in it."""
        *lines, rest = unescaped(html.replace("<br>", "\0")).split("\0")
        tag = self.layout.blocks[self.stack[-1]].tag
        for line in lines:
            text = line.strip()
            if self.pieces or self.cut[1] >= 0 or "\n" in text:
                self.write(line)
                self.break_line()
            elif text:
                self.add_line(text, tag)
        if rest:
            self.write(rest)

    def add_line(self, text: str, tag: str) -> None:
        """A text that is a line of its own, unless it is blank."""
        if text := tidy(text):
            size = size_of(text)
            self.layout.lines.append(Line(text, self.stack[-1], size, size if self.links else 0, tag))
            self.cut = (-1, -1)

    def write(self, text: str) -> None:
        """A text node."""
        if text.isascii() and text.isspace() and not self.preformatted:  # between two elements, mostly
            if self.pieces:
                self.pieces.append(text)
            return
        if "\n" not in text:
            self.add(text)
            return
        text = text.replace("\r\n", "\n")
        plain = self.preformatted or is_plain_text(text)
        first, *others = text.split("\n") if plain else INDENTED.split(text)
        self.add(first)
        for paragraph in others:
            self.break_line()
            self.add(paragraph)

    def add(self, piece: str) -> None:
        """A piece of the current line."""
        if self.cut[1] >= 0 and piece.strip():
            self.resume()
        self.pieces.append(piece)
        if self.links:
            self.linked += size_of(piece)

    def resume(self) -> None:
        """Go on with the last line where only an empty block (an advertisement) divided a sentence."""
        lines = self.layout.lines
        if self.cut == (len(lines), self.stack[-1]):
            last = lines[-1]
            if len(last.text) >= MIN_CUT and not ENDED.search(last.text):
                lines.pop()
                self.pieces.insert(0, last.text)
                self.linked += last.linked
                for block in reversed(self.layout.blocks):  # the empty ones between
                    if block.first <= len(lines):
                        break
                    block.first = block.last = len(lines)
        self.cut = (-1, -1)

    def break_line(self) -> None:
        """What was written since the last line is a line, and what follows is another."""
        self.end_line()
        self.cut = (-1, -1)

    def end_line(self) -> bool:
        """Make what was written since the last line a line, unless it is blank; whether it was one."""
        if not self.pieces:
            return False
        text = tidy("".join(self.pieces))
        if text:
            block = self.stack[-1]
            tag = self.layout.blocks[block].tag
            self.layout.lines.append(Line(text, block, size_of(text), self.linked, tag))
        self.pieces.clear()
        self.linked = 0
        return bool(text)
