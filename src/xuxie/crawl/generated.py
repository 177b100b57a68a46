"""Text that a page's own styles put into empty elements, where a program does not see it.

    tree = parse_html("<style>.a::before{content:attr(x)}</style><p class=a x='一。'></p>")
    generated_texts(tree) == {tree.css_first("p").mem_id: "一。"}

Sites keep some of a chapter's paragraphs so. What styles add to text, marks and icons, is none.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from xuxie.crawl.html import attribute

GENERATING = "attr("
RULE = re.compile(
    r"(?P<kind>[\w.#-]{1,60})::?(?:before|after)\s*\{[^{}]*?content\s*:\s*attr\(\s*(?P<name>[\w-]{1,60})\s*\)",
    re.IGNORECASE,
)
MAX_RULES = 20  # on a page; each is looked for in all of it


def generated_texts(tree: LexborHTMLParser) -> dict[int, str]:
    """What the styles of a page write into its empty elements, by their mem_id."""
    styles = [style.text() for style in tree.css("style")]
    rules = [rule for text in styles if GENERATING in text for rule in RULE.finditer(text)]
    found: dict[int, str] = {}
    for rule in rules[:MAX_RULES]:
        try:
            nodes = tree.css(rule["kind"])
        except SelectolaxError:  # not a selector after all
            continue
        name = rule["name"].lower()
        found |= {node.mem_id: text for node in nodes if is_empty(node) and (text := attribute(node, name))}
    return found


def is_empty(node: LexborNode) -> bool:
    """Whether an element holds nothing but blanks."""
    child = node.child
    return child is None or (
        child.next is None and child.is_text_node and not (child.text_content or "").strip()
    )
