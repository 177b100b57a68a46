import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import xuxie
from xuxie.books.book import Book, Manifest
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.errors import (
    EnvironmentFailure,
    ForbiddenError,
    IncompleteError,
    InputError,
    MissingStageError,
    NetworkError,
    NoChaptersError,
)
from xuxie.files import exclusive
from xuxie.project import Project

SOURCE = str(Path(xuxie.__file__).parents[1]) if xuxie.__file__ else str(Path(__file__).parents[2] / "src")


@pytest.fixture
def run(project: Project, settings: CrawlSettings, clock: Any, told: Any) -> Any:
    def run(url: str | None, into: Project = project, limits: CrawlSettings = settings) -> Manifest:
        return crawl_book(url, into, limits, told, clock.timing())

    return run


def contents(project: Project) -> dict[str, bytes]:
    """Every file of the book."""
    return {
        str(path.relative_to(project.book)): path.read_bytes()
        for path in sorted(project.book.rglob("*"))
        if path.is_file()
    }


def test_a_whole_book(site: Any, run: Any, project: Project, told: Any, expected: Any) -> None:
    url = site.book([3, 7, 8, 20])
    manifest = run(url)
    assert (manifest.title, manifest.author, manifest.source) == ("雨夜", "佚名", url)
    assert [chapter.file for chapter in manifest.chapters] == [
        "0001.txt",
        "0002.txt",
        "0003.txt",
        "0004.txt",
    ]
    assert [chapter.title for chapter in manifest.chapters][1] == "第7章 雨夜7"
    assert manifest.count("fetched") == 4
    book = Book(project.book)
    assert book.manifest() == manifest
    assert [book.raw(chapter) for chapter in manifest.chapters] == [expected(n) for n in (3, 7, 8, 20)]
    assert [book.paragraphs(chapter) for chapter in manifest.chapters] == [
        expected(n) for n in (3, 7, 8, 20)
    ]
    assert (told.total, told.done) == (4, 4)
    assert sorted(told.notes) == sorted(chapter.title for chapter in manifest.chapters)
    assert len(told.lines) == 1
    assert not list(project.directory.rglob("*.tmp"))


def test_running_again_fetches_nothing_and_changes_nothing(
    site: Any, run: Any, project: Project, told: Any
) -> None:
    url = site.book([1, 2, 3])
    run(url)
    before = contents(project)
    asked = site.chapters_asked()
    assert run(None).count("fetched") == 3
    assert run(url + "#chapters").count("fetched") == 3
    assert contents(project) == before
    assert site.chapters_asked() == asked
    assert len(told.lines) == 1  # what one may fetch is said once


def test_a_missing_chapter_is_named_and_fetched_later(
    site: Any, run: Any, project: Project, respond: Any, chapter_page: Any
) -> None:
    url = site.book([1, 2, 3])
    site.put("/book/1/2.html", "gone", status=404)
    with pytest.raises(IncompleteError, match=r"1 of 3 .*第2章 雨夜2.*404"):
        run(url)
    book = Book(project.book)
    states = [(chapter.state, chapter.reason != "") for chapter in book.manifest().chapters]
    assert states == [("fetched", False), ("failed", True), ("fetched", False)]
    assert len(list((project.book / "chapters").glob("*.txt"))) == 2
    site.put("/book/1/2.html", chapter_page(2))
    asked = site.asked.copy()
    assert run(url).count("fetched") == 3
    assert site.asked["/book/1/2.html"] == asked["/book/1/2.html"] + 1
    assert site.asked["/book/1/1.html"] == asked["/book/1/1.html"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("访问太频繁，请稍后再试。", "too often"),
        ("", "empty"),
        ("<div></div>", "no text"),
        ("x" * 9_000_000, "larger"),
    ],
)
def test_a_page_that_is_no_chapter_is_not_saved(
    site: Any, run: Any, project: Project, text: str, why: str
) -> None:
    url = site.book([1, 2, 3])
    site.put("/book/1/2.html", text)
    with pytest.raises(IncompleteError, match=why):
        run(url)
    assert not (project.book / "raw" / "0002.txt").exists()


