"""A chapter's text out of its page, by the page's structure alone.

    paragraphs = extract_chapter(html, "第一章 起点")

The block with the densest prose is the chapter: lines count by length and punctuation, links and a
site's own phrases do not. What stands before the chapter's heading is not part of it. Lines are
otherwise taken as they are; cleaning, which sees all chapters, comes later.
"""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.books.headings import chapter_number
from xuxie.crawl.blocks import (
    PUNCTUATION,
    block_scores,
    innermost,
    is_linked,
    is_site,
    named_text,
    navigation,
    twins,
    weigh_less,
    weight,
)
from xuxie.crawl.details import selected
from xuxie.crawl.html import UnusablePage, compact, parse_html, text_of
from xuxie.crawl.layout import lay_out
from xuxie.crawl.lines import HEADINGS, Layout, Line
from xuxie.crawl.parts import forward_links
from xuxie.crawl.refusals import check_page
from xuxie.crawl.responses import Page
from xuxie.crawl.rules import ChapterRules
from xuxie.language import tr

LEAST = 1.0  # of prose: four characters without punctuation
FEW = 60  # characters of prose; a page with less is read a second time, less strictly
MUCH_MORE = 5  # times what was found at first
PROSE = 0.5  # of the characters of a text that is all link; a list of chapters has less
A_PAGE = 300  # characters of prose, where something was found at first
TURNING = r"(?:上|下|前|[后後])[一1]?[页頁章节節回话話]|(?:返回)?目[录錄]"
TURN = re.compile(rf"\W*(?:{TURNING})(?:{TURNING}|\W)*|\W", re.IGNORECASE)  # a lone mark is left of such
MAX_TURN = 20  # characters
MAX_HEADING = 60  # characters
NO_RULES = ChapterRules()


class Part(NamedTuple):
    """What one page of a chapter says: plain data, which may come from another process."""

    paragraphs: list[str]
    headings: list[str]  # the lines above the text that may be the chapter's title
    below: list[str]  # the lines that follow the text
    links: list[tuple[str, str]]  # those that lead forward: what they say, and their addresses


def extract_chapter(html: str, title: str) -> list[str]:
    """The paragraphs of the chapter `title` on the page `html`.

    Raises UnusablePage when the page is a login, block, payment, rate-limit or error page, or holds
    no text.
    """
    return read_part(Page(url="", text=html), title).paragraphs


def read_part(page: Page, title: str, rules: ChapterRules = NO_RULES) -> Part:
    """What a page of the chapter `title` says. Raises UnusablePage like `extract_chapter`."""
    tree = parse_html(page.text)
    layout = lay_out(tree)
    if rules.body:
        found = ruled_lines(tree, rules.body, title)
        size = sum(map(weight, found))
    else:
        found, size = chapter_lines(layout, title)
        if size < FEW:
            layout, found, size = less_strict(tree, layout, found, size, title)
    paragraphs = [line.text for line in found]
    lines = [line.text for line in layout.lines]
    check_page(tree, title, paragraphs, lines)
    if size < LEAST:
        raise UnusablePage(tr("there is no text on the page"))
    headings = [selected(tree, rules.title)] if rules.title else headings_above(tree, layout, found)
    end = lines.index(paragraphs[-1]) + 1 if paragraphs[-1] in lines else len(lines)
    return Part(paragraphs, headings, lines[end:], forward_links(tree, page.url, rules.next))


def less_strict(
    tree: LexborHTMLParser, layout: Layout, found: list[Line], size: float, title: str
) -> tuple[Layout, list[Line], float]:
    """A page that seems to hold nothing, read again: hidden until a script shows it, or all link."""
    shown = lay_out(tree, hidden=True)
    plain = lay_out(tree, links=False)
    for other, least in ((shown, A_PAGE if found else 0), (plain, A_PAGE)):
        lines, prose = chapter_lines(other, title)
        if prose > max(MUCH_MORE * size, least) and prose > PROSE * sum(line.size for line in lines):
            return other, lines, prose
    return layout, found, size


