"""A site on loopback whose structure misleads, and the rules that tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from xuxie.books.book import Book
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import Wishes, crawl_book
from xuxie.crawl.rules import kept_rules
from xuxie.errors import ConfigurationError, InputError
from xuxie.project import Project

RULES = """
hosts = ["127.0.0.1"]
[catalogue]
list = ".mine"
title = "#name"
author = "#by b"
next = "#more"
[chapter]
title = ".head"
body = ".text"
next = "#turn"
drop = ["*本段由*提供*"]
"""
DECOY = "<p>" + "这是另一本书的一大段文字，写得很长，标点也很多，读起来像正文一样，可惜不是。" * 20 + "</p>"


def prose(number: int, page: int) -> list[str]:
    return [
        f"第{number}夜的第{page}页，雨下得很大，他在灯下坐着。",
        f"“你数到{number}了么？”她问，第{page}遍了。",
    ]


def links(numbers: range, kind: str) -> str:
    return "".join(
        f"<li class='{kind}'><a href='/c/{number}.html'>夜{number}</a></li>" for number in numbers
    )


def build(site: Any) -> str:
    others = links(range(100, 140), "other")
    head = "<h1>某某小说网</h1><div id='name'>雨夜</div><p id='by'>作者 <b>佚名</b></p>"
    site.put(
        "/book/",
        f"{head}<ul>{links(range(1, 4), 'mine')}</ul><a id='more' href='/book/b'>→</a><ul>{others}</ul>",
    )
    site.put("/book/b", f"<ul>{links(range(4, 6), 'mine')}</ul><ul>{others}</ul>")
    for number in range(1, 6):
        for page, path in ((1, f"/c/{number}.html"), (2, f"/go/{number}/b")):
            body = "".join(f"<p>{line}</p>" for line in prose(number, page))
            turn = f"<a id='turn' href='/go/{number}/b'>翻</a>" if page == 1 else ""
            site.put(
                path,
                f"<div>{DECOY}</div><i class='head'>夜{number}</i><div class='text'>{body}"
                f"<p>【本段由 某某 提供】</p></div>{turn}<div>{DECOY}</div>",
            )
    return f"{site.base}/book/"


def crawl(site: Any, project: Project, clock: Any, url: str | None, rules: Path | None) -> None:
    settings = CrawlSettings(timeout=5.0, retries=1)
    crawl_book(url, project, settings, timing=clock.timing(), wishes=Wishes(rules=rules))


def test_rules_find_what_structure_cannot(site: Any, project: Project, clock: Any, tmp_path: Path) -> None:
    path = tmp_path / "shared.toml"
    path.write_text(RULES, "utf-8")
    crawl(site, project, clock, build(site), path)
    book = Book(project.book)
    manifest = book.manifest()
    assert (manifest.title, manifest.author) == ("雨夜", "佚名")
    assert [chapter.title for chapter in manifest.chapters] == [f"夜{number}" for number in range(1, 6)]
    for number, chapter in enumerate(manifest.chapters, start=1):
        assert book.paragraphs(chapter) == prose(number, 1) + prose(number, 2)
    report = json.loads((project.book / "cleaning.json").read_text("utf-8"))
    # What two pages of a chapter have in common at their end is there once already.
    assert report["rules"]["site-rules"] == {
        "count": 5,
        "removed": [{"text": "【本段由 某某 提供】", "count": 5}],
    }
    path.unlink()
    asked = site.chapters_asked()
    crawl(site, project, clock, None, None)  # with the rules that were kept
    assert site.chapters_asked() == asked
    assert next(book.paragraphs(chapter) for chapter in book.fetched()) == prose(1, 1) + prose(1, 2)
    assert kept_rules(project) is not None


@pytest.mark.parametrize(
    ("text", "error"),
    [("hosts = [", ConfigurationError), (RULES.replace("127.0.0.1", "example.com"), InputError)],
)
def test_wrong_rules_are_told_before_anything_is_asked(
    site: Any, project: Project, clock: Any, tmp_path: Path, text: str, error: type[Exception]
) -> None:
    path = tmp_path / "shared.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(error):
        crawl(site, project, clock, build(site), path)
    assert not site.asked
    assert not (project.directory / "site.toml").exists()
