"""A chapter on several pages: where its next page is, and how the texts become one.

    next_part(forward_links(tree, page_address), page_address, [chapter_address], catalogue)    # or None
    join_parts([["他走到门口，回头"], ["看了一眼。"]], "第三章") == ["他走到门口，回头看了一眼。"]

"下一页" may lead to the next chapter, and "下一章" to this one's next page: addresses tell, not words.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import takewhile
from urllib.parse import parse_qsl

from selectolax.lexbor import LexborHTMLParser

from xuxie.books.adverts import advert_tail
from xuxie.books.blanks import visible
from xuxie.books.headings import fold
from xuxie.crawl.addresses import host_of, join, split_url
from xuxie.crawl.html import attribute, compact
from xuxie.crawl.links import base_address, destination, split_path

MAX_PARTS = 100
PAGE_KEY = re.compile(r"p|pg|pn|page(?:_?(?:no|num|index|id))?|part|cpage", re.IGNORECASE)
FORWARD = re.compile(
    r".{0,4}[下后後][一1]?[页頁章节節回](?:阅读|閱讀)?.{0,8}|.{0,6}(?:继续|繼續)(?:阅读|閱讀).{0,6}|[>»›→]+|next.{0,10}"
    r"|.{0,6}(?:点击|點擊).{0,4}下[一1]?[页頁].{0,10}",
    re.IGNORECASE,
)
TO_A_PAGE = re.compile(r"[下后後][一1]?[页頁]|(?:继续|繼續)(?:阅读|閱讀)|^[>»›→]+$|next", re.IGNORECASE)
SCRIPTED = re.compile(
    r"""\b(?:next_?(?:page|url)?|nextpage)\s*=\s*['"]([^'"\s<>]{1,300})['"]""", re.IGNORECASE
)
PAGES = re.compile(r"[（(\[【]?\s*第?\s*([0-9]{1,3})\s*[/／]\s*([0-9]{1,3})\s*[页頁]?\s*[)）\]】]?")
# A line that only says that the chapter goes on. A story may speak of such words, but not begin with them.
UNFINISHED = re.compile(
    r"[\s（(【\[《〈<＜\-—–=＝*＊>＞.…]*(?:(?:小主|亲|親|各位|书友|書友).{0,4}[，,]\s*)?"
    r"(?:(?:本|这|這|此)个?個?小?(?:章|节|節).{0,4}(?:未完|没完|沒完|没有?结束|沒有?結束|(?:后|後)面(?:还|還)有|(?:还|還)有)"
    r"|(?:章节|章節|未完|后面还有|後面還有).{0,6}(?:[点點][击擊]|下[一1]?[页頁]|翻[页頁])"
    r"|[请請]?(?:[点點][击擊]|翻到|翻[页頁]|[进進]入).{0,3}(?:下[一1]?[页頁]|[继繼][续續]|翻[页頁]|[阅閱][读讀])|下[一1]?[页頁][继繼][续續]"
    r"|[请請]翻[页頁])"
)
EDGE = 3  # lines from the bottom, where a page says that the chapter goes on
MAX_MARK = 60  # characters of a line that says that the chapter goes on, or on which page this is
ENDED = re.compile(r"""[。！？!?…”’」』》）)】\]~～；;.—"'\-=*＊☆★]$""")
OPENED = re.compile(r"^[“「『‘\"《（(【\[—…*＊☆★]")
QUOTES = (("“", "”"), ("「", "」"), ("『", "』"))


def next_part(
    links: Sequence[tuple[str, str]],
    page: str,
    chapter: Collection[str],
    *others: Collection[str],
    number: int = 2,
    unfinished: Callable[[], bool] = lambda: False,
    certain: bool = False,
) -> str | None:
    """Where the chapter goes on after the `page`; None when it ends here.

    `links` lead forward from the page; `chapter` are the addresses of its first page: the catalogue's, and
    where that led. `others` are addresses that do not continue it: those of the catalogue, and pages seen
    before. `number`: how many-th page is looked for. `unfinished`: does the page say so? `certain`: a site
    rule has found the links.
    """
    host = host_of(page)
    for text, address in links:
        if any(address in known for known in others) or host_of(address) != host:
            continue
        if certain or any(is_page(address, first, number) for first in chapter):
            return address
        if TO_A_PAGE.search(text) and unfinished():
            return address
    return None


def forward_links(tree: LexborHTMLParser, page: str, selector: str | None = None) -> list[tuple[str, str]]:
    """What the links of the `page` that lead forward say, and where they lead.

    `selector` is a site rule that finds them.
    """
    base, found = base_address(tree, page), []
    for node in tree.css(selector or "a, link[rel=next]"):
        text = compact(node.text(deep=True)) if node.tag == "a" else "next"
        forward = len(text) < 24 and leads_forward(text)
        if not (forward or selector or "next" in attribute(node, "rel")):
            continue
        address = join(base, attribute(node, "href")) if node.tag == "link" else destination(node, base)
        if address:
            found.append((text, address))
    if not found:
        scripts = (SCRIPTED.search(node.text()) for node in tree.css("script:not([src])"))
        links = (join(base, match[1]) for match in scripts if match)
        found = [("next", address) for address in links if address]
    return found


@lru_cache(maxsize=1024)  # a site's pages are alike
def leads_forward(text: str) -> bool:
    """Whether a link says that it leads to the next page or chapter."""
    return FORWARD.fullmatch(text) is not None


