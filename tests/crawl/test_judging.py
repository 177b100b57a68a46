from typing import Any

import pytest

from xuxie.books.book import Book
from xuxie.crawl.crawler import crawl_book
from xuxie.crawl.judging import Fetched, doubts, marks_of
from xuxie.errors import IncompleteError
from xuxie.project import Project

FOOTER = "本站所有小说均由网友上传，最新章节请到本站阅读，手机用户请收藏本站，更新速度最快。"
MOST = 10  # chapters


def text(number: int) -> str:
    return "".join(
        f"第{number}夜的第{line}声更响了，他在灯下数到{number * line}。\n" for line in range(1, 31)
    )


def fetched(number: int, content: str, **known: Any) -> Fetched:
    return Fetched(
        file=f"{number:04d}.txt",
        title=f"第{number}章 雨夜{number}",
        size=len(content),
        marks=marks_of(content),
        **known,
    )


def test_one_text_under_two_titles_is_the_one_whose_page_named_it() -> None:
    chapters = [fetched(number, text(number), fits=True) for number in range(1, MOST)]
    assert doubts(chapters) == {}
    stranger = fetched(MOST, "换了一行。\n" + text(4))
    assert list(doubts([*chapters, stranger])) == [stranger.file]
    assert "第4章 雨夜4" in doubts([*chapters, stranger])[stranger.file]


def test_a_text_is_known_whatever_a_site_inserts() -> None:
    disturbed = text(3).replace("，", "，\u200b").replace("。\n", "。\n　　") + FOOTER
    assert doubts([fetched(1, text(3)), fetched(2, disturbed)]).keys() == {"0001.txt", "0002.txt"}


def test_a_sentence_of_every_chapter_is_the_sites() -> None:
    chapters = [fetched(number, FOOTER * 3 + text(number)) for number in range(1, MOST)]
    assert doubts(chapters) == {}


def test_a_footer_does_not_make_a_sentence_a_chapter(
    site: Any, project: Project, settings: Any, clock: Any, chapter_page: Any
) -> None:
    url = site.book(list(range(1, MOST + 1)))
    for number in range(1, MOST + 1):
        own = text(number) if number != 4 else "他那一夜没有回来。\n"
        lines = "".join(f"<p>{line}</p>" for line in [*own.splitlines(), *[FOOTER] * 6])
        html = chapter_page(number).partition("<p>")[0] + lines + "</div></body></html>"
        site.put(f"/book/1/{number}.html", html)
    with pytest.raises(IncompleteError, match=r"第4章 雨夜4 \(only 9 characters"):
        crawl_book(url, project, settings, timing=clock.timing())
    assert Book(project.book).manifest().count("fetched") == MOST - 1
