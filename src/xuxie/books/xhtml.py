"""The paragraphs of an EPUB's XHTML document, with the anchors that its contents point to.

    blocks('<h1 id="c1">第一章</h1><p>汉<ruby>字<rt>zì</rt></ruby></p>')
    -> [Block(text="第一章", level=1, anchors=("c1",)), Block(text="汉字")]

Pure: a document's text in, its blocks out. Real books are read as HTML, for many are not well-formed.
"""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

BREAKING = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
DROPPED = frozenset(
    "rt rp script style head template title noscript iframe object audio video math".split()
)
# XHTML may close any element at once; HTML takes <title/> for an opening tag that swallows the rest.
SELF_CLOSED = re.compile(
    r"<(?!br\b|hr\b|img\b|input\b|link\b|meta\b|col\b|wbr\b)([A-Za-z][\w:.-]*)([^<>]*)/>"
)
WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
BREAK_BETWEEN_HANZI = re.compile(rf"(?<=[{WIDE}])[ \t\r\f]*\n\s*(?=[{WIDE}])")
SPACES = re.compile(r"[ \t\r\n\f]+")
BREAK = object()  # on the walker's stack: an element that breaks paragraphs ends here


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph. `level`: 1–6 for h1–h6, else 0. `anchors`: the ids met in it or just before it."""

    text: str
    level: int = 0
    anchors: tuple[str, ...] = ()


def parse(html: str) -> LexborHTMLParser:
    """The tree of an XHTML document."""
    return LexborHTMLParser(SELF_CLOSED.sub(r"<\1\2></\1>", html))


def blocks(html: str) -> list[Block]:
    """The document's paragraphs in order. Ids behind the last paragraph are on an empty last block."""
    collector = Collector()
    body = parse(html).body
    # A stack of one's own: hostile nesting is deeper than Python's.
    stack: list[object] = [body] if body else []
    while stack:
        item = stack.pop()
        if not isinstance(item, LexborNode):
            collector.close()
            continue
        tag = item.tag or ""
        if tag == "-text":
            collector.parts.append(item.text_content or "")
        elif not tag.startswith("-") and tag not in DROPPED:
            if tag in BREAKING:
                collector.close()
                stack.append(BREAK)
            collector.open(tag, item)
            stack.extend(reversed(list(item.iter(include_text=True))))
    collector.close()
    if collector.anchors:
        collector.blocks.append(Block(text="", anchors=tuple(collector.anchors)))
    return collector.blocks


class Collector:
    """The paragraph under way, and those that are done."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.parts: list[str] = []
        self.anchors: list[str] = []
        self.level = 0

    def open(self, tag: str, node: LexborNode) -> None:
        attributes = node.attributes
        for name in (attributes.get("id"), attributes.get("name") if tag == "a" else None):
            if name:
                self.anchors.append(name)
        if re.fullmatch("h[1-6]", tag):
            self.level = int(tag[1])

    def close(self) -> None:
        text = one_line("".join(self.parts))
        self.parts = []
        if text:
            self.blocks.append(Block(text=text, level=self.level, anchors=tuple(self.anchors)))
            self.anchors = []
            self.level = 0


def one_line(text: str) -> str:
    """White space as HTML sees it, but no space where a line breaks between two hanzi."""
    return SPACES.sub(" ", BREAK_BETWEEN_HANZI.sub("", text)).strip()
