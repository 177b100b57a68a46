"""The paragraphs of an EPUB's XHTML document, with the anchors that its contents point to.

    blocks('<h1 id="c1">第一章</h1><p>汉<ruby>字<rt>zì</rt></ruby></p>')
    -> [Block(text="第一章", level=1, anchors=("c1",)), Block(text="汉字")]

Pure: a document's text in, its blocks out. Real books are read as HTML, for many are not well-formed.
"""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BREAKING = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "br",
            "caption",
            "center",
            "dd",
            "details",
            "div",
        ),
        *(
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "header",
            "hr",
            "li",
            "main",
            "nav",
        ),
        *("ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
        *HEADINGS,
    )
)
DROPPED = frozenset(
    (
        *("rt", "rp", "script", "style", "head", "template", "title", "noscript", "iframe", "object"),
        *("audio", "video", "math"),
    )
)
# XHTML may close any element at once; HTML takes <title/> for an opening tag that swallows the rest.
SELF_CLOSED = re.compile(r"<(?!(?:br|hr|img|input|link|meta|col|wbr)\b)([A-Za-z][\w:.-]*)([^<>]*)/>")
WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
BREAK_BETWEEN_HANZI = re.compile(rf"(?<=[{WIDE}])[ \t\r\f]*\n\s*(?=[{WIDE}])")
SPACES = re.compile(r"[ \t\r\n\f]+")


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
    # A stack of one's own: hostile nesting is deeper than Python's. A string on it ends that element.
    stack: list[LexborNode | str] = [body] if body else []
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            collector.close(item)
            continue
        tag = item.tag or ""
        if tag == "-text":
            collector.parts.append(item.text_content or "")
        elif not tag.startswith("-") and tag not in DROPPED:
            collector.open(tag, item)
            if tag in BREAKING:
                stack.append(tag)
            stack.extend(reversed(list(item.iter(include_text=True))))
    collector.flush()
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
        """An element begins: note its ids, and whether it is a heading."""
        if tag in BREAKING:
            self.flush()
        attributes = node.attributes
        for name in (attributes.get("id"), attributes.get("name") if tag == "a" else None):
            if name:
                self.anchors.append(name)
        if tag in HEADINGS:
            self.level = int(tag[1])

    def close(self, tag: str) -> None:
        """An element that breaks paragraphs ends."""
        self.flush()
        if tag in HEADINGS:
            self.level = 0

    def flush(self) -> None:
        """The paragraph under way, if there is one, is done."""
        text = one_line("".join(self.parts))
        self.parts = []
        if text:
            self.blocks.append(Block(text=text, level=self.level, anchors=tuple(self.anchors)))
            self.anchors = []


def one_line(text: str) -> str:
    """White space as HTML sees it, but no space where a line breaks between two hanzi."""
    return SPACES.sub(" ", BREAK_BETWEEN_HANZI.sub("", text)).strip()
