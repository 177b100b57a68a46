import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import xuxie
from crawl.test_crawler import contents
from xuxie.books.book import Book
from xuxie.config import CrawlSettings
from xuxie.crawl import desk, helper
from xuxie.crawl.crawler import crawl_book
from xuxie.crawl.desk import Desk
from xuxie.crawl.extraction import NO_RULES, Part, read_part
from xuxie.crawl.helper import Helper
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.responses import Response
from xuxie.crawl.rules import ChapterRules
from xuxie.crawl.shelf import Wanted, crawl_shelf
from xuxie.errors import IncompleteError
from xuxie.project import Project

SOURCE = str(Path(xuxie.__file__ or "").parents[1])
LOGIN = "<html><title>请登录</title><p>请先登录。</p></html>"
TWO = "<h1>第1章 夜</h1><div id=a><p>他走了很久，没有回头。</p></div><div id=b><p>这是别的。</p></div>"


def response(html: str, charset: str = "utf-8") -> Response:
    return Response(
        url="http://example.com/1.html",
        status=200,
        headers={"content-type": f"text/html; charset={charset}"},
        body=html.encode(charset),
    )


def asked(questions: Callable[[Helper], Awaitable[Any]], rules: ChapterRules = NO_RULES) -> Any:
    """What comes of asking a helper."""

    async def ask() -> Any:
        found = await Helper.start(rules)
        assert found is not None
        try:
            return await questions(found)
        finally:
            await found.end()

    return asyncio.run(ask())


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Room for one helper, whatever the machine has."""
    monkeypatch.setattr(helper, "FREE", semaphore := threading.Semaphore(1))
    return semaphore


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch, free: threading.Semaphore) -> list[Part | None]:
    """Every desk has a helper that has begun to read; what it has answered since."""
    answers: list[Part | None] = []
    read = Helper.read

    async def enter(self: Desk) -> Desk:
        self.call = asyncio.create_task(self.call_helper())
        await self.call
        if self.helper:
            await read(self.helper, response(LOGIN), "")
        return self

    async def note(self: Helper, page: Response, title: str) -> Part | None:
        answers.append(await read(self, page, title))
        return answers[-1]

    monkeypatch.setattr(Desk, "__aenter__", enter)
    monkeypatch.setattr(Helper, "read", note)
    return answers


def test_a_helper_reads_what_is_read_here(chapter_page: Any, free: object) -> None:
    pages = [response(chapter_page(1)), response(chapter_page(2), "gbk"), response(LOGIN), response("")]

    async def all_at_once(found: Helper) -> list[Part | None]:
        return await asyncio.gather(*(found.read(page, "第1章 雨夜1") for page in pages))

    parts = asked(all_at_once)
    assert parts == [*(read_part(page.page(), "第1章 雨夜1") for page in pages[:2]), None, None]
    assert parts[0].links == [("下一章", "http://example.com/2.html")]


def test_a_helper_knows_the_rules_of_the_site(free: object) -> None:
    part = asked(lambda found: found.read(response(TWO), "第1章 夜"), ChapterRules(body="#b"))
    assert part.paragraphs == ["这是别的。"]


def test_there_are_no_more_helpers_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "FREE", threading.Semaphore(0))
    assert asyncio.run(Helper.start(NO_RULES)) is None


def test_a_helper_that_cannot_be_started_is_none(
    monkeypatch: pytest.MonkeyPatch, free: threading.Semaphore
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert asyncio.run(Helper.start(NO_RULES)) is None
    assert free.acquire(blocking=False)


def test_an_ordinary_crawl_calls_no_helper(site: Any, project: Project, monkeypatch: Any) -> None:
    async def start(_: ChapterRules) -> None:
        raise AssertionError("a helper is called")

    monkeypatch.setattr(Helper, "start", start)
    assert crawl_book(site.book(list(range(1, 41))), project, CrawlSettings()).count("fetched") == 40


def test_a_queue_calls_a_helper(free: object, chapter_page: Any) -> None:
    async def read(pages: int) -> Helper | None:
        async with Desk() as here:
            await asyncio.gather(*(here.read(response(chapter_page(1)), "") for _ in range(pages)))
            return here.helper

    assert asyncio.run(read(1 + desk.QUEUE)) is None  # one is being read
    assert asyncio.run(read(2 + desk.QUEUE)) is not None


def test_the_book_is_the_same_with_a_helper(
    site: Any, tmp_path: Path, eager: list[Part | None], monkeypatch: Any, chapter_page: Any
) -> None:
    url = site.book(list(range(1, 41)))
    site.delay = 0.02
    site.put("/book/1/7.html", LOGIN)
    site.put("/book/1/9.html", chapter_page(9).encode("gbk"), kind="text/html; charset=gbk")
    for name in ("with", "without"):
        with pytest.raises(IncompleteError, match="1 of 40"):
            crawl_book(url, Project(tmp_path / name), CrawlSettings())
        if name == "with":
            assert sum(answer is not None for answer in eager) >= desk.AHEAD  # mostly all of them
            monkeypatch.setattr(helper, "FREE", threading.Semaphore(0))
            eager.clear()
    assert not eager
    assert contents(Project(tmp_path / "with")) == contents(Project(tmp_path / "without"))


def test_books_of_a_list_have_helpers_too(site: Any, tmp_path: Path, eager: list[Part | None]) -> None:
    """They are crawled in threads of their own."""
    url = site.book(list(range(1, 13)))
    (outcome,) = crawl_shelf([Wanted(url=url, folder="book")], tmp_path, CrawlSettings())
    assert (outcome.fetched, outcome.error) == (12, None)
    assert any(eager)


def test_a_helper_that_dies_costs_nothing(
    site: Any, project: Project, eager: list[Part | None], monkeypatch: Any, free: threading.Semaphore
) -> None:
    read = Helper.read

    async def read_and_kill(self: Helper, page: Response, title: str) -> Part | None:
        if len(eager) >= desk.AHEAD and self.process.returncode is None:
            self.process.kill()
        return await read(self, page, title)

    monkeypatch.setattr(Helper, "read", read_and_kill)
    site.delay = 0.02
    assert crawl_book(site.book(list(range(1, 41))), project, CrawlSettings()).count("fetched") == 40
    assert None in eager
    assert len(eager) < 40  # nobody asks the dead
    assert free.acquire(blocking=False)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the system cannot stop a process")
def test_a_helper_that_stands_still_is_given_up(chapter_page: Any, free: object, monkeypatch: Any) -> None:
    async def ask(found: Helper) -> list[Part | None]:
        assert await found.read(response(chapter_page(1)), "第1章 雨夜1")
        found.process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(helper, "PATIENCE", 0.1)
        pages = [found.read(response(chapter_page(number)), "第1章 雨夜1") for number in (1, 2)]
        return [*await asyncio.gather(*pages), await found.read(response(chapter_page(1)), "第1章 雨夜1")]

    assert asked(ask) == [None, None, None]


def test_an_answer_that_nobody_took_is_not_the_next_ones(chapter_page: Any, free: object) -> None:
    async def interrupted(found: Helper) -> Part | None:
        first = asyncio.create_task(found.read(response(chapter_page(1)), "第1章 雨夜1"))
        await asyncio.sleep(0)
        first.cancel()
        return await found.read(response(chapter_page(2)), "第2章 雨夜2")

    assert asked(interrupted) is None


def test_what_is_wrong_with_a_page_is_said_here(eager: list[Part | None]) -> None:
    async def read() -> None:
        async with Desk() as here:
            for _ in range(3):
                with pytest.raises(UnusablePage, match="login"):
                    await here.read(response(LOGIN), "第1章")

    asyncio.run(read())


STOPPED = """
import sys, threading
from xuxie.config import CrawlSettings
from xuxie.crawl import desk, helper
from xuxie.crawl.crawler import crawl_book
from xuxie.project import Project
desk.QUEUE, helper.FREE = 0, threading.Semaphore(1)
init = helper.Helper.__init__
def told(self, process):
    init(self, process)
    print(process.pid, flush=True)
helper.Helper.__init__ = told
crawl_book(sys.argv[1], Project(sys.argv[2]), CrawlSettings())
"""


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="looks for the process where Linux lists it"
)
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_helper_outlives_nobody(site: Any, project: Project, stop: int) -> None:
    url = site.book(list(range(1, 41)))
    site.delay = 0.1
    crawl = subprocess.Popen(
        [sys.executable, "-c", STOPPED, url, str(project)],
        env={**os.environ, "PYTHONPATH": SOURCE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert crawl.stdout
    its_helper = Path(f"/proc/{int(crawl.stdout.readline())}/stat")
    assert not is_over(its_helper)
    os.killpg(crawl.pid, stop)  # as a terminal does
    _, said = crawl.communicate(timeout=30)
    assert crawl.returncode != 0
    assert said.rstrip().endswith("KeyboardInterrupt") == (stop == signal.SIGINT)
    deadline = time.monotonic() + 10
    while not is_over(its_helper) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_over(its_helper)
    site.delay = 0.0
    crawl_book(url, project, CrawlSettings())
    assert Book(project.book).manifest().count("fetched") == 40


def is_over(process: Path) -> bool:
    """Whether a process has ended, be it that nobody has asked how."""
    try:
        return process.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
