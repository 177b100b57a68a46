"""What a page's own styles hide from its readers.

    hidden = Hidden(parse_html("<style>li:nth-child(2){display:none}</style>…"))
    hidden.holds(node)

Sites put false text and false links where only a program reads them.
"""

import re
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
PLACE = re.compile(r"[\w.#> -]{1,80}:nth-(?:last-)?(?:child|of-type)\(\d{1,4}\)", re.IGNORECASE)
MAX_PLACES = 100  # selectors of a page; each is looked for in all of it


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
    found: set[int] = set()
    places = filter(PLACE.fullmatch, hiding_selectors(tree) if selectors is None else selectors)
    for selector in list(places)[:MAX_PLACES]:
        try:
            found.update(node.mem_id for node in tree.css(selector))
        except SelectolaxError:  # not a selector after all
            continue
    return frozenset(found)
