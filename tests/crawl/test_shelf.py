import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.book import Book
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.crawl.shelf import Outcome, Wanted, crawl_shelf, parse_list, read_list, worst
from xuxie.errors import ForbiddenError, IncompleteError, InputError, NetworkError, XuxieError
from xuxie.project import Project
from xuxie.sample.site import serving


def test_a_list() -> None:
    text = """# 我的书
https://example.com/book/1/
https://example.com/book/2/#chapters  雨夜 上   # with a comment

http://127.0.0.1:8000/read?id=7\t
"""
    assert parse_list(text, "books.txt") == [
        Wanted(url="https://example.com/book/1/", folder="example.com-book-1"),
        Wanted(url="https://example.com/book/2/", folder="雨夜 上"),
        Wanted(url="http://127.0.0.1:8000/read?id=7", folder="127.0.0.1-8000-read-id-7"),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mybook", "web address"),
        ("ftp://example.com/", "web address"),
        ("https://example.com/ ../up", "folder"),
        ("https://example.com/ a/b", "folder"),
        ("https://example.com/ .hidden", "folder"),
        ("https://example.com/ C:\\books", "folder"),
        ("https://example.com/ " + "长" * 300, "folder"),
        ("https://example.com/book/1/ other", "line 1 already"),
        ("https://example.com/book/2/ FIRST", "line 1 already"),
    ],
)
def test_a_wrong_line_is_named(line: str, why: str) -> None:
    with pytest.raises(InputError, match=rf"books\.txt, line 3: .*{why}"):
        parse_list(f"https://example.com/book/1/ first\n\n{line}\n", "books.txt")


@given(st.text(max_size=200))
def test_any_list_gives_safe_folders_or_an_input_error(text: str) -> None:
    try:
        found = parse_list("https://example.com/ " + text, "books.txt")
    except InputError:
        return
    for wanted in found:
        assert Path(wanted.folder).name == wanted.folder
        assert wanted.folder not in ("", ".", "..")


@given(st.from_regex(r"https?://[a-z]{1,9}\.com/[!-~]{0,120}", fullmatch=True))
def test_every_address_has_a_folder(url: str) -> None:
    (wanted,) = parse_list(url, "books.txt")
    assert Path(wanted.folder).name == wanted.folder


def test_reading_a_list(tmp_path: Path) -> None:
    path = tmp_path / "books.txt"
    path.write_bytes("https://example.com/ 雨夜\n".encode("gb18030"))
    assert read_list(path)[0].folder == "雨夜"
    path.write_text("# nothing yet\n", encoding="utf-8")
    with pytest.raises(InputError, match="no book"):
        read_list(path)
    path.write_bytes(b"#" * 2_000_000)
    with pytest.raises(InputError, match="too large"):
        read_list(path)
    with pytest.raises(InputError, match="does not exist"):
        read_list(tmp_path / "none.txt")


def test_books_of_several_hosts(site: Any, tmp_path: Path, settings: CrawlSettings, expected: Any) -> None:
    """One whole, one with a chapter missing, one that is not there, one on a host of its own."""
    site.book([1, 2, 3])
    site.put(
        "/book/2/", "<h1>雾</h1>" + "".join(f"<a href='/book/1/{n}.html'>第{n}章</a>" for n in (1, 2, 9))
    )
    with serving(site.app) as other:
        text = f"{site.base}/book/1/ a\n{site.base}/book/2/ b\n{site.base}/book/3/ c\n{other}/book/1/ d\n"
        outcomes = crawl_shelf(parse_list(text, "books.txt"), tmp_path, settings)
    assert [outcome.wanted.folder for outcome in outcomes] == ["a", "b", "c", "d"]
    assert [(outcome.fetched, outcome.chapters) for outcome in outcomes] == [(3, 3), (2, 3), (0, 0), (3, 3)]
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        IncompleteError,
        NetworkError,
        type(None),
    ]
    assert worst(outcomes) is outcomes[2].error
    book = Book(Project(tmp_path / "d").book)
    assert book.raw(book.fetched()[1]) == expected(2)


