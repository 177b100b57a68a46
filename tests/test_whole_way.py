"""The whole way on a real novel, through the commands, as a user goes it: 镜花缘, 100 chapters.

crawl over HTTP → corpus → train → write → serve → GET /fiction
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, abort, render_template_string

from xuxie.sample.site import serving

NOVEL = Path(__file__).resolve().parents[2] / "shared" / "sites" / "jinghuayuan"
CATALOGUE = """<html><head><title>{{ name }}最新章节_{{ name }}全文阅读_书香阁</title>
<meta property="og:novel:book_name" content="{{ name }}">
<meta property="og:novel:author" content="{{ author }}">
</head><body><div class="nav"><a href="/">首页</a><a href="/top/">排行</a><a href="/login/">登录</a></div>
<div id="info"><h1>{{ name }}</h1><p>作者：{{ author }}</p></div>
<div id="latest"><h2>最新章节</h2>{% for n in range(titles|length - 1, titles|length - 7, -1) %}
<a href="{{ 3000 + n }}.html">{{ titles[n] }}</a>{% endfor %}</div>
<div id="list"><dl>{% for title in titles %}<dd><a href="{{ 3000 + loop.index0 }}.html">{{ title }}</a></dd>
{% endfor %}</dl></div>
<div class="footer"><a href="/about/">关于本站</a> 书香阁 版权所有</div></body></html>"""
CHAPTER = """<html><head><title>{{ title }}_{{ name }}_书香阁</title></head><body>
<div class="nav"><a href="/">首页</a><a href="./">{{ name }}</a></div><h1>{{ title }}</h1>
<div class="links"><a href="{{ 2999 + n }}.html">上一章</a><a href="./">目录</a>
<a href="{{ 3001 + n }}.html">下一章</a></div>
<div id="content">{{ body|safe }}</div><p class="tip">天才一秒记住本站地址，手机版更方便。</p>
<div class="footer">书香阁 版权所有</div></body></html>"""
SETTINGS = """
[train]
layers = 2
hidden_size = 64
heads = 2
source_length = 64
target_length = 64
batch_tokens = 2048
evaluations = 1
"""


@pytest.fixture
def site() -> Iterator[str]:
    if not NOVEL.exists():
        pytest.skip(f"needs the novel in {NOVEL}")
    info = json.loads((NOVEL / "info.json").read_text(encoding="utf-8"))
    names = {"name": info["name"], "author": info["author"]}
    app = Flask("site")

    @app.get("/book/9/")
    def catalogue() -> str:
        return render_template_string(CATALOGUE, titles=info["catalogues"], **names)

    @app.get("/book/9/<int:address>.html")
    def chapter(address: int) -> str:
        n = address - 3000
        if not 0 <= n < len(info["catalogues"]):
            abort(404)
        body = (NOVEL / f"{n}.html").read_text(encoding="utf-8")
        return render_template_string(CHAPTER, title=info["catalogues"][n], body=body, n=n, **names)

    with serving(app) as base:
        yield base + "/book/9/"


def xuxie(*arguments: object) -> Any:
    """Run a command that must succeed, and return the JSON that it prints."""
    command = [sys.executable, "-m", "xuxie", *map(str, arguments), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_whole_way(site: str, tmp_path: Path) -> None:
    book = tmp_path / "镜花缘"
    book.mkdir()
    (book / "xuxie.toml").write_text(SETTINGS, encoding="utf-8")

    info = xuxie("crawl", site, "-o", book, "-q")
    assert (info["title"], info["author"], info["chapters"], info["failed"]) == (
        "镜花缘",
        "李汝珍",
        100,
        [],
    )
    first = (book / "book" / "chapters" / "0001.txt").read_text(encoding="utf-8")
    assert first.startswith("昔曹大家《女诫》云")
    assert "天才一秒" not in first
    assert info["characters"] > 0.98 * hanzi_of_the_novel()

    corpus = xuxie("corpus", book, "-q")
    text = (book / "corpus" / "text.txt").read_text(encoding="utf-8")
    assert corpus["unknown"] == text.count("\ufffd") < 0.001 * len(text)  # glyphs that the site has lost
    model = xuxie("train", book, "--steps", 20, "-q")
    assert model["step"] == 20
    assert 5 < model["bits_per_character"] < 13
    passage = xuxie("write", book, "唐敖听了，", "--length", 30, "--seed", 1, "-q")
    assert len(passage["text"]) >= 30
    with serve(book) as address:
        answer = requests.get(address + "/fiction", params={"text": "唐敖听了，"}, timeout=60).json()
    assert (answer["code"], answer["msg"]) == (200, "success")
    assert len(answer["data"]["text"]) >= 200
    assert "唐敖听了" not in answer["data"]["text"][:4]
    assert xuxie("info", book)["stages"] == {"book": "done", "corpus": "done", "model": "done"}


def hanzi_of_the_novel() -> int:
    """How many characters that are no white space the source has, markup left out."""
    pages = (path.read_text(encoding="utf-8") for path in NOVEL.glob("*.html"))
    return sum(len(re.sub(r"<[^>]*>|\s", "", page)) for page in pages)


class serve:  # noqa: N801 - used like a function
    """`xuxie serve` in a process of its own, on a free port."""

    def __init__(self, book: Path) -> None:
        command = [sys.executable, "-m", "xuxie", "serve", str(book), "--port", "0", "--json"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    def __enter__(self) -> str:
        assert self.process.stdout
        address: str = json.loads(self.process.stdout.readline())["url"]
        return address

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)
