"""A chapter's text out of its page, by the page's structure alone.

    paragraphs = extract_chapter(html, "第一章 起点")

The block with the densest prose is the chapter: lines count by length and punctuation, links and a
site's own phrases do not. What stands before the chapter's heading is not part of it. Lines are
otherwise taken as they are; cleaning, which sees all chapters, comes later.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, takewhile

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.books.headings import chapter_number
from xuxie.crawl.details import selected
from xuxie.crawl.html import UnusablePage, compact, parse_html, text_of
from xuxie.crawl.lines import HEADINGS, Block, Layout, Line, lay_out
from xuxie.crawl.refusals import check_page
from xuxie.crawl.rules import ChapterRules
from xuxie.language import tr

PUNCTUATION = re.compile(r"[，。！？；…“”「」『』,.!?;]")
PLAIN = 0.25  # what a character counts in a line without punctuation: a title, a date, a verse
INHERITED = 0.5  # what a block's score counts for the block around it
TWIN = 0.25  # a sibling of the same name with this much of the best score is a part of the chapter
NAMED_TWIN = 0.08  # likewise, where the two have a class or an id
# What blocks are called that hold prose beside the chapter.
BESIDE = re.compile(
    r"comment|review|reply|pinglun|shuping|recommend|tuijian|copyright|footer|blurb|intro\b|sidebar|notice|announce|disclaimer",
    re.IGNORECASE,
)
SECTION = re.compile(
    r"[简簡]介|[内內]容介[绍紹]|[书書][评評]|[评評][论論]|推[荐薦]|相[关關]|[热熱][门門]|排行|公告|最近更新|新[书書]|[读讀]者|友情"
)
LESS = 0.2
BESIDES = 0.15  # of the chapter's prose; a block inside it with links and less of it is navigation
LEAST = 1.0  # of prose: four characters without punctuation
FEW = 60  # characters of prose; a page with less is read a second time, less strictly
MUCH_MORE = 5  # times what was found at first
A_PAGE = 300  # characters of prose, where something was found at first
MAX_HEADING = 60  # characters
LINKED = 0.5  # a line with more of it in links is navigation
PHRASE = 120  # characters; in a longer line the words below are the story's own
# The first characters are looked at alone before all else: this is asked of every line of every page.
PHRASES = re.compile(
    r"(?=[本版cC转轉侵免备I一最手加点请大收无书温溫方快回])(?:本站|本网站|版权|版權|copyright|转载|轉載|侵权|免责|备案|ICP|一秒记住|一秒記住|最快更新|手机(?:版|用户|阅读)|(?:加入|点击|请|大家)收藏|收藏本|无弹窗|书友(?:[群圈]|推荐|要是)|温馨提示|[溫温]馨提示|方向[键鍵]|快捷[键鍵]|回[车車][键鍵])",
    re.IGNORECASE,
)
NO_RULES = ChapterRules()


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one page of a chapter says."""

    paragraphs: list[str]
    headings: list[str]  # the lines above the text that may be the chapter's title
    lines: list[str]  # all that the page shows
    tree: LexborHTMLParser


def extract_chapter(html: str, title: str) -> list[str]:
    """The paragraphs of the chapter `title` on the page `html`.

    Raises UnusablePage when the page is a login, block, payment, rate-limit or error page, or holds
    no text.
    """
    return read_part(html, title).paragraphs


def read_part(html: str, title: str, rules: ChapterRules = NO_RULES) -> Part:
    """What the page `html` of the chapter `title` says. Raises UnusablePage like `extract_chapter`."""
    tree = parse_html(html)
    layout = lay_out(tree)
    found = ruled_lines(tree, rules.body, title) if rules.body else chapter_lines(layout, title)
    if not rules.body and size_of(found) < FEW:
        layout, found = less_strict(tree, layout, found, title)
    paragraphs = [line.text for line in found]
    lines = [line.text for line in layout.lines]
    check_page(tree, title, paragraphs, lines)
    if size_of(found) < LEAST:
        raise UnusablePage(tr("there is no text on the page"))
    headings = [selected(tree, rules.title)] if rules.title else headings_above(tree, layout, found)
    return Part(paragraphs=paragraphs, headings=headings, lines=lines, tree=tree)


def less_strict(
    tree: LexborHTMLParser, layout: Layout, found: list[Line], title: str
) -> tuple[Layout, list[Line]]:
    """A page that seems to hold nothing, read again: hidden until a script shows it, or all link."""
    shown = lay_out(tree, hidden=True)
    plain = lay_out(tree, links=False)
    for other, least in ((shown, A_PAGE if found else 0), (plain, A_PAGE)):
        lines = chapter_lines(other, title)
        if size_of(lines) > max(MUCH_MORE * size_of(found), least):
            return other, lines
    return layout, found


def size_of(lines: Sequence[Line]) -> float:
    """How much prose lines hold."""
    return sum(weight(line) for line in lines)


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


def chapter_lines(layout: Layout, title: str) -> list[Line]:
    """The lines of the chapter; empty when there is no prose."""
    start = heading_place(layout.lines, title)
    weights = [weight(line) if place >= start else 0.0 for place, line in enumerate(layout.lines)]
    if not any(weights):
        start, weights = 0, [weight(line) for line in layout.lines]
    beside = weigh_less(layout, weights, start)
    scores = block_scores(layout, weights)
    best = max(range(len(scores)), key=lambda index: scores[index], default=None)
    if best is None or not scores[best]:
        return []
    parts = twins(layout.blocks, scores, innermost(layout.blocks, weights, best))
    places = sorted(
        {
            place
            for part in parts
            for place in range(max(start, layout.blocks[part].first), layout.blocks[part].last)
        }
    )
    furniture = navigation(layout, weights, parts) | beside
    lines = [layout.lines[place] for place in places if place not in furniture]
    lines = [line for line in lines if not is_linked(line) and not is_title(line, title)]
    return trimmed(lines, parts)


