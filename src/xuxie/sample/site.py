"""A novel site on loopback: a catalogue, chapters, robots.txt, and the clutter of real sites.

    with serving(sample_site()) as base:
        crawl_book(base + "/book/1/", Project("mybook"), CrawlSettings())

It serves the bundled novel, so that the whole pipeline can be tried, and tested, without the network.
"""

import contextlib
import re
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask, Response, abort, render_template
from waitress import wasyncore
from waitress.server import create_server

from xuxie.books.decoding import decode
from xuxie.books.sections import ImportedBook
from xuxie.books.txt import parse_txt

BOOK = "/book/1/"
LATEST = 3  # chapters that the catalogue repeats on top
INTRODUCTION = re.compile(r"^简介[:：]\s*(.+)$", re.MULTILINE)
RECOMMENDED = ("山海旧闻", "灯下客", "北渡", "长街雪")
THREADS = 16
CLOSING_SECONDS = 5


def sample_site(novel: Path | None = None) -> Flask:
    """The site, serving `novel` (a TXT file) or the bundled one."""
    book, introduction = read_novel(novel)
    chapters = dict(zip(chapter_numbers(len(book.chapters)), book.chapters, strict=True))
    numbers = list(chapters)
    app = Flask(__name__)
    app.jinja_env.globals.update(book=book, book_url=BOOK, chapters=chapters, recommended=RECOMMENDED)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get(BOOK)
    def catalogue() -> str:
        latest = numbers[: -LATEST - 1 : -1]
        return render_template("catalogue.html", introduction=introduction, latest=latest)

    @app.get(BOOK + "<int:number>.html")
    def chapter(number: int) -> str:
        if number not in chapters:
            abort(404)
        place = numbers.index(number)
        return render_template(
            "chapter.html",
            chapter=chapters[number],
            previous=f"{numbers[place - 1]}.html" if place else BOOK,
            following=f"{numbers[place + 1]}.html" if place + 1 < len(numbers) else BOOK,
            broken=place % 2 == 1,  # every other chapter parts its paragraphs by <br>
        )

    @app.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nDisallow: /search\nDisallow: /user/\n", mimetype="text/plain")

    return app


def read_novel(novel: Path | None) -> tuple[ImportedBook, str]:
    """The book and its introduction."""
    file = novel or resources.files("xuxie.sample").joinpath("novel.txt")
    text = decode(file.read_bytes()).text
    introduction = INTRODUCTION.search(text)
    return parse_txt(text, novel.name if novel else "novel.txt"), introduction[1] if introduction else ""


def chapter_numbers(count: int) -> list[int]:
    """Numbers for addresses: in reading order, with gaps as a site that deletes pages has."""
    return [1001 + place + place // 4 * 3 for place in range(count)]


@contextlib.contextmanager
def serving(app: WSGIApplication, port: int = 0) -> Iterator[str]:
    """Serve a WSGI application on a loopback port (0: a free one); yields its address (no last slash).

    Raises OSError when the port is taken.
    """
    sockets: dict[int, Any] = {}
    server = create_server(app, map=sockets, host="127.0.0.1", port=port, threads=THREADS)
    closing = threading.Event()

    def run() -> None:
        while not closing.is_set():
            wasyncore.loop(timeout=1, map=sockets, count=1)

    thread = threading.Thread(target=run, name="sample-site", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        closing.set()
        server.pull_trigger()  # wakes the loop
        thread.join()
        server.task_dispatcher.shutdown(timeout=CLOSING_SECONDS)
        wasyncore.close_all(sockets)
