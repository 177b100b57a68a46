from collections.abc import Callable
from typing import Any

import pytest

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.client import Client
from xuxie.crawl.robots import Robots
from xuxie.errors import ForbiddenError, NetworkError


@pytest.fixture
def robots(site: Any, clock: Any, settings: CrawlSettings) -> Any:
    with Client(settings, Guard(site.base), clock.timing()) as client:
        yield Robots(client)


def test_rules_are_obeyed_and_fetched_once(site: Any, robots: Robots) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private/\nCrawl-delay: 2.5\n", kind="text/plain")
    robots.check(site.base + "/book/1/")
    robots.check(site.base + "/book/1/2.html")
    with pytest.raises(ForbiddenError, match=r"robots\.txt"):
        robots.check(site.base + "/private/1.html")
    assert robots.delay(site.base + "/book/1/") == 2.5
    assert site.asked["/robots.txt"] == 1


def test_our_own_name_is_looked_for(site: Any, robots: Robots) -> None:
    site.put(
        "/robots.txt", "User-agent: xuxie\nDisallow: /\n\nUser-agent: *\nAllow: /\n", kind="text/plain"
    )
    with pytest.raises(ForbiddenError):
        robots.check(site.base + "/book/1/")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_4xx_allows_everything(site: Any, robots: Robots, status: int) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n", status=status)
    robots.check(site.base + "/book/1/")
    assert robots.delay(site.base + "/book/1/") == 0


def test_5xx_allows_nothing(site: Any, robots: Robots) -> None:
    site.put("/robots.txt", "", status=503)
    for _ in range(2):
        with pytest.raises(NetworkError, match=r"robots\.txt.*503"):
            robots.check(site.base + "/book/1/")
    assert site.asked["/robots.txt"] == 3  # one try and two further ones, for both checks


def test_no_answer_allows_nothing(robots: Robots) -> None:
    with pytest.raises(NetworkError, match="no connection"):
        robots.check("http://127.0.0.1:9/book/1/")


@pytest.mark.parametrize("delay", ["-1", "nan", "inf", "soon"])
def test_an_absurd_delay_is_none(site: Any, robots: Robots, delay: str) -> None:
    site.put("/robots.txt", f"User-agent: *\nCrawl-delay: {delay}\n", kind="text/plain")
    assert robots.delay(site.base + "/") == 0


def test_ignoring_asks_for_nothing(site: Any, robots: Robots) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n", kind="text/plain")
    free = Robots(robots.client, ignore=True)
    free.check(site.base + "/book/1/")
    assert free.delay(site.base + "/book/1/") == 0
    assert not site.asked


def test_bytes_that_are_no_rules(site: Any, robots: Robots, respond: Callable[..., Any]) -> None:
    site.put("/robots.txt", b"\xff\xfe\x00<html>\n" * 1000, kind="text/html")
    robots.check(site.base + "/book/1/")
