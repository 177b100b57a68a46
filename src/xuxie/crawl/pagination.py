"""The links that lead on: from a page of a list to its others, from a book's page to the whole list.

    list_pages(tree, "https://example.com/book/1/", chapters) == (1, {2: "https://example.com/book/1/index_2.html"})

A list in pages may link each of them (numbers, ranges, a <select>), only the next, or both.
"""

import re
from collections.abc import Callable, Collection
from itertools import takewhile

from selectolax.lexbor import LexborHTMLParser

from xuxie.crawl.addresses import host_of, join
from xuxie.crawl.html import attribute, compact, meta, text_of
from xuxie.crawl.links import NUMBER, base_address, destination

NEXT = re.compile(
    r"[下后後][一1]?[页頁](?:目录|目錄)?|更多章[节節]|next(?:page)?|[>»›→]{1,2}|[下后後][一1]?[页頁][>»›→]+",
    re.IGNORECASE,
)
PAGE_NUMBER = re.compile(r"[\[【(（]?第?([0-9]{1,5})[页頁]?[\]】)）]?")
NAMED = r"(?:第|ch(?:ap(?:ter)?s?)?\.?|c\.)?"
RANGE = re.compile(
    rf"{NAMED}([0-9]{{1,6}})(?:章)?[-–—~～至到]+{NAMED}([0-9]{{1,6}})(?:章[节節]?)?.{{0,4}}", re.IGNORECASE
)
# What two pages of one list differ in: "", "index_2.html", "_2/", "&page=2", "2".
PAGE_PART = re.compile(
    r"[_\-/?&]{0,2}(?:index|list|mulu|page|p|pn|pageno|pagenum|page_index)?[_\-/=]?[0-9]{0,5}/?(?:\.[a-z]{3,5})?",
    re.IGNORECASE,
)
WHOLE = re.compile(
    r"[\[【<《(（]*(?:[点點][击擊]|[展查][开開看]|[阅閱][读讀]|[进進]入|更多|>)*(?:全部|所有|完整|[总總]|更多)(?:的|最新)?(?:章[节節])?(?:目[录錄])?(?:列表)?"
    r"(?:[\]】>》)）]|[.…>»]|\(?\d+章?\)?)*|"
    r"[\[【]?(?:[点點][击擊]|[查展][开開看]|[阅閱][读讀]|[进進]入)+(?:本[书書])?(?:章[节節]目[录錄]?|目[录錄]|章[节節]列表|列表|章[节節])[\]】>»]*"
    r"|章[节節](?:目[录錄]|列表)|目[录錄]列表|全部目[录錄]|完整目[录錄]|最新章[节節]列表"
    r"|(?i:(?:view|see|show)?(?:all|full(?:-page)?|complete)(?:chapters?(?:list|index)?|index|contents)"
    r"|chapters?(?:list|index)|(?:table)ofcontents|(?:xem)?(?:tấtcả|toànbộ)(?:các)?chương|danhsáchchương|mụclục)"
    r"|全話(?:一覧)?|目次(?:を見る)?|(?:전체)?(?:회차|목차)(?:목록|보기)?",
)
# What the first page may be called instead.
WORD = re.compile(r"[a-z]{0,12}(?:\.[a-z]{3,5})?", re.IGNORECASE)
INDEX = re.compile(
    r"[\[【(（]?(?:返?回|[书書][页頁]|本[书書])?(?:章[节節])?(?:目[录錄]|列表|index)[页頁]?[\]】)）]?",
    re.IGNORECASE,
)


def list_pages(
    tree: LexborHTMLParser, url: str, chapters: Collection[str], selector: str | None = None
) -> tuple[int | None, dict[int, str], str]:
    """This page's own number where the page tells it, the others by number, and the next ("" for none).

    A link to a chapter is never one to a page. The numbers order the pages; they need not be gapless.
    `selector` is a site rule that finds the links to further pages.
    """
    base, host = base_address(tree, url), host_of(url)

    def usable(address: str | None) -> bool:
        return address is not None and host_of(address) == host and address not in chapters

    own, others = options(tree, base, url)
    following = ""
    for node in tree.css(selector or "a, link[rel=next]"):
        text = compact(text_of(node)) if node.tag == "a" else "next"
        if selector and not page_place(text):
            text = "next"
        if len(text) > 24 or not (NEXT.fullmatch(text) or page_place(text)):
            continue
        address = destination(node, base)
        if not usable(address) or address is None or address == url:
            continue
        if NEXT.fullmatch(text):
            following = following or address
        elif (number := page_place(text)) and resembles(address, url):
            others.setdefault(number, address)
    return own, {number: address for number, address in others.items() if usable(address)}, following


