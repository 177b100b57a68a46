"""A novel site on loopback that can answer wrong, and a clock that does not wait."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, Response

from xuxie.config import CrawlSettings
from xuxie.crawl.retries import Timing
from xuxie.project import Project
from xuxie.sample.site import serving

Answer = Callable[[int], Response]  # the n-th request for a path (from 1) -> what is sent


def chapter_text(number: int) -> list[str]:
    return [
        f"第{number}夜，雨下得很大，他在灯下坐了一夜，没有说话。",
        f"“你数到{number}了么？”她问，声音很轻。",
        "他点点头，把信折好，放回了抽屉里。",
    ]


def chapter_html(number: int, title: str = "") -> str:
    title = title or f"第{number}章 雨夜{number}"
    paragraphs = "".join(f"<p>　　{line}</p>\n" for line in chapter_text(number))
    return (
        f"<html><head><meta charset='utf-8'><title>{title}_雨夜_某某小说网</title></head><body>"
        "<div class='nav'><a href='/'>首页</a><a href='/rank/'>排行榜</a></div>"
        f"<div class='bookname'><h1>{title}</h1></div><div id='content'>{paragraphs}</div>"
        "<div class='turn'><a href='./'>目录</a> <a href='2.html'>下一章</a></div>"
        "<div class='footer'>本站所有小说为转载作品，所有章节均由网友上传。</div></body></html>"
    )


def catalogue_html(entries: list[tuple[int, str]]) -> str:
    rows = "".join(f"<dd><a href='{number}.html'>{title}</a></dd>\n" for number, title in entries)
    return (
        "<html><head><meta charset='utf-8'><meta property='og:novel:book_name' content='雨夜'>"
        "<meta property='og:novel:author' content='佚名'></head>"
        f"<body><h1>雨夜</h1><div id='list'><dl>{rows}</dl></div></body></html>"
    )


def page(
    content: str | bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
    kind: str = "text/html; charset=utf-8",
) -> Response:
    return Response(content, status, {"Content-Type": kind} | (headers or {}))


class Site:
    """Paths and their answers; counts what is asked, and how many at once."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.delay = 0.0  # seconds that every chapter takes
        self.active = self.most_active = 0
        self.lock = threading.Lock()
        self.base = ""
        self.app = Flask("fixture")
        self.app.add_url_rule("/", "root", self.answer, defaults={"path": ""})
        self.app.add_url_rule("/<path:path>", "path", self.answer)

    def answer(self, path: str) -> Response:
        place = "/" + path
        with self.lock:
            self.asked[place] += 1
            count = self.asked[place]
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        try:
            if place.endswith(".html"):
                time.sleep(self.delay)
            return self.answers[place](count) if place in self.answers else page("没有这一页", 404)
        finally:
            with self.lock:
                self.active -= 1

    def put(self, path: str, content: str | bytes, **options: object) -> None:
        self.answers[path] = lambda _: page(content, **options)  # type: ignore[arg-type]

    def book(self, numbers: list[int]) -> str:
        """Make the site hold a book with these chapters; its address."""
        self.put("/book/1/", catalogue_html([(number, f"第{number}章 雨夜{number}") for number in numbers]))
        for number in numbers:
            if f"/book/1/{number}.html" not in self.answers:
                self.put(f"/book/1/{number}.html", chapter_html(number))
        return self.base + "/book/1/"

    def chapters_asked(self) -> int:
        return sum(count for path, count in self.asked.items() if path.endswith(".html"))


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_000_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def pause(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)

    def read(self) -> float:
        return self.time

    def timing(self) -> Timing:
        return Timing(
            sleep=self.sleep, pause=self.pause, now=self.read, monotonic=self.read, jitter=lambda: 1.0
        )


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.total: float | None = None
        self.done = 0.0
        self.interrupt_after = 10**9

    def start(self, what: str, total: float | None = None) -> None:
        self.total = total

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount
        if note:
            self.notes.append(note)
        if len(self.notes) == self.interrupt_after:
            os.kill(os.getpid(), signal.SIGINT)  # what Ctrl-C sends

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XUXIE_LANG", "en")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with serving(site.app) as base:
        site.base = base
        yield site


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "mybook")


@pytest.fixture
def settings() -> CrawlSettings:
    return CrawlSettings(timeout=5.0, retries=2)


@pytest.fixture
def expected() -> Callable[[int], list[str]]:
    """The paragraphs of the fixture book's n-th chapter."""
    return chapter_text


@pytest.fixture
def chapter_page() -> Callable[..., str]:
    return chapter_html


@pytest.fixture
def catalogue_page() -> Callable[[list[tuple[int, str]]], str]:
    return catalogue_html


@pytest.fixture
def respond() -> Callable[..., Response]:
    return page
