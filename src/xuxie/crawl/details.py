"""What a page tells of its book: title, author, cover, introduction, state.

    details = read_details(tree, "https://example.com/book/1/")
    details.title, details.status == "还灯记", "ongoing"

OpenGraph (og:novel:…) first, then the page's own words. What a page does not say is "".
"""

import itertools
import re
from dataclasses import dataclass, fields, replace
from typing import Literal
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from xuxie.crawl.addresses import join
from xuxie.crawl.authors import book_author
from xuxie.crawl.html import attribute, compact, meta, page_text, text_of, tidy
from xuxie.crawl.layout import lay_out
from xuxie.crawl.links import ancestors, base_address, destination

Status = Literal["", "ongoing", "finished"]
SITE_WORDS = re.compile(
    r"(?:最新章[节節]|全文(?:免[费費])?|免[费費]|在线|在線|无弹窗|無彈窗|章[节節]|小[说說]|[阅閱][读讀]|目[录錄]|列表|更新"
    r"|txt|下[载載]|全集|完整版|最新)+$",
    re.IGNORECASE,
)
AFFIXES = re.compile(
    r"^read\s+|(?:\s+(?:light|web)?\s?novel|\s+(?:free|online|full|chapters?))+$", re.IGNORECASE
)
STATUS = re.compile(
    r"(?:[状狀]\s*[态態]\s*[:：]?|\b(?:status|trạng thái|tình trạng)\s*[:：])\s*(\S{1,12})", re.IGNORECASE
)
FINISHED = re.compile(r"完[结結本成]|全本|已完|finished|completed|hoàn", re.IGNORECASE)
ONGOING = re.compile(r"[连連][载載]|更新中|[进進]行|on-?going|serial|đang", re.IGNORECASE)
INTRODUCTIONS = (
    "#intro, .intro, #bookintro, .bookintro, .book-intro, #js_desc, .desc, .j-intro, .introduction"
)
START = re.compile(
    r"(?:[开開]始|立即|[马馬]上|[从從][头頭]|免[费費]|[点點][击擊])(?:[阅閱][读讀]|[试試][读讀])"
)
LOGO = re.compile(r"logo|brand|site-?(?:name|title)", re.IGNORECASE)
MAX_NAME = 200  # characters of a heading that may be the title
MAX_INTRODUCTION = 4000  # characters


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is known of a book. `first` and `newest` tell chapters: an address, or a title."""

    title: str = ""
    author: str = ""
    cover: str = ""  # an address
    introduction: str = ""  # a paragraph a line
    status: Status = ""
    first: str = ""
    newest: str = ""

    def completed_by(self, other: "Details") -> "Details":
        """These details, with what they lack taken from `other`."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        lacking = {name: getattr(other, name) for name, value in known.items() if not value}
        return replace(self, **lacking)


def read_details(
    tree: LexborHTMLParser, url: str, title: str | None = None, author: str | None = None
) -> Details:
    """What the page at `url` tells of its book; `title` and `author` are CSS selectors of site rules."""
    base = base_address(tree, url)
    return Details(
        title=selected(tree, title) or book_title(tree),
        author=selected(tree, author) or book_author(tree),
        cover=book_cover(tree, base),
        introduction=book_introduction(tree),
        status=book_status(tree),
        first=start_link(tree, base),
        newest=meta(tree, "og:novel:latest_chapter_name") or meta(tree, "og:novel:lastest_chapter_name"),
    )


def selected(tree: LexborHTMLParser, selector: str | None) -> str:
    """The text of the first element that a CSS selector finds, "" for none."""
    node = tree.css_first(selector) if selector else None
    return text_of(node) if node else ""