def ruled_lines(tree: LexborHTMLParser, selector: str, title: str) -> list[Line]:
    """The lines in the elements that a site rule names."""
    outer: list[LexborNode] = []
    for node in tree.css(selector):
        if not outer or outer[-1].html is None or (node.html or "") not in outer[-1].html:
            outer.append(node)
    pages = [lay_out(LexborHTMLParser(node.html or ""), hidden=True) for node in outer]
    lines = [line for page in pages for line in page.lines]
    return [line for line in lines if not is_linked(line) and not is_title(line, title)]


def headings_above(tree: LexborHTMLParser, layout: Layout, found: Sequence[Line]) -> list[str]:
    """What may name the chapter: headings above its text, else short lines there and the page's title."""
    above = list(takewhile(lambda line: line is not found[0], layout.lines)) if found else []
    headings = [line.text for line in above if line.tag in HEADINGS]
    if any(chapter_number(heading) is not None for heading in headings):
        return headings
    short = [line.text for line in above if len(line.text) <= MAX_HEADING and not line.linked]
    name = tree.css_first("title")
    return [*headings, *short, *([text_of(name)] if name else [])]


def chapter_lines(layout: Layout, title: str) -> tuple[list[Line], float]:
    """The lines of the chapter, and how much prose they hold; none when there is no prose."""
    start = heading_place(layout.lines, title)
    weights = [weight(line) if place >= start else 0.0 for place, line in enumerate(layout.lines)]
    if not any(weights):
        start, weights = 0, [weight(line) for line in layout.lines]
    prose = list(weights)
    beside = weigh_less(layout, weights, start)
    scores = block_scores(layout, weights)
    best = max(range(len(scores)), key=lambda index: scores[index], default=None)
    if best is None or not scores[best]:
        return [], 0.0
    best = named_text(layout.blocks, weights, best)
    parts = twins(layout.blocks, scores, innermost(layout.blocks, weights, best))
    places = sorted(
        {
            place
            for part in parts
            for place in range(max(start, layout.blocks[part].first), layout.blocks[part].last)
        }
    )
    furniture = navigation(layout, weights, parts) | beside
    places = [
        place
        for place in places
        if place not in furniture
        and not is_linked(line := layout.lines[place])
        and not is_title(line, title)
    ]
    lines = [layout.lines[place] for place in places]
    first, last = framed(lines, parts)
    return lines[first:last], sum([prose[place] for place in places[first:last]])


def heading_place(lines: Sequence[Line], title: str) -> int:
    """Where the chapter begins: behind the heading that says its title; 0 when there is none."""
    for place, line in enumerate(lines):
        if line.tag in HEADINGS and same_title(line.text, title):
            return place + 1
    return 0


def same_title(text: str, title: str) -> bool:
    """Whether a heading says `title`, perhaps with the book's name or a page number around it."""
    if not compact(title):
        return False
    if compact(title) in compact(text):
        return True
    number = chapter_number(title)
    return number is not None and number == chapter_number(text)


def is_title(line: Line, title: str) -> bool:
    """Whether a line is the chapter's heading."""
    return line.tag in HEADINGS and same_title(line.text, title)


def framed(lines: Sequence[Line], chosen: set[int]) -> tuple[int, int]:
    """Where the text begins and ends among `lines`: within what only frames it.

    At both ends, short lines of another kind of block go: date and author below the heading, "(本章完)" in
    a box of its own, the words of a link to turn the page, what a site says of itself in a box; never else
    a line with punctuation.
    """
    sizes: dict[str, int] = {}
    boxes: dict[int, list[Line]] = {}
    for line in lines:
        kind = "" if line.block in chosen else line.tag
        sizes[kind] = sizes.get(kind, 0) + len(line.text)
        if kind:
            boxes.setdefault(line.block, []).append(line)
    usual = max(sizes, key=lambda kind: sizes[kind], default="")

    def frames(line: Line) -> bool:
        other = line.block not in chosen and line.tag not in ("p", usual)
        if len(line.text) < MAX_TURN and TURN.fullmatch(line.text):
            return True
        box = boxes.get(line.block, [])
        return (other and not PUNCTUATION.search(line.text)) or (len(box) > 1 and is_site(box))

    first, last = 0, len(lines)
    while first < last and frames(lines[first]):
        first += 1
    while first < last and frames(lines[last - 1]):
        last -= 1
    return first, last
