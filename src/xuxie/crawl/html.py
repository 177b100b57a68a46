"""HTML into a tree, without trusting it.

    tree = parse_html(text)

Lexbor parses like a browser, so a hostile page can make it work in the square of its length: elements
nested without end, or formatting elements that are opened again in every paragraph. Such a page is
refused before it is parsed. So is one element with attributes beyond count, which Lexbor compares pairwise,
and a page of <option> elements beyond count.
"""

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.books.blanks import visible
from xuxie.language import tr


def tags(names: str) -> frozenset[str]:
    """A set of tag names."""
    return frozenset(names.split())


FORMATTING = tags("b big code em font i nobr s small strike strong tt u")
# Elements that never nest in themselves: void, or closed by the next of their kind.
FLAT = tags(
    "a area base br col dd dt embed hr img input li link meta option p param script source style td th "
    "tr track wbr"
)
MAX_NESTING_WORK = 20_000_000  # open elements, summed over all start tags: seconds at worst
MAX_FORMATTING_WORK = 3_000_000  # likewise, formatting elements alone: each may become a node
MAX_ATTRIBUTE_WORK = 1_000_000_000  # pairs of attributes of one element, summed: about two seconds
MAX_OPTIONS = 20_000  # of one page: all of a <select> are looked at again for each, two seconds at worst
FEW_TAGS, FEW_CHARACTERS = 2_000, 30_000  # within these, no page exceeds any of the four
LONG_TAG = 1000  # characters; the attributes of shorter ones need no counting
TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*+)""")
SEPARATOR = re.compile(r"""[\s/"']+""")
CJK = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
WRAPPED = re.compile(rf"(?<={CJK})[^\S\u3000]*\n[^\S\u3000]*(?={CJK})")
BLANKS = re.compile(r"[^\S\u3000]+")


class UnusablePage(Exception):  # noqa: N818 - says what the page is; it never leaves this room
    """A page that does not hold what was looked for; its text says why.

    `forbidden` is true where the site asks for a login, a payment or a proof of being human.
    """

    def __init__(self, reason: str, *, forbidden: bool = False) -> None:
        super().__init__(reason)
        self.forbidden = forbidden


def parse_html(html: str) -> LexborHTMLParser:
    """The page as a tree. Raises UnusablePage when it is nested beyond reason."""
    if nested_beyond_reason(html):
        raise UnusablePage(tr("the page is nested beyond reason"))
    return LexborHTMLParser(html)


def nested_beyond_reason(html: str) -> bool:
    """Whether parsing `html` could take very long or very much memory (an upper bound)."""
    if html.count("<") <= FEW_TAGS and len(html) <= FEW_CHARACTERS:
        return False
    opened: Counter[str] = Counter()
    depth = formatting = options = nesting_work = formatting_work = attribute_work = 0
    for tag in TAG.finditer(html):
        name = tag[2].lower()
        if len(tag[3]) > LONG_TAG:
            attribute_work += len(SEPARATOR.findall(tag[3])) ** 2
        if not tag[1]:
            nesting_work += depth
            formatting_work += formatting
            options += name == "option"
        if name not in FLAT:
            step = 1 if not tag[1] else -1 if opened[name] else 0
            opened[name] += step
            depth += step
            formatting += step if name in FORMATTING else 0
        if (
            options > MAX_OPTIONS
            or nesting_work > MAX_NESTING_WORK
            or formatting_work > MAX_FORMATTING_WORK
            or attribute_work > MAX_ATTRIBUTE_WORK
        ):
            return True
    return False


def tidy(text: str) -> str:
    """`text` as a browser shows it on one line; U+3000 stays inside and goes at both ends.

    A line break between two Chinese characters is the source's own and leaves no space; what nobody sees
    is no text.
    """
    text = text.strip()
    if text.isprintable() and "  " not in text:  # nearly all lines: neither breaks nor other blanks inside
        return text
    text = BLANKS.sub(" ", WRAPPED.sub("", text)).strip()
    return text if visible(text).strip() else ""


def compact(text: str) -> str:
    """`text` without any space, for comparing titles."""
    return "".join(text.split())


def size_of(text: str) -> int:
    """How many characters of `text` are no spaces."""
    if text.isprintable():  # so no other space is in it
        return len(text) - text.count(" ")
    return len(compact(text))


def text_of(node: LexborNode) -> str:
    """All text below a node, on one line."""
    return tidy(node.text(deep=True, separator=""))


def attribute(node: LexborNode, name: str) -> str:
    """An attribute's value, "" when it is absent or empty."""
    return node.attributes.get(name) or ""


def meta(tree: LexborHTMLParser, name: str) -> str:
    """The content of a <meta property=…> or <meta name=…>."""
    node = tree.css_first(f'meta[property="{name}"], meta[name="{name}"]')
    return tidy(attribute(node, "content")) if node else ""


def page_text(tree: LexborHTMLParser) -> str:
    """All text of a page."""
    return tree.body.text(deep=True, separator="\n") if tree.body else ""
