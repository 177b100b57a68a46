"""What a page's own styles hide from its readers.

    hidden = hidden_elements(parse_html("<style>li:nth-child(2){display:none}</style>…"))
    node.mem_id in hidden

Sites put false text and false links where only a program reads them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

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
MAY_BE_HIDDEN = "[hidden], [aria-hidden], [style]"
MAY_BE_NAMED = MAY_BE_HIDDEN + ", [class], [id]"
MAX_KINDS = 20  # of elements that a page hides by their places; each is looked for in all of it


def hidden_elements(tree: LexborHTMLParser) -> frozenset[int]:
    """The elements (by mem_id) that a page hides; what is in them is not named.

    By names in its style sheets, by places, and by an element's own attributes.
    """
    selectors = list(hiding_selectors(tree))
    names = frozenset(match[1] for each in selectors if (match := HIDDEN_NAME.fullmatch(each)))
    found = set(hidden_places(tree, selectors))
    for node in tree.css(MAY_BE_NAMED if names else MAY_BE_HIDDEN):
        values = node.attributes
        if (
            "hidden" in values
            or values.get("aria-hidden") == "true"
            or HIDDEN.search(values.get("style") or "")
            or (names and not names.isdisjoint(names_of(values)))
        ):
            found.add(node.mem_id)
    return frozenset(found)


def names_of(attributes: Mapping[str, str | None]) -> Iterator[str]:
    """What selectors call an element: its id and its classes."""
    yield f"#{attributes.get('id')}"
    for name in (attributes.get("class") or "").split():
        yield f".{name}"


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
