"""Text becomes lines, and these stand in blocks: what a page's layout is made of.

    writer = Writer()
    writer.open("div", node); writer.write("　　一。"); writer.break_line(); writer.close()
    writer.layout.lines[0].text == "一。"

Lines and blocks are flat lists. Extraction chooses among the blocks.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from xuxie.crawl.html import size_of, tags, tidy

HEADINGS = tags("h1 h2 h3 h4 h5 h6")
DIGITS = re.compile(r"\d+")
# A line break in the source that is followed by an indentation begins a paragraph, as in plain text.
INDENTED = re.compile(r"\n[^\S\u3000\xa0]*(?=\u3000|\xa0\xa0)")
ENDED = re.compile(r"""[。！？!?…”’」』》）)】\]~～：:；;.—"']$""")
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


@dataclass(kw_only=True, slots=True)
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

    def open(self, tag: str, node: LexborNode) -> None:
        """A block begins. Text before it that nothing else ends may go on behind it, if it is empty."""
        if self.pieces and self.end_line():
            self.cut = (len(self.layout.lines), self.stack[-1])
        attributes = node.attributes
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
        if self.pieces:
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

    def broken_text(self, tag: str, node: LexborNode, unseen: Collection[int]) -> bool:
        """Write a block of nothing but text and <br> at once: a chapter, mostly.

        From its serialisation, where text has no "<": to walk over many nodes costs more. False for all
        other nodes.
        """
        first = node.child
        if first is None or not (first.is_text_node or first.tag == "br"):
            return False
        second = first.next
        if second is None or not (first.tag == "br" or second.tag == "br"):
            return False
        if self.preformatted or self.wasted > MAX_WASTED:
            return False
        html = node.inner_html or ""
        broken = html.count("<") == html.count("<br>")
        if not broken or (unseen and any(child.mem_id in unseen for child in node.iter())):
            self.wasted += len(html)
            return False
        self.open(tag, node)
        first_line, *lines, rest = unescaped(html.replace("<br>", "\0")).split("\0")
        self.write(first_line)  # may go on with what stands before the block
        self.break_line()
        block, linked = self.stack[-1], self.links > 0
        for line in lines:
            if not (text := line.strip()):
                continue
            if text.isprintable() and "  " not in text:  # as `tidy` leaves it: nearly all lines
                size = len(text) - text.count(" ")
                self.layout.lines.append(Line(text, block, size, size if linked else 0, tag))
            else:
                self.write(line)
                self.break_line()
        if rest:
            self.write(rest)
        self.close()
        return True

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
