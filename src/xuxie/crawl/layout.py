"""A page as a browser would lay it out: lines of text, and the blocks that hold them.

    page = lay_out(parse_html("<div id=content>　　一。<br>二。</div>"))
    [line.text for line in page.lines] == ["一。", "二。"]

One walk without recursion, so that depth costs nothing. How text becomes lines is in lines.py.
"""

from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.generated import generated_texts
from xuxie.crawl.hiding import hidden_elements
from xuxie.crawl.html import tags
from xuxie.crawl.lines import Layout, Writer

SKIPPED = tags(
    "script style noscript template iframe object svg math canvas audio video nav header footer aside "
    "select option input button textarea label head title rp rt"
)
INLINE = tags(
    "a abbr b bdi bdo big cite code em font i ins kbd mark q rb ruby s samp small span strike strong sub "
    "sup time tt u var wbr"
)
BREAKS = tags("br hr")
SELDOM_BROKEN = INLINE | BREAKS | tags("pre")  # what is never written at once as a block of text and <br>


def lay_out(tree: LexborHTMLParser, *, hidden: bool = False, links: bool = True) -> Layout:
    """The visible text of a page; with `hidden`, also what its styles hide.

    Without `links` no text counts as a link's: for a page on which an unclosed <a> holds the chapter.
    """
    writer = Writer()
    root = tree.root
    if root is None:
        return writer.layout
    unseen = frozenset() if hidden else hidden_elements(tree)
    generated = generated_texts(tree)
    writer.open(root.tag or "", root)
    linked: list[bool] = []  # <a> elements that are open, and whether what they hold counts as a link

    def dealt_with(tag: str, node: LexborNode) -> bool:
        if tag in SKIPPED or (unseen and node.mem_id in unseen):
            return True
        if tag == "p" and writer.paragraph(node):
            return True
        return tag not in SELDOM_BROKEN and "=" not in tag and writer.broken_text(tag, node, unseen)

    for opening, tag, node in walk(root, dealt_with):
        if not tag:
            writer.write(node.text_content or "")
        elif tag == "a":
            if opening:
                linked.append(links and not is_anchor(node))
                writer.links += linked[-1]
            else:
                writer.links -= linked.pop()
        elif tag in BREAKS:
            if opening:
                writer.break_line()
        elif tag not in INLINE and "=" not in tag:  # <istyle='…'> lacks a blank; a browser shows it inline
            writer.open(tag, node) if opening else writer.close()
            if tag == "pre":
                writer.preformatted += 1 if opening else -1
        if generated and opening and tag and node.mem_id in generated:
            writer.write(generated[node.mem_id])
    writer.close()
    return writer.layout


def walk(
    root: LexborNode, skipped: Callable[[str, LexborNode], bool]
) -> Iterator[tuple[bool, str, LexborNode]]:
    """Every node below `root` with its tag, twice: on the way in (True) and on the way out (False).

    Text has no tag and comes once. Elements that are `skipped` are left out with all that is in them.
    """
    node = root.child
    around: list[tuple[str, LexborNode]] = []  # the elements that are open, outermost first
    while node is not None:
        if node.is_text_node:
            yield True, "", node
        elif node.is_element_node and not skipped(tag := node.tag or "", node):
            yield True, tag, node
            if (child := node.child) is not None:
                around.append((tag, node))
                node = child
                continue
            yield False, tag, node
        node = node.next
        while node is None and around:
            tag, outer = around.pop()
            yield False, tag, outer
            node = outer.next


def is_anchor(node: LexborNode) -> bool:
    """Whether an <a> only names a place of the page, and may, unclosed, hold all of the text."""
    attributes = node.attributes
    return "href" not in attributes and ("name" in attributes or "id" in attributes)
