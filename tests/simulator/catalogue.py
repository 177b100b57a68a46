"""The pages that list a book's chapters, with what real ones have besides the list.

    pages = catalogue_pages(novel, places, faults, seed)     # path -> HTML

The first chapter is always linked as such a site links it: in a list, whatever the list is made of.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from itertools import groupby
from random import Random

from simulator.addresses import BASE_HREF, HOST, Addresses
from simulator.story import Novel
from simulator.wording import shell

LATEST = 5
PAGE = 7  # chapters on one page of a list in pages
COVER = "/files/article/image/1/12s.jpg"
LOCKED = "第八百八十八章 未解锁"
FULL = ("查看完整目录", "章节列表", "查看全部章节", "全部章节目录", "点击查看全部章节")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the list; without a path it leads nowhere."""

    title: str
    path: str
    volume: str


def catalogue_pages(novel: Novel, places: Addresses, faults: Set[str], seed: int) -> dict[str, str]:
    """Every page of the catalogue by its path."""
    random = Random(f"catalogue {seed}")
    rows = rows_of(novel, places, faults, random)
    latest = [Row(title=row.title, path=row.path, volume="") for row in chapters_in(rows, faults)[:LATEST]]
    paged = bool(faults & {"paged-next", "paged-numbers", "paged-select"})
    size = PAGE if paged else len(rows)
    parts = [rows[at : at + size] for at in range(0, len(rows), size)]
    pages = {}
    for number, part in enumerate(parts, start=1):
        here = places.catalogue(number)
        body = information(novel, places, faults, here, rows)
        body += listing(novel, part, latest, places, faults, here)
        body += pager(places, faults, number, len(parts)) if paged else ""
        pages[here] = page(novel, body, faults, places, here, random)
    if "full-catalogue-link" in faults:
        pages[places.start] = entrance(novel, places, faults, latest, rows, random)
    return pages


def rows_of(novel: Novel, places: Addresses, faults: Set[str], random: Random) -> list[Row]:
    """The list as the site orders it."""
    rows = [
        Row(title=chapter.title, path=places.chapter(place), volume=chapter.volume)
        for place, chapter in enumerate(novel.chapters)
    ]
    if "repeated-link" in faults:
        later = random.randint(4, len(rows) - 1)
        earlier = random.randint(1, later - 2)
        rows.insert(
            earlier, Row(title=rows[later].title, path=rows[later].path, volume=rows[earlier].volume)
        )
    if "locked-entry" in faults:
        rows.append(Row(title=LOCKED, path="", volume=rows[-1].volume))
    if "reversed" in faults:
        rows.reverse()
    return rows


def chapters_in(rows: Sequence[Row], faults: Set[str]) -> list[Row]:
    """The chapters, newest first."""
    linked = [row for row in rows if row.path]
    return linked if "reversed" in faults else linked[::-1]


def page(novel: Novel, body: str, faults: Set[str], places: Addresses, here: str, random: Random) -> str:
    """A whole page."""
    head = "" if "no-opengraph" in faults else opengraph(novel, faults, places)
    if "base-href" in faults:
        head = f'<base href="{HOST}{BASE_HREF}">' + head
    title = f"{novel.title}最新章节_{novel.title}全文阅读_{novel.author}_青灯小说网"
    return shell(title, body, random, head, stranger=places.link(places.stranger, here))


def opengraph(novel: Novel, faults: Set[str], places: Addresses) -> str:
    """The <meta> elements in which many sites describe the book."""
    said = novel.introduction
    if "opengraph-html" in faults:
        said = said.replace("。", "。<br/><br/>&nbsp;&nbsp;")
    values = {
        "type": "novel",
        "title": novel.title,
        "description": said,
        "image": COVER,
        "novel:category": "武侠小说",
        "novel:author": novel.author,
        "novel:book_name": novel.title,
        "novel:status": "连载中",
        "novel:read_url": HOST + places.start,
        "novel:latest_chapter_name": novel.chapters[-1].title,
    }
    return "".join(f'<meta property="og:{key}" content="{value}" />\n' for key, value in values.items())


def information(novel: Novel, places: Addresses, faults: Set[str], here: str, rows: Sequence[Row]) -> str:
    """What the top of the page tells of the book."""
    newest = chapters_in(rows, faults)
    starts = ""
    if "start-link" in faults:
        starts = (
            f'<p>最新章节：<a href="{places.link(newest[0].path, here)}">{newest[0].title}</a></p>'
            f'<p class="btn"><a href="{places.link(newest[-1].path, here)}">开始阅读</a></p>'
        )
    return (
        '<div class="box_con"><div class="con_top"><a href="/">首页</a> &gt; '
        f'<a href="/list/2_1.html">武侠小说</a> &gt; {novel.title}</div>\n'
        f'<div id="fmimg"><img src="{COVER}" alt="{novel.title}" width="120"></div>'
        f'<div id="maininfo"><div id="info"><h1>{novel.title}</h1>'
        f'<p>作&nbsp;&nbsp;&nbsp;&nbsp;者：<a href="/author/3/">{novel.author}</a></p>'
        f"<p>状&nbsp;&nbsp;&nbsp;&nbsp;态：连载中</p>{starts}</div>"
        f'<div id="intro"><p>{novel.introduction}</p></div></div></div>\n'
    )