def test_a_chapter_inserted_later_takes_its_place_and_a_new_file(
    site: Any, run: Any, project: Project, expected: Any
) -> None:
    url = site.book([1, 2, 4])
    run(url)
    before = contents(project)
    asked = site.chapters_asked()
    site.book([1, 2, 3, 4])
    manifest = run(url)
    assert [chapter.file for chapter in manifest.chapters] == [
        "0001.txt",
        "0002.txt",
        "0004.txt",
        "0003.txt",
    ]
    assert Book(project.book).raw(manifest.chapters[2]) == expected(3)
    after = contents(project)
    assert {name: after[name] for name in before if name.endswith(".txt")} == {
        name: content for name, content in before.items() if name.endswith(".txt")
    }
    assert site.chapters_asked() == asked + 1


def test_a_chapter_that_vanishes_stays_at_its_place(site: Any, run: Any) -> None:
    url = site.book([1, 2, 3, 4])
    site.put("/book/1/4.html", "gone", status=404)
    with pytest.raises(IncompleteError):
        run(url)
    site.book([1, 3])
    manifest = run(url)
    assert [chapter.title[:3] for chapter in manifest.chapters] == ["第1章", "第2章", "第3章"]
    assert manifest.count("fetched") == 3


def test_a_new_title_and_a_new_order_keep_the_files(site: Any, run: Any, catalogue_page: Any) -> None:
    url = site.book([1, 2])
    run(url)
    site.put("/book/1/", catalogue_page([(2, "第1章 新名"), (1, "第2章 旧文")]))
    manifest = run(url)
    assert [(chapter.title, chapter.file) for chapter in manifest.chapters] == [
        ("第1章 新名", "0002.txt"),
        ("第2章 旧文", "0001.txt"),
    ]


def test_a_deleted_raw_file_is_fetched_again(site: Any, run: Any, project: Project) -> None:
    url = site.book([1, 2])
    run(url)
    before = contents(project)
    (project.book / "raw" / "0002.txt").unlink()
    run(url)
    assert contents(project) == before


def test_files_of_a_forgotten_book_are_not_adopted(
    site: Any, run: Any, project: Project, expected: Any
) -> None:
    raw = project.book / "raw"
    raw.mkdir(parents=True)
    for name in ("0001.txt", "0009.txt"):
        (raw / name).write_text("别的书。\n", encoding="utf-8")
    (raw / "0002.txt.tmp").write_text("半章", encoding="utf-8")
    manifest = run(site.book([1, 2]))
    assert Book(project.book).raw(manifest.chapters[0]) == expected(1)
    assert sorted(path.name for path in raw.iterdir()) == ["0001.txt", "0002.txt"]


def test_another_source_is_refused(site: Any, run: Any) -> None:
    run(site.book([1, 2]))
    with pytest.raises(InputError, match="-o"):
        run(site.base + "/book/2/")


def test_wrong_starts(site: Any, run: Any, project: Project) -> None:
    with pytest.raises(MissingStageError):
        run(None)
    with pytest.raises(InputError):
        run("mybook.txt")
    assert not project.directory.exists()
    with pytest.raises(NetworkError, match="404"):
        run(site.base + "/book/404/")
    with pytest.raises(NetworkError, match="no connection"):
        run("http://127.0.0.1:9/book/1/")
    site.put("/book/1/", "<html><p>什么都没有。</html>")
    with pytest.raises(NoChaptersError):
        run(site.base + "/book/1/")
    site.put("/book/1/", "<html><title>Just a moment...</title><p>验证码</html>")
    with pytest.raises(ForbiddenError, match="human"):
        run(site.base + "/book/1/")
    site.put("/book/1/", "login", status=403)
    with pytest.raises(ForbiddenError, match="403"):
        run(site.base + "/book/1/")


def test_robots_forbid_the_catalogue(site: Any, run: Any, settings: CrawlSettings) -> None:
    url = site.book([1, 2])
    site.put("/robots.txt", "User-agent: *\nDisallow: /book/\n", kind="text/plain")
    with pytest.raises(ForbiddenError, match=r"robots\.txt"):
        run(url)
    assert site.asked["/book/1/"] == 0
    assert run(url, limits=CrawlSettings(ignore_robots=True)).count("fetched") == 2


def test_robots_forbid_the_chapters(site: Any, run: Any) -> None:
    url = site.book([1, 2])
    site.put("/robots.txt", "User-agent: *\nDisallow: /book/1/*.html\n", kind="text/plain")
    with pytest.raises(ForbiddenError, match=r"robots\.txt"):
        run(url)
    assert site.chapters_asked() == 0


