"""Of all links of a page, those to the chapters of its book, each once.

    chapters = chapter_links(links, "https://example.com/book/1/")

Links are grouped by the shape of their address; the group that looks most like a list of chapters wins.
"""

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from xuxie.books.headings import WORDED, recognise
from xuxie.crawl.addresses import split_url
from xuxie.crawl.belonging import of_many_books, of_one_book, shares_directory, sorts
from xuxie.crawl.links import NUMBER, Caption, Link, shape, split_path
from xuxie.crawl.pagination import page_place
from xuxie.crawl.volumes import is_caption, is_latest

SMALLEST_LIST = 3  # links that must share the catalogue's directory when none looks like a heading
FEW = 10  # links of a list for one that may stand apart
MOST = 0.8  # of a group: what so many have in common, all should
NUMBERED = re.compile(
    r"(?:第\s?)?[0-9０-９]{1,5}(?:\s?[章回节節話话]|[\s.．、:：])"
    r"|(?:vol(?:ume)?\.?\s?\d+\W{0,3})?(?:ch(?:ap(?:ter|\.)?)?|ep(?:isode|\.)?|part)\.?\s?#?\d+",
    re.IGNORECASE,
)
NAVIGATION = re.compile(
    r"(?:开始|開始|立即|马上|继续|繼續|点击|點擊|免费|在线|从头|從頭)(?:阅读|閱讀|试读|試讀)"
    r"|(?:加入|放入)?(?:书架|書架|书签|書籤|收藏)|投(?:推荐|推薦|月)票|[倒正]序"
    r"|上一[页頁章]|下一[页頁章]|[首尾末][页頁]|最新章[节節].{0,4}"
    r"|(?:返回|查看)?(?:书页|書頁|目[录錄]|更多章[节節]|全部章[节節]|完整目[录錄])|.{0,30}(?:txt|全文|全集)下[载載].{0,4}"
    r"|\W{0,3}(?:(?:prev(?:ious)?|next|first|last|latest|newest|all|read)\s?)(?:chapters?|ch\.?|page|now)?\W{0,3}"
    r"|(?:start|continue|read)\s(?:reading|now|first|online)|(?:table of )?contents|chapter\s?list|toc"
    r"|(?:前|次|[先最][頭初後新])の?(?:話|ページ|エピソード)?(?:へ|を読む)?[>≫»]*|[<≪«]*前へ|目次(?:へ|に戻る)?",
    re.IGNORECASE,
)


def chapter_links(links: Sequence[Link], url: str) -> list[Link]:
    """Of all links, those to chapters; the same chapter may be linked several times."""
    groups: defaultdict[object, list[Link]] = defaultdict(list)
    for link in links:
        groups[shape(link.url)].append(link)
    candidates = [without_strays(of_one_book(group, url)) for group in groups.values()]
    best = max(candidates, key=lambda group: score(group, url), default=[])
    if score(best, url) <= 0 or of_many_books(best, url):
        return []
    return without_strangers(best, links, url)


def without_strangers(group: list[Link], links: Sequence[Link], url: str) -> list[Link]:
    """`group` without single links that stand among others: a recommended book's chapter.

    Only where addresses do not tell one book from another.
    """
    if any(shares_directory(link.url, url) for link in group):
        return group
    everything = Counter(link.block for link in links)
    own = Counter(link.block for link in group)
    strange = {
        block for block in own if 2 * own[block] < everything[block] and own[block] * FEW < len(group)
    }
    return [link for link in group if link.block not in strange]


@functools.lru_cache(maxsize=65_536)
def is_heading(text: str) -> bool:
    """Whether a link's text reads like a chapter's title."""
    named = recognise(text) is not None or NUMBERED.match(text) is not None
    return named or WORDED.search(text) is not None


def score(group: Sequence[Link], url: str) -> float:
    """How much a group of links looks like the chapters of the book at `url`; 0 for not at all."""
    texts = {link.url: link.text for link in group}
    headings = sum(map(is_heading, texts.values()))
    near = sum(shares_directory(link, url) for link in texts)
    alike = len(texts) > 1 and len(set(texts.values())) == 1  # "details" of many books
    if alike or sorts(group, url) or (not headings and near < SMALLEST_LIST):
        return 0.0
    return len(texts) + 4.0 * headings + 2.0 * near


def without_strays(group: list[Link]) -> list[Link]:
    """`group` without links that only look alike: "开始阅读", page numbers, index_2.html."""
    named = {link.url for link in group if is_heading(link.text)}  # and called something else elsewhere
    stems = Counter(stem_shape(link.url) for link in group)
    usual, size = stems.most_common(1)[0] if group else ("", 0)
    strict = size >= MOST * len(group)
    pages = page_numbers(group)

    def strays(link: Link) -> bool:
        unusual = strict and stem_shape(link.url) != usual
        is_page = id(link) in pages
        return unusual or is_page or link.url in named or NAVIGATION.fullmatch(link.text) is not None

    return [link for link in group if is_heading(link.text) or not strays(link)]


def page_numbers(group: Sequence[Link]) -> set[int]:
    """The links (by their id) that lead to further pages of a list, by what they say: `2`, `51-100`.

    None where most links are numbers; and a number between two titles, in the list of one, is a title.
    """
    pages = [page_place(link.text) is not None for link in group]
    if sum(pages) > len(group) / 2:
        return set()
    around = zip(group[:-2], pages[:-2], group[1:-1], group[2:], pages[2:], strict=True)
    titles = {
        id(link)
        for before, is_page, link, behind, follows in around
        if not is_page and not follows and link.block in (before.block, behind.block)
    }
    return {id(link) for link, is_page in zip(group, pages, strict=True) if is_page} - titles


def stem_shape(url: str) -> str:
    """The last part of an address with its numbers folded."""
    return NUMBER.sub("0", split_path(split_url(url).path)[1])


class Section(NamedTuple):
    """A part of the page: one list under one caption; `latest` when that says it repeats the newest."""

    block: int
    caption: int  # how many-th
    latest: bool


def sections(items: Sequence[Link | Caption]) -> dict[int, Section]:
    """The part of the page that each link (by its id) stands in."""
    found: dict[int, Section] = {}
    captions, latest = 0, False
    section = Section(0, 0, latest)
    for item in items:
        if isinstance(item, Link):
            if section[:2] != (item.block, captions):
                section = Section(item.block, captions, latest)
            found[id(item)] = section
        elif is_caption(item):
            captions, latest = captions + 1, is_latest(item)
    return found


def in_order(group: Sequence[Link], places: Mapping[int, Section]) -> list[Link]:
    """Each link once: where it stands in the list proper, and there at its later place."""
    repeats = repeated_sections(group, places)
    placed: dict[str, Link] = {}
    for link in group:
        if places[id(link)] not in repeats:
            placed.pop(link.url, None)
            placed[link.url] = link
    return list(placed.values())


def repeated_sections(group: Sequence[Link], places: Mapping[int, Section]) -> set[Section]:
    """The sections of which each link stands in others too that are no repeats; these are the larger part.

    Those that say so first; then those further up, for the later place counts.
    """
    urls: defaultdict[Section, set[str]] = defaultdict(set)
    for link in group:
        urls[places[id(link)]].add(link.url)
    held = Counter(url for own in urls.values() for url in own)
    most = len(held) / 2
    repeats: set[Section] = set()
    for section in sorted(urls, key=lambda section: not section.latest):
        if len(urls[section]) <= most and all(held[url] > 1 for url in urls[section]):
            repeats.add(section)
            held.subtract(urls[section])
    return repeats
