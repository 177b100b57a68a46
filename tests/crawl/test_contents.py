from collections.abc import Callable
from typing import Any

import pytest

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.client import Client
from xuxie.crawl.contents import read_catalogue
from xuxie.crawl.robots import Robots


def page(numbers: list[int], newest: list[int], following: str) -> str:
    """A page of a list, with the newest chapters, cut short, on top, and a link to the next page."""
    latest = "".join(f"<dd><a href='/b/1/{number}.html'>第{number}章</a></dd>" for number in newest)
    rows = "".join(f"<dd><a href='/b/1/{number}.html'>{title(number)}</a></dd>" for number in numbers)
    top = f"<div class='new'><h2>最新章节</h2><dl>{latest}</dl></div>" if newest else ""
    turn = f"<a href='{following}'>下一页</a>" if following else ""
    return (
        "<html><head><meta charset='utf-8'></head><body><h1>雨夜</h1>"
        f"{top}<div class='list'><h2>正文</h2><dl>{rows}</dl></div>{turn}</body></html>"
    )


def title(number: int) -> str:
    return f"第{number}章 雨夜{number}"


@pytest.fixture
def titles(site: Any, settings: CrawlSettings, clock: Any) -> Callable[[], list[str]]:
    """What the site's catalogue lists, in order."""

    def read() -> list[str]:
        guard = Guard(site.base)
        with Client(settings, guard, clock.timing()) as client:
            catalogue = read_catalogue(client, Robots(client), site.base + "/b/1/")
        return [entry.title for entry in catalogue.entries]

    return read


def test_a_last_page_that_the_newest_block_shows_too_is_no_repeat(site: Any, titles: Any) -> None:
    site.put("/b/1/", page([1, 2, 3, 4], [7, 8], "index_2.html"))
    site.put("/b/1/index_2.html", page([5, 6], [], "index_3.html"))
    site.put("/b/1/index_3.html", page([7, 8], [], ""))
    assert titles() == [title(number) for number in range(1, 9)]


@pytest.mark.parametrize("last", [[5, 6], []])
def test_a_list_that_never_ends_is_left_at_its_first_repeat(
    site: Any, titles: Any, last: list[int]
) -> None:
    site.put("/b/1/", page([1, 2, 3, 4], [], "index_2.html"))
    site.put("/b/1/index_2.html", page([5, 6], [], "index_3.html"))
    for number in range(3, 20):  # the last page for any number, or an empty one
        site.put(f"/b/1/index_{number}.html", page(last, [], f"index_{number + 1}.html"))
    assert titles() == [title(number) for number in range(1, 7)]
    assert site.asked["/b/1/index_3.html"] == 1
    assert site.asked["/b/1/index_4.html"] == 0