def navigation(layout: Layout, weights: Sequence[float], chosen: set[int]) -> set[int]:
    """The places of lines in blocks inside the chapter's that hold links, and next to no prose."""
    below = list(accumulate(weights, initial=0.0))
    links = list(accumulate((is_linked(line) for line in layout.lines), initial=0))
    total = sum(below[layout.blocks[part].last] - below[layout.blocks[part].first] for part in chosen)
    found: set[int] = set()
    for index, block in enumerate(layout.blocks):
        if index in chosen or block.last in found or links[block.last] == links[block.first]:
            continue
        inside = any(
            layout.blocks[part].first <= block.first and block.last <= layout.blocks[part].last
            for part in chosen
        )
        if inside and below[block.last] - below[block.first] < BESIDES * total:
            found.update(range(block.first, block.last))
    return found


def weigh_less(layout: Layout, weights: list[float], start: int) -> set[int]:
    """Take weight from what says of itself that it is something else: comments, the book's introduction.

    By the name of its block, unless that holds most of the page; or by the heading above it, up to the
    end of the block that holds the heading. Returns the places of these lines.
    """
    beside: set[int] = set()
    total = sum(weights)
    below = list(accumulate(weights, initial=0.0))
    done = 0
    for block in layout.blocks:
        if block.first < done or not BESIDE.search(block.name):
            continue
        if 0 < below[block.last] - below[block.first] < total / 2:
            beside.update(range(block.first, block.last))
            done = block.last
    for place in range(max(start, done), len(layout.lines)):
        line = layout.lines[place]
        if line.tag in HEADINGS and SECTION.search(line.text) and below[place] > below[start]:
            around = layout.blocks[layout.blocks[line.block].parent]
            beside.update(range(place, around.last))
    for place in beside:
        weights[place] *= LESS
    return beside


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


def is_linked(line: Line) -> bool:
    """Whether a line is navigation."""
    return line.linked > LINKED * line.size


@lru_cache(maxsize=1024)  # a page's lines are weighed more than once
def weight(line: Line) -> float:
    """How much a line looks like prose: its length, less for navigation and titles."""
    if is_linked(line) or line.tag in HEADINGS or (len(line.text) < PHRASE and PHRASES.search(line.text)):
        return 0.0
    if PUNCTUATION.search(line.text):
        return float(line.size)
    return 0.0 if line.linked else PLAIN * line.size


def block_scores(layout: Layout, weights: Sequence[float]) -> list[float]:
    """Each block's own prose, and part of that of the blocks in it.

    A paragraph is no block of its own: what <p>, or a block of a single line, holds counts as its
    parent's.
    """
    own = [0.0] * len(layout.blocks)
    inherited = [0.0] * len(layout.blocks)
    for line, value in zip(layout.lines, weights, strict=True):
        own[line.block] += value
    for index in reversed(range(len(layout.blocks))):  # children before parents
        block = layout.blocks[index]
        if block.parent < 0:
            continue
        if block.tag == "p" or block.last - block.first <= 1:
            own[block.parent] += own[index]
            inherited[block.parent] += inherited[index]
            own[index] = inherited[index] = 0.0
        else:
            inherited[block.parent] += INHERITED * (own[index] + inherited[index])
    return [direct + below for direct, below in zip(own, inherited, strict=True)]


def innermost(blocks: Sequence[Block], weights: Sequence[float], best: int) -> int:
    """The smallest block that holds all the prose of the best one: its frame holds a footer, say."""
    below = list(accumulate(weights, initial=0.0))
    whole, found = blocks[best], best
    names = Counter(block.name for block in blocks)  # a single line among its like is a paragraph
    for index in range(best + 1, len(blocks)):
        block = blocks[index]
        inside = whole.first <= block.first and block.last <= whole.last and block.tag != "p"
        if (
            inside
            and (block.last - block.first > 1 or names[block.name] == 1)
            and below[block.first] == below[whole.first]
            and below[block.last] == below[whole.last]
        ):
            found = index
    return found


def twins(blocks: Sequence[Block], scores: Sequence[float], best: int) -> set[int]:
    """The best block and its equals beside it: a chapter in several parts.

    The last part may be short; where a name says that two blocks are equal, size counts less.
    """
    chosen = blocks[best]
    least = (NAMED_TWIN if chosen.name.strip() != chosen.tag else TWIN) * scores[best]
    return {best} | {
        index
        for index, block in enumerate(blocks)
        if block.parent == chosen.parent and block.name == chosen.name and scores[index] >= least > 0
    }


def trimmed(lines: list[Line], chosen: set[int]) -> list[Line]:
    """`lines` without what only frames the text: at both ends, short lines of another kind of block.

    Date and author below the heading, "(本章完)" in a box of its own; never a line with punctuation.
    """
    sizes: dict[str, int] = {}
    for line in lines:
        kind = "" if line.block in chosen else line.tag
        sizes[kind] = sizes.get(kind, 0) + len(line.text)
    usual = max(sizes, key=lambda kind: sizes[kind], default="")

    def frames(line: Line) -> bool:
        other = line.block not in chosen and line.tag not in ("p", usual)
        return other and not PUNCTUATION.search(line.text)

    first, last = 0, len(lines)
    while first < last and frames(lines[first]):
        first += 1
    while first < last and frames(lines[last - 1]):
        last -= 1
    return lines[first:last]
