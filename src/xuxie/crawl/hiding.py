"""What a page's own styles hide from its readers.

    hidden = Hidden(parse_html("<style>li:nth-child(2){display:none}</style>…"))
    hidden.holds(node)

Sites put false text and false links where only a program reads them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

HIDING = (
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|(?:left|top|text-indent)\s*:\s*-\d{3,}"
)
HIDDEN = re.compile(HIDING, re.IGNORECASE)
NO_RULES = re.compile(  # at-rules, comments, and what hides a style sheet from old browsers
    r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|/\*.*?\*/|<!\[CDATA\[|\]\]>|<!--|-->", re.DOTALL
)
HIDING_RULE = re.compile(rf"([^{{}}]{{1,200}})\{{[^{{}}]*(?:{HIDING})", re.IGNORECASE)
HIDDEN_NAME = re.compile(r"(?:[a-z]+)?([.#][\w-]+)", re.IGNORECASE)
PLACE = re.compile(
    r"(?P<kind>[\w.#-]{1,60}(?:\s*>\s*[\w.#-]{1,60}){0,3}):nth-(?P<last>last-)?child\((?P<number>\d{1,4})\)",
    re.IGNORECASE,
)
MAX_KINDS = 20  # of elements that a page hides by their places; each is looked for in all of it


class Hidden:
    """What a page hides: by names in its style sheets, by places, and by an element's own style."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        selectors = list(hiding_selectors(tree))
        self.names = frozenset(match[1] for each in selectors if (match := HIDDEN_NAME.fullmatch(each)))
        self.places = hidden_places(tree, selectors)

    def holds(self, node: LexborNode) -> bool:
        """Whether a node is hidden; what is around it is not looked at."""
        if self.places and node.mem_id in self.places:
            return True
        attributes = node.attributes
        if not attributes:
            return False
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return True
        if HIDDEN.search(attributes.get("style") or ""):
            return True
        if not self.names:
            return False
        classes = (attributes.get("class") or "").split()
        return f"#{attributes.get('id')}" in self.names or any(f".{name}" in self.names for name in classes)


def hiding_selectors(tree: LexborHTMLParser) -> Iterator[str]:
    """The selectors of a page's own style sheets whose rules hide something."""
    for style in tree.css("style"):
        for rule in HIDING_RULE.finditer(NO_RULES.sub("", style.text())):
            yield from (part.strip() for part in rule[1].split(","))


def hidden_places(tree: LexborHTMLParser, selectors: list[str] | None = None) -> frozenset[int]:
    """The elements (by mem_id) that a style sheet hides by their places: the second of a list, say.

    A reader never sees them, whereas what has a hidden name may be folded up and shown on request.
    """
    numbers: defaultdict[str, set[int]] = defaultdict(set)  # from the end: negative
    for selector in hiding_selectors(tree) if selectors is None else selectors:
        if match := PLACE.fullmatch(selector):
            numbers[match["kind"]].add(int(match["number"]) * (-1 if match["last"] else 1))
    found: set[int] = set()
    known: dict[int, dict[int, tuple[int, int]]] = {}  # an element's children's places, from both ends
    for kind, wanted in list(numbers.items())[:MAX_KINDS]:
        try:
            nodes = tree.css(kind)
        except SelectolaxError:  # not a selector after all
            continue
        for node in nodes:
            if node.parent is None:
                continue
            around = node.parent.mem_id
            if around not in known:
                known[around] = places_below(node.parent)
            if not wanted.isdisjoint(known[around].get(node.mem_id, ())):
                found.add(node.mem_id)
    return frozenset(found)


def places_below(parent: LexborNode) -> dict[int, tuple[int, int]]:
    """The place of each child element (by mem_id), from the start and, negative, from the end.

    Lexbor's own :nth-child counts anew for every element, in the square of their number.
    """
    children = [child.mem_id for child in parent.iter() if child.is_element_node]
    return {child: (place + 1, place - len(children)) for place, child in enumerate(children)}