def test_hosts_go_side_by_side_and_share_no_limit(site: Any, tmp_path: Path) -> None:
    site.book(list(range(1, 9)))
    site.delay = 0.1
    with serving(site.app) as other:
        text = f"{site.base}/book/1/ a\n{other}/book/1/ b\n"
        crawl_shelf(parse_list(text, "books.txt"), tmp_path, CrawlSettings(concurrency=2))
    assert site.most_active == 4


def test_books_of_one_host_share_its_limits(site: Any, tmp_path: Path, clock: Any) -> None:
    site.book([1, 2, 3])
    site.put(
        "/book/2/", "<h1>雾</h1>" + "".join(f"<a href='/book/1/{n}.html'>第{n}章</a>" for n in (1, 2, 3))
    )
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 5\n", kind="text/plain")
    text = f"{site.base}/book/1/ a\n{site.base}/book/2/ b\n"
    begun = clock.time
    crawl_shelf(parse_list(text, "books.txt"), tmp_path, CrawlSettings(), timing=clock.timing())
    assert clock.time - begun >= 5 * (sum(site.asked.values()) - 1)


def test_the_worst_error_has_the_lowest_exit_code() -> None:
    def outcome(error: XuxieError | None) -> Outcome:
        return Outcome(wanted=Wanted(url="", folder=""), error=error)

    assert worst([outcome(None)]) is None
    errors: list[XuxieError] = [IncompleteError("a"), ForbiddenError("b"), InputError("c")]
    assert worst([outcome(error) for error in (None, *errors)]) is errors[2]
    assert worst([outcome(error) for error in errors[:2]]) is errors[1]


def test_the_disk_of_one_book_does_not_stop_the_others(tmp_path: Path, settings: CrawlSettings) -> None:
    def crawl(url: str, project: Project, *_: Any) -> None:
        if url.endswith("1/"):
            raise PermissionError(13, "denied", str(project))

    wanted = parse_list("http://a.example/1/\nhttp://b.example/2/", "books.txt")
    outcomes = crawl_shelf(wanted, tmp_path, settings, crawl=crawl)
    assert [outcome.error and outcome.error.exit_code for outcome in outcomes] == [1, None]


def test_a_fault_of_the_program_is_not_hidden(tmp_path: Path, settings: CrawlSettings) -> None:
    def crawl(*_: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crawl_shelf(parse_list("http://a.example/", "books.txt"), tmp_path, settings, crawl=crawl)


def test_an_interruption_stops_all_books_and_they_go_on_later(site: Any, tmp_path: Path) -> None:
    site.book(list(range(1, 121)))
    site.delay = 0.1  # six seconds a book: long after the interruption
    settings = CrawlSettings(concurrency=2)
    with serving(site.app) as other:
        wanted = parse_list(f"{site.base}/book/1/ a\n{other}/book/1/ b\n", "books.txt")
        raw = [Project(tmp_path / name).book / "raw" for name in "ab"]

        def interrupt() -> None:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not all(
                len(list(path.glob("*.txt"))) > 3 for path in raw
            ):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            crawl_shelf(wanted, tmp_path, settings)
        books = [Book(Project(tmp_path / name).book) for name in "ab"]
        assert all(3 < book.manifest().count("fetched") < 120 for book in books)
        site.delay = 0.0
        outcomes = crawl_shelf(wanted, tmp_path, settings)
    assert [(outcome.fetched, outcome.error) for outcome in outcomes] == [(120, None)] * 2


def test_a_book_of_a_shelf_is_like_any_other(site: Any, tmp_path: Path, settings: CrawlSettings) -> None:
    url = site.book([1, 2, 3])
    crawl_shelf(parse_list(f"{url} a", "books.txt"), tmp_path, settings)
    crawl_book(url, Project(tmp_path / "b"), settings)
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name / "book").rglob("*.*")
        }
        for name in "ab"
    )
    assert first == second
