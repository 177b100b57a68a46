"""Two real novels as a site's data, served through a template like a real site's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort

from xuxie.books.book import Book
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.project import Project
from xuxie.sample.site import serving

SITES = Path(__file__).resolve().parents[2].parent / "shared" / "sites"
NAMES = ["jinghuayuan", "guanchangxianxingji"]
FRAME = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>{title}</title>{meta}</head><body>
<div id="wrapper"><div class="header"><a href="/">古典书城</a></div>
<div class="nav"><ul><li><a href="/">首页</a></li>
<li><a href="/top/">排行榜</a></li><li><a href="/full/">完本小说</a></li></ul></div>{body}
<div class="footer"><p>本站所有小说为转载作品，转载至本站只是为了宣传本书让更多读者欣赏。</p></div>
</div></body></html>"""


def address(place: int) -> int:
    return 48213 + 3 * place


def novel_site(folder: Path, charset: str, declared: str) -> Flask:
    app = Flask("real")
    info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    titles = info["catalogues"]

    def send(title: str, body: str, meta: str = "") -> Response:
        html = FRAME.format(charset=declared, title=title, meta=meta, body=body)
        return Response(html.encode(charset), content_type="text/html")

    @app.get("/12_12345/")
    def catalogue() -> Response:
        rows = [
            f'<dd><a href="/12_12345/{address(n)}.html">{title}</a></dd>' for n, title in enumerate(titles)
        ]
        name, author = info["name"], info["author"]
        meta = "".join(
            f'<meta property="og:{key}" content="{value}">'
            for key, value in (("title", name), ("novel:author", author))
        )
        latest, proper = "\n".join(rows[:-9:-1]), "\n".join(rows)
        others = "".join(f'<li><a href="/9_{n}/">别的书{n}</a></li>' for n in range(200))
        return send(
            name + "最新章节_古典书城",
            f'<div id="info"><h1>{name}</h1></div><div id="list"><dl><dt>最新章节</dt>{latest}'
            f"<dt>正文</dt>{proper}</dl></div><ul>{others}</ul>",
            meta,
        )

    @app.get("/12_12345/<int:number>.html")
    def chapter(number: int) -> Response:
        place = (number - address(0)) // 3
        if not 0 <= place < len(titles) or address(place) != number:
            abort(404)
        text = (folder / f"{place}.html").read_text(encoding="utf-8")
        previous, following = f"{number - 3}.html", f"{number + 3}.html"
        turn = f'<a href="{previous}">上一章</a> ← <a href="./">目录</a> → <a href="{following}">下一章</a>'
        return send(
            f"{titles[place]}_{info['name']}",
            f'<div class="con_top"><a href="/">首页</a> &gt; <a href="./">书</a> &gt; {titles[place]}</div>'
            f'<div class="bookname"><h1>{titles[place]}</h1><div class="bottem1">{turn}</div></div>'
            f'<div id="content">{text}</div><div class="bottem2">{turn}</div>',
        )

    return app


def paragraphs(html: str) -> list[str]:
    """What the fragment says: it holds text and <br> only."""
    return [line for part in html.replace("\n", "").split("<br>") if (line := part.strip())]


@pytest.fixture(
    params=[(name, *charsets) for name in NAMES for charsets in (("gb18030", "gbk"), ("utf-8", "gbk"))]
)
def real(request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    name, charset, declared = request.param
    folder = SITES / name
    if not folder.exists():
        pytest.skip(f"the novels in {SITES} are not here")
    with serving(novel_site(folder, charset, declared)) as base:
        yield folder, base


def test_order_count_and_exact_text(
    real: tuple[Path, str], tmp_path: Path, settings: CrawlSettings
) -> None:
    folder, base = real
    info: dict[str, Any] = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    manifest = crawl_book(base + "/12_12345/", Project(tmp_path / "book"), CrawlSettings(concurrency=8))
    assert (manifest.title, manifest.author) == (info["name"], info["author"])
    assert [chapter.title for chapter in manifest.chapters] == [
        title.strip() for title in info["catalogues"]
    ]
    book = Book(tmp_path / "book" / "book")
    for place, chapter in enumerate(manifest.chapters):
        expected = paragraphs((folder / f"{place}.html").read_text(encoding="utf-8"))
        assert book.raw(chapter) == expected, chapter.title