def is_page(address: str, chapter: str, number: int) -> bool:
    """Whether `address` is the `number`-th page of the chapter that begins at `chapter`.

    /12_2.html for /12.html, ?page=2, /12/2.html; some sites count from 0.
    """
    return part_number(address, chapter) in (number, number - 1)


def part_number(address: str, chapter: str) -> int | None:
    """The number of a page of a chapter, by what its address has more than the chapter's."""
    theirs, ours = split_url(address), split_url(chapter)
    if theirs.host != ours.host:
        return None
    if theirs.path != ours.path:
        return path_number(theirs.path, ours.path) if theirs.query == ours.query else None
    known = [pair for pair in parse_qsl(ours.query) if not PAGE_KEY.fullmatch(pair[0])]
    more = [pair for pair in parse_qsl(theirs.query) if pair not in known]
    if len(more) != 1 or len(parse_qsl(theirs.query)) != len(known) + 1:
        return None
    key, value = more[0]
    return int(value) if PAGE_KEY.fullmatch(key) and re.fullmatch("[0-9]{1,3}", value) else None


def path_number(path: str, chapter: str) -> int | None:
    """The number that a path has more than the chapter's: its last part, or behind a mark."""
    stem = re.sub(r"\.[a-z]{3,5}$|/$", "", chapter)
    first = re.sub(r"(?<=[0-9a-z])[_-]1$", "", stem) if not path.startswith(stem) else stem
    if not first or not path.startswith(first) or not split_path(first)[1]:
        return None
    match = re.fullmatch(r"[_\-/.](?:p|page)?_?([0-9]{1,3})/?(?:\.[a-z]{3,5})?", path[len(first) :])
    return int(match[1]) if match else None


def says_more(lines: Sequence[str]) -> bool:
    """Whether a page's lines say that the chapter goes on: 本章未完, 点击下一页, (1/3)."""
    for line in lines:
        if len(line) > MAX_MARK:
            continue
        line = visible(line)
        if UNFINISHED.match(line):
            return True
        if (match := PAGES.search(line)) and 1 <= int(match[1]) < int(match[2]):
            return True
    return False


def says_page(line: str, title: str) -> bool:
    """Whether a line at the border says only which page this is, or that another follows."""
    if len(line) > MAX_MARK:
        return False
    line = visible(line)
    bare = line.removeprefix(title).lstrip("，,。. ")
    mark = PAGES.match(bare)
    rest = bare[mark.end() :].lstrip("，,。. ") if mark else bare
    return UNFINISHED.match(rest) is not None or (mark is not None and not rest)


def join_parts(parts: Sequence[list[str]], title: str) -> list[str]:
    """The paragraphs of a chapter's pages as one text.

    A paragraph cut by the page's border is whole again. What stands at the border of every page is
    kept at the outer ends only; lines that say that there is a border are gone, and so is the title
    repeated on top of a further page.
    """
    if len(parts) == 1:
        return parts[0]
    top, bottom = common(parts), common([part[::-1] for part in parts])
    whole: list[str] = []
    for place, part in enumerate(parts):
        lines = part[top if place else 0 : len(part) - (bottom if place + 1 < len(parts) else 0)]
        if place:
            lines = without_top(lines, title)
        if place + 1 < len(parts):
            lines = without_mark(lines, title)
        if whole and lines and belongs(whole[-1], lines[0]):
            whole[-1] += lines.pop(0)
        whole += lines
    return whole


def common(parts: Sequence[Sequence[str]]) -> int:
    """How many lines all parts begin with; no part is given up whole."""
    shortest = min(map(len, parts))
    same = (len({visible(part[place]) for part in parts}) == 1 for place in range(shortest))
    return min(sum(takewhile(bool, same)), shortest - 1)


def without_top(lines: list[str], title: str) -> list[str]:
    """A further page's lines without the title and the page's number on top."""
    name = fold(title)
    while lines and len(lines[0]) <= len(title) + 20:
        bare = fold(PAGES.sub("", lines[0]))
        found = bool(name) and bare.endswith(name) and len(bare) <= len(name) + 4
        repeats = found or (bool(name) and bare.startswith(name) and len(bare) <= len(name) + 4)
        if not (repeats or PAGES.fullmatch(lines[0])):
            break
        lines = lines[1:]
    return lines


def without_mark(lines: list[str], title: str) -> list[str]:
    """A page's lines without what says below them that the chapter goes on."""
    for place in range(len(lines) - 1, max(-1, len(lines) - 1 - EDGE), -1):
        if says_page(lines[place], title):
            return without_mark(lines[:place] + lines[place + 1 :], title)
    return lines


def belongs(end: str, beginning: str) -> bool:
    """Whether two lines are one paragraph that a page's border cut, behind an advertisement perhaps."""
    if tail := advert_tail(end):
        end = end.removesuffix(tail).rstrip()
    if OPENED.match(beginning):
        return end.endswith(tuple(opening for opening, _ in QUOTES))
    if not ENDED.search(end):
        return True
    # A sentence may end there, but not what a person says: “… he began, and the mark to close it follows.
    return any(
        end.count(opening) > end.count(closing)
        and closing in beginning
        and opening not in beginning[: beginning.index(closing)]
        for opening, closing in QUOTES
    )
