"""The pages that show a chapter: its lines in the site's markup, between what does not belong to it.

    pages = chapter_pages(novel, places, faults, seed)       # path -> HTML
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from random import Random

from simulator.addresses import BASE_HREF, HOST, Addresses
from simulator.encoding import BAD
from simulator.story import Chapter, Novel, sentence
from simulator.wording import BOTTOM_LINES, SITE, TOP_LINES, disguised, shell, turn

HANZI = re.compile("[\u3400-\u9fff]")
DECOYS = (
    '<p style="display:none">{}</p>',
    '<span class="{hidden}">{}</span>',
    '<div style="display: none;"><p>{}</p></div>',
    "<p hidden>{}</p>",
)
COMMENTS = (
    "写得真好，一口气看到这里，求作者快点更新。",
    "这一章有点短，不过伏笔埋得很深，那封信一定有问题。",
    "第一次看到这样写渡口的，文笔老练，已经推荐给朋友了。",
    "主角终于开窍了，前面看得我着急，下一章什么时候来？",
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line of the page's text; a `raw` one is markup that stands between the lines."""

    text: str
    raw: bool = False


def chapter_pages(novel: Novel, places: Addresses, faults: Set[str], seed: int) -> dict[str, str]:
    """Every page of every chapter by its path."""
    random = Random(f"chapters {seed}")
    blurb = "".join(sentence(random) for _ in range(4))
    top, bottom = random.choice(TOP_LINES), random.choice(BOTTOM_LINES).format(title=novel.title)
    pages = {}
    for place, chapter in enumerate(novel.chapters):
        parts = split(chapter, faults, random)
        for number, lines in enumerate(parts, start=1):
            here = places.page(place, number)
            pieces = [Piece(text=line) for line in lines]
            if "undecodable-bytes" in faults and place == 1 and number == 1:
                pieces = damaged(pieces)
            pieces = with_adverts(pieces, faults, random)
            pieces = with_boilerplate(pieces, chapter, faults, top, bottom, random, number, len(parts))
            row = turning(places, faults, here, place, number, len(parts), len(novel.chapters))
            body = framed(
                content(pieces, faults, row, random),
                heading(chapter, faults, number, len(parts)),
                row,
                aside(novel, places, faults, here, blurb, random),
                faults,
            )
            title = f"{chapter.title}_{novel.title}_{SITE}"
            pages[here] = whole(title, body, faults, random, places.link(places.stranger, here))
    return pages