def test_links_into_a_private_network_are_not_followed(site: Any, run: Any, expected: Any) -> None:
    url = site.book([1, 2, 3])
    site.put(
        "/book/1/2.html", "", status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}
    )
    with pytest.raises(IncompleteError, match="private network"):
        run(url)


def test_chapters_on_another_host_obey_that_hosts_robots(site: Any, run: Any) -> None:
    port = site.base.rpartition(":")[2]
    other = f"http://localhost:{port}"
    rows = "".join(f"<li><a href='{other}/book/1/{n}.html'>第{n}章</a></li>" for n in (1, 2, 3))
    site.book([1, 2, 3])
    site.put("/book/1/", f"<h1>雨夜</h1><ul>{rows}</ul>")
    site.put("/robots.txt", "User-agent: *\nDisallow: /x\n", kind="text/plain")
    assert run(site.base + "/book/1/").count("fetched") == 3
    assert site.asked["/robots.txt"] == 2


def test_a_crawl_delay_is_told(site: Any, run: Any, told: Any, clock: Any) -> None:
    url = site.book([1, 2, 3])
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 20\n", kind="text/plain")
    run(url)
    assert any("20 s between requests" in line for line in told.lines)
    assert sum(clock.slept) >= 60


@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_bound_on_concurrency_is_kept_and_used(site: Any, run: Any, concurrency: int) -> None:
    url = site.book(list(range(1, 13)))
    site.delay = 0.05
    run(url, limits=CrawlSettings(concurrency=concurrency))
    assert site.most_active == concurrency


def test_a_site_that_goes_down_is_not_asked_for_ever(site: Any, run: Any, project: Project) -> None:
    url = site.book(list(range(1, 61)))
    for number in range(3, 61):
        site.put(f"/book/1/{number}.html", "down", status=503)
    with pytest.raises(IncompleteError, match="58 of 60"):
        run(url, limits=CrawlSettings(retries=0))
    assert site.chapters_asked() < 40
    assert Book(project.book).manifest().count("pending") > 20


def test_two_crawls_of_one_folder(site: Any, run: Any, project: Project) -> None:
    url = site.book([1, 2])
    with exclusive(project.directory), pytest.raises(EnvironmentFailure):
        run(url)


def test_an_interruption_leaves_a_book_that_goes_on(
    site: Any, run: Any, project: Project, told: Any, tmp_path: Path
) -> None:
    url = site.book(list(range(1, 13)))
    told.interrupt_after = 4
    with pytest.raises(KeyboardInterrupt):
        run(url)
    manifest = Book(project.book).manifest()
    raw = {path.name for path in (project.book / "raw").glob("*.txt")}
    assert {chapter.file for chapter in manifest.chapters if chapter.state == "fetched"} <= raw
    assert 3 <= manifest.count("fetched") < 12
    told.interrupt_after = 10**9
    run(url)
    whole = Project(tmp_path / "whole")
    run(url, whole)
    assert contents(project) == contents(whole)


KILLED = """
import sys
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.project import Project
crawl_book(sys.argv[1], Project(sys.argv[2]), CrawlSettings(concurrency=3))
"""


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_crawl_goes_on_to_the_same_bytes(
    site: Any, run: Any, project: Project, tmp_path: Path, stop: int
) -> None:
    url = site.book(list(range(1, 31)))
    site.delay = 0.05
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(project)], env=environment, stderr=subprocess.DEVNULL
    )
    raw = project.book / "raw"
    deadline = time.monotonic() + 60
    while len(list(raw.glob("*.txt"))) < 7 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(stop)
    assert child.wait(30) != 0
    whole = {path.stem for path in raw.glob("*.txt")}
    assert 7 <= len(whole) < 30
    site.delay = 0.0
    before = site.asked.copy()
    run(url)
    again = {
        number
        for number in range(1, 31)
        if site.asked[f"/book/1/{number}.html"] > before[f"/book/1/{number}.html"]
    }
    assert again == {number for number in range(1, 31) if f"{number:04d}" not in whole}
    uninterrupted = Project(tmp_path / "whole")
    run(url, uninterrupted)
    assert contents(project) == contents(uninterrupted)