def options(tree: LexborHTMLParser, base: str, url: str) -> tuple[int | None, dict[int, str]]:
    """The pages in a <select>, and which of them is this one."""
    own, found = None, {}
    for select in tree.css("select"):
        pages = {}
        for option in select.css("option[value]"):
            number = page_place(compact(text_of(option)))
            address = join(base, attribute(option, "value"))
            if number is None or address is None or not re.search(r"[/.?=]", attribute(option, "value")):
                continue
            if "selected" in option.attributes or address == url:
                own = number if own is None or address == url else own
            pages[number] = address
        if len(pages) > 1:
            found.update(pages)
    return own, found


def page_place(text: str) -> int | None:
    """The number that orders a page: `3`, `第3页`, or the first of `201-300章`, `Ch.201-300`."""
    if match := RANGE.fullmatch(text):
        return int(match[1])
    match = PAGE_NUMBER.fullmatch(text)
    return int(match[1]) if match else None


def resembles(address: str, url: str) -> bool:
    """Whether two addresses differ in a page's number alone: /book/12/ and /book/12/index_2.html.

    The first page may have a name of its own: /book/12/all.html.
    """
    before, first, second = differing(address, url)
    if not (PAGE_PART.fullmatch(first) and (PAGE_PART.fullmatch(second) or WORD.fullmatch(second))):
        return False
    if not (first.isdigit() and second.isdigit()):
        return True
    # Two bare numbers are two pages, or two books: what stands before them tells.
    return (
        before[-1:] in tuple("_-=")
        or NUMBER.search(before.partition("://")[2].partition("/")[2]) is not None
    )


def differing(first: str, second: str) -> tuple[str, str, str]:
    """What two addresses begin with in common, and what is each one's own; numbers, words stay whole."""
    start = shared(first, second)
    while start and (
        splits(str.isdigit, first, second, start) or splits(str.isalpha, first, second, start)
    ):
        start -= 1
    mine, theirs = first[start:], second[start:]
    end = shared(mine[::-1], theirs[::-1])
    while end and mine[-end].isdigit():
        end -= 1
    return first[:start], mine[: len(mine) - end], theirs[: len(theirs) - end]


def shared(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return sum(1 for _ in pairs)


def splits(kind: Callable[[str], bool], first: str, second: str, place: int) -> bool:
    """Whether `place`, up to which two addresses are equal, parts characters of one kind in either."""
    return kind(first[place - 1]) and any(kind(address[place : place + 1]) for address in (first, second))


def whole_lists(tree: LexborHTMLParser, url: str) -> list[tuple[str, bool]]:
    """Where the whole list of chapters may be, likeliest first, and whether the link's words say so."""
    base, host = base_address(tree, url), host_of(url)
    sure: list[str] = []
    maybe: list[str] = []
    for node in tree.css("a"):
        text = compact(text_of(node)) or compact(attribute(node, "title"))
        if not 1 < len(text) <= 24:
            continue
        kind = sure if WHOLE.fullmatch(text) else maybe if INDEX.fullmatch(text) else None
        address = destination(node, base) if kind is not None else None
        if kind is not None and address and host_of(address) == host and address != url:
            kind.append(address)
    said = join(base, meta(tree, "og:novel:read_url")) if meta(tree, "og:novel:read_url") else None
    if said and said != url and host_of(said) == host:
        maybe.append(said)
    unsure = [address for address in dict.fromkeys(maybe) if address not in sure]
    return [(address, True) for address in dict.fromkeys(sure)] + [(address, False) for address in unsure]