def split(chapter: Chapter, faults: Set[str], random: Random) -> list[list[str]]:
    """The chapter's lines, page by page."""
    lines = list(chapter.paragraphs)
    if not any(name.startswith("pages-") for name in faults) or len(lines) < 4:
        return [lines]
    count = random.randint(2, 3)
    size = -(-len(lines) // count)
    return [lines[at : at + size] for at in range(0, len(lines), size)]


def damaged(pieces: list[Piece]) -> list[Piece]:
    """The lines with a byte in the middle of the longest one that means nothing."""
    place = max(range(len(pieces)), key=lambda place: len(pieces[place].text))
    text = pieces[place].text
    at = next(at for at in range(8, len(text)) if HANZI.match(text[at - 1]) and HANZI.match(text[at]))
    return [*pieces[:place], Piece(text=text[:at] + BAD + text[at:]), *pieces[place + 1 :]]


def with_adverts(pieces: list[Piece], faults: Set[str], random: Random) -> list[Piece]:
    """The lines with advertisements among and behind them."""
    if "advert-tails" in faults and random.random() < 0.7:
        ends = [place for place, piece in enumerate(pieces) if piece.text.endswith("。")]
        if ends:
            place = random.choice(ends)
            pieces[place] = Piece(text=pieces[place].text + disguised(random))
    if "disguised-adverts" in faults:
        for _ in range(random.randint(1, 2)):
            pieces.insert(random.randint(1, len(pieces)), Piece(text=disguised(random)))
    return pieces


def with_boilerplate(
    pieces: list[Piece],
    chapter: Chapter,
    faults: Set[str],
    top: str,
    bottom: str,
    random: Random,
    number: int,
    count: int,
) -> list[Piece]:
    """The lines with what the site writes above, between and below them."""
    if "hidden-decoys" in faults:
        for _ in range(random.randint(1, 3)):
            decoy = random.choice(DECOYS).format(sentence(random) + "本段由青灯小说网提供。", hidden="x7f3q")
            pieces.insert(random.randint(1, len(pieces)), Piece(text=decoy, raw=True))
    if "ad-blocks" in faults:
        block = '<div class="gg"><script>ad(3)</script><a href="/ad?id=3">最新最全的小说尽在青灯</a></div>'
        pieces.insert(random.randint(1, len(pieces)), Piece(text=block, raw=True))
    if "heading-repeated" in faults:
        form = ("{}", "{}", "正文 {}")[random.randrange(3)] if number == 1 else "{}"
        pieces.insert(0, Piece(text=form.format(chapter.title)))
    if "page-marks" in faults and count > 1:
        pieces.insert(0, Piece(text=f"{chapter.title}第({number}/{count})页"))
    if "repeated-line-top" in faults:
        pieces.insert(0, Piece(text=top))
    if "unfinished-line" in faults and number < count:
        pieces.append(Piece(text=random.choice(("本章未完，请点击下一页继续阅读", "（本章未完，请翻页）"))))
    if "end-mark" in faults and number == count:
        pieces.append(Piece(text="(本章完)"))
    if "repeated-line-bottom" in faults:
        pieces.append(Piece(text=bottom))
    return pieces


def heading(chapter: Chapter, faults: Set[str], number: int, count: int) -> str:
    """What stands above the text."""
    mark = f"（{number}/{count}）" if "page-marks" in faults and count > 1 else ""
    text = escape(chapter.title) + mark
    return f'<div class="title">{text}</div>' if "plain-heading" in faults else f"<h1>{text}</h1>"


def turning(
    places: Addresses, faults: Set[str], here: str, place: int, number: int, count: int, chapters: int
) -> str:
    """The links to the pages around this one."""
    home = places.start
    before = places.page(place, number - 1) if number > 1 else places.chapter(place - 1) if place else home
    last = number == count
    after = (
        places.page(place, number + 1)
        if not last
        else places.chapter(place + 1)
        if place + 1 < chapters
        else home
    )
    forward = "下一章" if last else "下一页"
    if "forward-says-chapter" in faults:
        forward = "下一章"
    if "forward-says-page" in faults:
        forward = "下一页"
    links = [escape(places.link(path, here)) for path in (before, home, after)]
    return turn(links[0], links[1], links[2], forward)


def content(pieces: Sequence[Piece], faults: Set[str], row: str, random: Random) -> str:
    """The text and what is mixed into it."""
    written = [piece if piece.raw else Piece(text=inline(piece.text, faults, random)) for piece in pieces]
    inside = joined(written, faults)
    if "navigation-inside" in faults:
        links = '<a href="javascript:chapter_error(1)">『点此报错』</a><a href="javascript:add(1)">『加入书签』</a>'
        inside += f'<p class="readinline">{links}</p><div class="bottem">{row}</div>'
    return inside


def inline(text: str, faults: Set[str], random: Random) -> str:
    """A line's text as markup."""
    if "invisible-characters" in faults and len(text) > 8:
        at = random.randint(2, len(text) - 3)
        text = text[:at] + random.choice("\u200b\u200c\ufeff\u2060") + text[at:]
    parts = [text]
    if "inline-tags" in faults and len(text) > 8:
        at = random.randint(2, len(text) - 5)
        parts = [text[:at], text[at : at + 3], text[at + 3 :]]
    parts = [escape(part, quote=False) for part in parts]
    if "numeric-entities" in faults:
        parts = [HANZI.sub(lambda found: entity(found[0], random), part) for part in parts]
    if len(parts) == 3:
        tag = random.choice(("span", "b", "i", "font"))
        return f'{parts[0]}<{tag} class="k">{parts[1]}</{tag}>{parts[2]}'
    return parts[0]


def entity(character: str, random: Random) -> str:
    """A character as a numeric entity, decimal or hexadecimal."""
    return f"&#{ord(character)};" if random.random() < 0.5 else f"&#x{ord(character):x};"


def joined(pieces: Sequence[Piece], faults: Set[str]) -> str:
    """The lines in the markup of the site."""
    if "pre-lines" in faults:
        return "<pre>" + "".join(p.text + ("" if p.raw else "\n") for p in pieces) + "</pre>"
    form = "<p>　　{}</p>\n"
    if "br-lines" in faults or "bare-text" in faults:
        form = "&nbsp;&nbsp;&nbsp;&nbsp;{}<br />\r\n<br />\r\n"
    elif "div-lines" in faults:
        form = "<div>　　{}</div>"
    elif "unclosed-tags" in faults:
        form = "<p>　　{}</span>\n"
    return "".join(piece.text if piece.raw else form.format(piece.text) for piece in pieces)


def aside(
    novel: Novel, places: Addresses, faults: Set[str], here: str, blurb: str, random: Random
) -> str:
    """Prose below the chapter that is none of it."""
    found = ""
    if "reader-comments" in faults:
        rows = "".join(
            f'<li><b>书友{random.randint(1000, 9999)}</b><p>{comment}</p></li>'
            for comment in random.sample(COMMENTS, 3)
        )
        found += f'<div class="comments"><h3>书友评论</h3><ul>{rows}</ul></div>'
    if "repeated-blurb" in faults:
        found += f'<div class="blurb"><h3>《{novel.title}》简介</h3><p>{blurb}</p><p>{novel.introduction}</p></div>'
    return found


def framed(inside: str, heading_html: str, row: str, below: str, faults: Set[str]) -> str:
    """The chapter between its links."""
    if "layout-tables" in faults:
        return (
            '<table width="960" border="0"><tr><td width="180" valign="top"><font color="#333">左侧广告位</font></td>'
            f"<td><table><tr><td>{heading_html}</td></tr><tr><td>{row}</td></tr>"
            f'<tr><td class="text"><font size="4">{inside}</font></td></tr><tr><td>{row}</td></tr></table>{below}</td>'
            "</tr></table>"
        )
    if "bare-text" in faults:
        return f"<div>{heading_html}<div>{row}</div>\n{inside}\n<div>{row}</div></div>{below}"
    closing = "" if "unclosed-tags" in faults else "</div>"
    opened = '<div class="content_read"><div class="box_con"><div class="bookname">'
    return (
        f'{opened}{heading_html}<div class="bottem1">{row}</div></div>\n<div id="content">{inside}{closing}'
        f'\n<div class="bottem2">{row}<p>温馨提示：方向键左右(← →)前后翻页，上下(↑ ↓)上下滚用， 回车键:返回列表</p></div>'
        f"{below}</div></div>"
    )


def whole(title: str, body: str, faults: Set[str], random: Random, stranger: str) -> str:
    """The page around a chapter."""
    head = "<style>.x7f3q{display:none}</style>" if "hidden-decoys" in faults else ""
    if "base-href" in faults:
        head += f'<base href="{HOST}{BASE_HREF}">'
    html = shell(title, body, random, head, stranger=stranger)
    if "glued-documents" in faults:
        banner = shell("青灯小说网", "<p>欢迎光临。</p>", random)
        html = f"{banner}\n{html}\n<html><body><p>页面执行时间0.021秒</p></body></html>"
    return html