def book_title(tree: LexborHTMLParser) -> str:
    """The book's title: OpenGraph, then the heading, then the page's title."""
    if name := meta(tree, "og:novel:book_name") or beside_author(tree):
        return unquoted(name)
    page_title = tree.css_first("title")
    said = meta(tree, "og:title")
    whole = said or (text_of(page_title) if page_title else "")
    headings = [text_of(node) for node in tree.css("h1, h2, h3") if not is_logo(node)]
    quoted = re.match(r"\s*《(.+?)》", whole)
    if quoted and any(heading.startswith(quoted[1]) for heading in headings):
        return quoted[1]
    names = [
        SITE_WORDS.sub("", unquoted(heading)).strip() for heading in headings if len(heading) < MAX_NAME
    ]
    if leading := [name for name in names if name and compact(whole).startswith(compact(name))]:
        return max(leading, key=len)
    inside = [name for name in names if name and compact(name) in compact(whole)]
    first = [text_of(node) for node in tree.css("h1") if not is_logo(node)]
    lone = first[:1] if len(first) == 1 and not said else []
    return max(inside, key=len) if inside else next(filter(None, lone), without_affixes(tree, whole))


def beside_author(tree: LexborHTMLParser) -> str:
    """The title in a heading like `Chapters of <a>Title</a> by <a rel=author>Name</a>`."""
    for node in tree.css("h1, h2, h3"):
        links = node.css("a[href]")
        if len(links) == 2 and "author" in attribute(links[1], "rel").split():
            return text_of(links[0])
    return ""


def is_logo(node: LexborNode) -> bool:
    """Whether a heading names the site: its class or id says so, or it links to the root."""
    around = [node, *itertools.islice(ancestors(node), 2)]
    names = " ".join(f"{attribute(each, 'class')} {attribute(each, 'id')}" for each in around)
    links = [attribute(link, "href") for link in node.css("a[href]")]
    return LOGO.search(names) is not None or any(urlsplit(link).path in ("", "/") for link in links)


def book_cover(tree: LexborHTMLParser, base: str) -> str:
    """The address of the cover: OpenGraph, else the picture that is named like the book."""
    if picture := meta(tree, "og:image"):
        return join(base, picture) or ""
    title = compact(book_title(tree))
    for node in tree.css("img[alt]"):
        source = attribute(node, "data-original") or attribute(node, "data-src") or attribute(node, "src")
        if title and source and compact(attribute(node, "alt")).startswith(title):
            return join(base, source) or ""
    return ""


def book_introduction(tree: LexborHTMLParser) -> str:
    """The introduction: OpenGraph, which may hold markup, else the part of the page that is named so."""
    text = meta(tree, "og:novel:intro") or meta(tree, "og:description")
    node = None if text else tree.css_first(INTRODUCTIONS)
    source = text or (node.html if node else "") or ""
    lines = [line.text for line in lay_out(LexborHTMLParser(source)).lines]
    return "\n".join(lines)[:MAX_INTRODUCTION]


def book_status(tree: LexborHTMLParser) -> Status:
    """Whether the book goes on."""
    own = meta(tree, "og:novel:status")
    for said in [own] if own else (match[1] for match in STATUS.finditer(page_text(tree))):
        if FINISHED.search(said):
            return "finished"
        if ONGOING.search(said):
            return "ongoing"
    return ""


def start_link(tree: LexborHTMLParser, base: str) -> str:
    """Where "开始阅读" leads; mostly the first chapter."""
    for node in tree.css("a"):
        if START.fullmatch(text_of(node)[:20]):
            return destination(node, base) or ""
    return ""


def unquoted(name: str) -> str:
    """`《书名》` without its marks."""
    inside = re.fullmatch(r"《(.+)》", name)
    return inside[1] if inside else name


def without_affixes(tree: LexborHTMLParser, title: str) -> str:
    """`Title` of `Read Title Novel Online | Site`, where the page says the former by itself."""
    name = without_site_words(title)
    bare = AFFIXES.sub("", name).strip()
    if bare and bare != name and bare in map(tidy, page_text(tree).split("\n")):
        return bare
    return name


def without_site_words(title: str) -> str:
    """The book in a page's title like `书名最新章节_作者_某某小说网`."""
    if inside := re.search(r"《(.+?)》", title):
        return inside[1]
    first = re.split(r"\s*[_|｜,，/]\s*|\s+[-–—]\s*|\s*[-–—]\s+|(?<=\S)-(?=[^-]*$)", title)[0]
    return SITE_WORDS.sub("", first).strip() or first