def listing(
    novel: Novel, rows: Sequence[Row], latest: Sequence[Row], places: Addresses, faults: Set[str], here: str
) -> str:
    """The list, with the newest chapters on top where the site has them."""
    blocks = []
    if "latest-block" in faults:
        hint = "（提示：已启用缓存技术，最新章节可能会延时显示，登录书架即可实时查看。）"
        blocks.append((f"《{novel.title}》最新章节{hint}", list(latest)))
    for volume, members in groupby(rows, key=lambda row: row.volume):
        blocks.append((volume or f"《{novel.title}》正文", list(members)))
    cells = [
        (heading, [anchor(row, places, faults, here) for row in members]) for heading, members in blocks
    ]
    if "script-links" in faults:
        cells[-1][1].insert(
            len(cells[-1][1]) // 2, '<a href="javascript:dd_show()">&lt;&lt;---展开全部章节---&gt;&gt;</a>'
        )
        cells[-1][1].append('<a name="bottom"></a><a onclick="goTop()">返回顶部</a><a href="#">第一页</a>')
    return laid_out(cells, faults)


def anchor(row: Row, places: Addresses, faults: Set[str], here: str) -> str:
    """One link of the list."""
    title = escape(row.title)
    date = '<span class="time">2021-03-30 22:39</span><em>2134字</em>' if "list-dates" in faults else ""
    if not row.path:
        return f'<a class="vip" title="本章需要解锁">{title}</a>{date}'
    return f'<a href="{escape(places.link(row.path, here))}">{title}</a>{date}'


def laid_out(cells: Sequence[tuple[str, Sequence[str]]], faults: Set[str]) -> str:
    """Headings and links in the markup of the site."""
    if "list-table" in faults:
        rows = []
        for heading, links in cells:
            rows.append(f'<tr><td class="vcss" colspan="4">{heading}</td></tr>')
            for at in range(0, len(links), 4):
                four = "".join(f'<td class="ccss">{link}</td>' for link in links[at : at + 4])
                rows.append(f"<tr>{four}</tr>")
        return f'<table class="css">{"".join(rows)}</table>\n'
    form = next((name for name in FORMS if name in faults), "")
    opened, heading_form, link_form, closed = FORMS.get(form, DEFAULT_FORM)
    return (
        opened
        + "".join(
            heading_form.format(heading) + "".join(link_form.format(link) for link in links)
            for heading, links in cells
        )
        + closed
    )


DEFAULT_FORM = ('<div id="list"><dl>', "<dt>{}</dt>\n", "<dd>{}</dd>\n", "</dl></div>\n")
FORMS = {
    "list-bare": ("<div>", "<h3>{}</h3>", "{} <br>\n", "</div>\n"),
    "list-paragraphs": ('<div class="directoryArea">', "<h2>{}</h2>", "<p>{}</p>\n", "</div>\n"),
    "list-unclosed": ("<ul class=chapter>", "<li><b>{}</b>", "<li>{}\n", "</ul>\n"),
}


def pager(places: Addresses, faults: Set[str], number: int, count: int) -> str:
    """How to come to the other pages of the list."""
    here = places.catalogue(number)
    links = [places.link(places.catalogue(n), here) for n in range(1, count + 1)]
    if "paged-select" in faults:
        options = "".join(
            f'<option value="{escape(links[n])}"{" selected" if n + 1 == number else ""}>'
            f"{n * PAGE + 1} - {(n + 1) * PAGE}章</option>"
            for n in range(count)
        )
        return f'<div class="listpage"><select onchange="location.href=this.value">{options}</select></div>'
    if "paged-numbers" in faults:
        near = [n for n in range(count) if abs(n + 1 - number) <= 2 or n == count - 1]
        return (
            '<div class="pages">'
            + " ".join(
                f'<a href="{escape(links[n])}">{n + 1}</a>' if n + 1 != number else f"<b>{n + 1}</b>"
                for n in near
            )
            + "</div>"
        )
    following = number if number < count else 0
    last = "<a>下一页</a>"
    if number < count or "paged-loop" in faults:
        last = f'<a href="{escape(links[following])}">下一页</a>'
    before = f'<a href="{escape(links[number - 2])}">上一页</a>' if number > 1 else "<a>上一页</a>"
    return f'<div class="pages">{before} {last} <a href="{escape(links[-1])}">尾页</a></div>'


def entrance(
    novel: Novel,
    places: Addresses,
    faults: Set[str],
    latest: Sequence[Row],
    rows: Sequence[Row],
    random: Random,
) -> str:
    """A book's page that shows the newest chapters only, and leads to the whole list."""
    here = places.start
    shown = "".join(f"<li>{anchor(row, places, faults, here)}</li>" for row in latest)
    whole = escape(places.link(places.catalogue(), here))
    body = information(novel, places, faults, here, rows) + (
        f'<div class="recommend"><h2>最新章节</h2><ul>{shown}</ul>'
        f'<h2><a href="{whole}">{random.choice(FULL)}</a></h2></div>'
    )
    return page(novel, body, faults, places, here, random)
