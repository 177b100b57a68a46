import threading
from pathlib import Path

import pytest
import requests

from xuxie.books.book import Book
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.project import Project
from xuxie.sample.site import chapter_numbers, read_novel, sample_site, serving

NOVEL = """《试<b>&书》
作者：某人

简介：一本用来试的书。

第一章 起 <i>
　　他说：“一 & 二。”
　　她没有回答，<script>alert(1)</script>只是笑。

第二章 承
　　雨停了，街上没有人。
"""


def test_the_bundled_novel_comes_back_exactly(tmp_path: Path) -> None:
    novel, introduction = read_novel(None)
    with serving(sample_site()) as base:
        manifest = crawl_book(base + "/book/1/", Project(tmp_path), CrawlSettings())
        assert introduction in requests.get(base + "/book/1/", timeout=10).text
    assert introduction
    assert (manifest.title, manifest.author) == (novel.title, novel.author)
    assert [chapter.title for chapter in manifest.chapters] == [chapter.title for chapter in novel.chapters]
    book = Book(tmp_path / "book")
    assert [book.paragraphs(chapter) for chapter in manifest.chapters] == [
        chapter.paragraphs for chapter in novel.chapters
    ]


def test_all_text_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text(NOVEL, encoding="utf-8")
    client = sample_site(path).test_client()
    catalogue = client.get("/book/1/").text
    assert "<b>" not in catalogue
    assert "&lt;b&gt;&amp;" in catalogue
    chapter = client.get("/book/1/1001.html").text
    assert "<script>alert" not in chapter
    assert "一 &amp; 二。" in chapter


def test_addresses_are_in_reading_order_with_gaps() -> None:
    numbers = chapter_numbers(20)
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > 1001 + 19


@pytest.mark.parametrize("path", ["/book/1/999.html", "/book/2/", "/nothing"])
def test_what_is_not_there_is_404(path: str) -> None:
    assert sample_site().test_client().get(path).status_code == 404


def test_robots_and_home() -> None:
    client = sample_site().test_client()
    assert "User-agent: *" in client.get("/robots.txt").text
    assert 'href="/book/1/"' in client.get("/").text


def test_serving_closes_cleanly() -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        with serving(sample_site()) as base:
            assert requests.get(base + "/robots.txt", timeout=10).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(base + "/", timeout=10)
    assert set(threading.enumerate()) <= before
