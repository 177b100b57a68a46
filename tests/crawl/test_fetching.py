import asyncio
import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from flask import Response
from hypothesis import given
from hypothesis import strategies as st

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, kind_of
from xuxie.crawl.client import Client
from xuxie.crawl.fetching import Fetcher, GuardedResolver
from xuxie.crawl.responses import Body, declared_charset
from xuxie.crawl.retries import LONGEST_PAUSE, Failure, pause_before, retry_after_seconds
from xuxie.crawl.robots import Robots
from xuxie.errors import ForbiddenError

Get = Callable[..., str]


def public_guard() -> Guard:
    """The guard of a crawl that started on the public web."""
    return Guard(
        "https://public.example/", lambda host: ["8.8.8.8"] if host == "public.example" else [host]
    )


@pytest.fixture(params=["requests", "aiohttp"])
def get(request: pytest.FixtureRequest, site: Any, clock: Any, settings: CrawlSettings) -> Get:
    """Fetch a page with either client, which must behave alike."""

    def with_requests(path: str, limits: CrawlSettings = settings, guard: Guard | None = None) -> str:
        with Client(limits, guard or Guard(site.base), clock.timing()) as client:
            return client.get(site.base + path, Robots(client).check).text()

    async def with_aiohttp(path: str, limits: CrawlSettings = settings, guard: Guard | None = None) -> str:
        guard = guard or Guard(site.base)
        with Client(limits, guard, clock.timing()) as client:
            async with Fetcher(limits, guard, Robots(client), clock.timing()) as fetcher:
                return (await fetcher.get(site.base + path)).text()

    if request.param == "requests":
        return with_requests
    return lambda *given, **named: asyncio.run(with_aiohttp(*given, **named))


def test_a_page_and_who_asks(site: Any, get: Get, respond: Any) -> None:
    from flask import request

    seen: list[str] = []

    def answer(_: int) -> Any:
        seen.append(request.headers["User-Agent"])
        return respond("<p>你好，世界。")

    site.answers["/a"] = answer
    assert get("/a") == "<p>你好，世界。"
    assert seen[0].startswith("xuxie/")
    assert "novel continuation" in seen[0]


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_missing_page_is_not_asked_for_again(site: Any, get: Get, clock: Any, status: int) -> None:
    site.put("/a", "no", status=status)
    with pytest.raises(Failure, match=str(status)):
        get("/a")
    assert site.asked["/a"] == 1
    assert not clock.slept


def test_500_then_200(site: Any, get: Get, clock: Any, respond: Any) -> None:
    site.answers["/a"] = lambda count: respond("一页。", 500 if count < 3 else 200)
    assert get("/a") == "一页。"
    assert clock.slept == [1.0, 2.0]


def test_a_page_that_says_too_often_is_asked_for_again(
    site: Any, get: Get, clock: Any, respond: Any
) -> None:
    notice = "<html><style>p{}</style><title>提示信息</title><p>对不起，您的访问太频繁，请稍后再试。</p>"
    site.answers["/a"] = lambda count: respond(notice if count == 1 else "一页。")
    assert get("/a") == "一页。"
    assert clock.slept == [1.0]
    story = "<p>“您的访问太频繁，请稍后再试。”她念道。</p>" + "<p>他放下手机，看着窗外的雨。</p>" * 30
    site.put("/b", story)
    assert get("/b") == story


def test_giving_up_after_the_retries(site: Any, get: Get) -> None:
    site.put("/a", "busy", status=503)
    with pytest.raises(Failure, match="503"):
        get("/a")
    assert site.asked["/a"] == 3


def test_retry_after_in_seconds(site: Any, get: Get, clock: Any, respond: Any) -> None:
    site.answers["/a"] = lambda count: respond("一页。", 429 if count == 1 else 200, {"Retry-After": "7"})
    assert get("/a") == "一页。"
    assert clock.slept == [7.0]


def test_retry_after_as_a_date(site: Any, get: Get, clock: Any, respond: Any) -> None:
    when = format_datetime(datetime.fromtimestamp(clock.time + 30, UTC), usegmt=True)
    site.answers["/a"] = lambda count: respond("一页。", 503 if count == 1 else 200, {"Retry-After": when})
    assert get("/a") == "一页。"
    assert clock.slept == [30.0]


def test_a_retry_after_beyond_patience_is_given_up(site: Any, get: Get, clock: Any) -> None:
    site.put("/a", "busy", status=429, headers={"Retry-After": "86400"})
    with pytest.raises(Failure, match="429"):
        get("/a")
    assert site.asked["/a"] == 1
    assert not clock.slept


def test_a_slow_page_times_out(site: Any, get: Get) -> None:
    site.delay = 0.4
    site.put("/a.html", "慢。")
    with pytest.raises(Failure, match=r"0\.2 s"):
        get("/a.html", CrawlSettings(timeout=0.2, retries=1))
    assert site.asked["/a.html"] == 2


@pytest.mark.parametrize("size", [999, 1000, 1001, 500_000])
def test_an_oversized_body(site: Any, get: Get, size: int) -> None:
    site.put("/a", "a" * size)
    limits = CrawlSettings(max_page_bytes=1000, retries=0)
    if size <= 1000:
        assert get("/a", limits) == "a" * size
        return
    with pytest.raises(Failure, match="larger than 1000"):
        get("/a", limits)
    assert site.asked["/a"] == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_compressed_bodies_and_bombs(site: Any, get: Get, encoding: str) -> None:
    bits = {"gzip": 31, "deflate": 15, "raw deflate": -15}[encoding]

    def packed(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=bits)
        return packer.compress(data) + packer.flush()

    headers = {"Content-Encoding": encoding.removeprefix("raw ")}
    site.put("/a", packed("好。".encode() * 10), headers=headers)
    site.put("/bomb", packed(b"0" * 50_000_000), headers=headers)
    site.put("/cut", packed(bytes(range(33, 126)) * 99)[:-20], headers=headers)
    site.put("/no", b"this is not compressed", headers=headers)
    limits = CrawlSettings(max_page_bytes=1_000_000, retries=0)
    assert get("/a", limits) == "好。" * 10
    for path, why in (("/bomb", "larger"), ("/cut", "cut short"), ("/no", "damaged|cut short")):
        with pytest.raises(Failure, match=why):
            get(path, limits)


def test_an_encoding_that_was_not_asked_for(site: Any, get: Get) -> None:
    site.put("/a", b"xx", headers={"Content-Encoding": "br"})
    with pytest.raises(Failure, match="br"):
        get("/a")


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "gbk"),
        ("gb18030", "utf-8"),
        ("gb18030", "gb2312"),
        ("utf-8", "utf-8"),
        ("gb18030", ""),
        ("big5hkscs", "big5"),
    ],
)
def test_the_charset_declared_may_be_wrong(site: Any, get: Get, encoding: str, declared: str) -> None:
    text = "<p>他在燈下坐了一夜，沒有說話。你來了，我就走。</p>" * 5
    kind = f"text/html; charset={declared}" if declared else "text/html"
    site.put("/a", text.encode(encoding), kind=kind)
    site.put("/b", f"<meta charset='{declared}'>".encode() + text.encode(encoding), kind="text/html")
    assert get("/a") == text
    assert get("/b").endswith(text)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"\x89PNG", "image/png"), (b"{}", "application/json"), (b"", "text/html")]
)
def test_what_is_no_page(site: Any, get: Get, body: bytes, kind: str) -> None:
    site.put("/a", body, kind=kind)
    with pytest.raises(Failure):
        get("/a")


def test_redirects_are_followed_to_a_limit(site: Any, get: Get, respond: Any) -> None:
    for step in range(20):
        site.put(f"/{step}", "", status=302, headers={"Location": f"/{step + 1}"})
    site.put("/3", "到了。")
    assert get("/0") == "到了。"
    with pytest.raises(Failure, match="redirects"):
        get("/4", CrawlSettings(max_redirects=2))
    site.put("/nowhere", "", status=301, headers={"Location": "ftp://example.com/"})
    with pytest.raises(Failure, match="no web address"):
        get("/nowhere")


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_redirects_into_other_networks_are_refused(site: Any, get: Get, target: str) -> None:
    site.put("/a", "", status=302, headers={"Location": target})
    with pytest.raises(ForbiddenError, match="private network"):
        get("/a")


def test_redirects_on_loopback_are_followed_from_loopback(site: Any, get: Get) -> None:
    port = site.base.rpartition(":")[2]
    site.put("/a", "", status=302, headers={"Location": f"http://localhost:{port}/b"})
    site.put("/b", "到了。")
    assert get("/a") == "到了。"


def test_a_public_crawl_never_reaches_loopback(site: Any, get: Get) -> None:
    site.put("/a", "秘密。")
    with pytest.raises(ForbiddenError):
        get("/a", guard=public_guard())
    assert not site.asked


def test_names_are_checked_by_what_they_resolve_to() -> None:
    async def resolve() -> list[Any]:
        return list(await GuardedResolver(public_guard()).resolve("localhost", 80))

    assert kind_of("127.0.0.1") == "loopback"
    with pytest.raises(ForbiddenError):
        asyncio.run(resolve())


def test_a_name_cannot_change_its_meaning_between_check_and_connection(
    site: Any, clock: Any, settings: CrawlSettings
) -> None:
    """DNS rebinding: public when looked at, loopback when connected to."""
    answers = [["8.8.8.8"], ["8.8.8.8"], ["127.0.0.1"]]
    guard = Guard("http://rebound.example/", lambda _: answers.pop(0))
    site.put("/a", "秘密。")
    with Client(settings, guard, clock.timing()) as client, pytest.raises(ForbiddenError, match="private"):
        client.get(f"http://rebound.example:{site.base.rpartition(':')[2]}/a")
    assert not answers
    assert not site.asked


def test_the_connection_goes_to_the_address_that_was_checked(
    site: Any, clock: Any, settings: CrawlSettings
) -> None:
    guard = Guard("http://novel.example/", lambda _: ["127.0.0.1"])
    site.put("/a", "到了。")
    with Client(settings, guard, clock.timing()) as client:
        assert client.get(f"http://novel.example:{site.base.rpartition(':')[2]}/a").text() == "到了。"


def test_a_busy_host_holds_back_all_its_pages(site: Any, clock: Any, settings: CrawlSettings) -> None:
    times: dict[str, float] = {}

    def busy(count: int) -> Any:
        times[f"a{count}"] = clock.time
        return Response("", 429, {"Retry-After": "50"}) if count == 1 else Response("一页。")

    def other(_: int) -> Any:
        times["b"] = clock.time
        return Response("另一页。")

    site.answers |= {"/a": busy, "/b": other}

    async def both() -> None:
        guard = Guard(site.base)
        with Client(settings, guard, clock.timing()) as client:
            async with Fetcher(settings, guard, Robots(client), clock.timing()) as fetcher:
                with pytest.raises(Failure, match="429"):
                    await fetcher.follow(site.base + "/a")
                await asyncio.gather(fetcher.get(site.base + "/b"), fetcher.get(site.base + "/a"))

    asyncio.run(both())
    assert min(times["a2"], times["b"]) >= times["a1"] + 50


def test_a_host_that_wants_rest_for_a_day_is_left_alone(
    site: Any, clock: Any, settings: CrawlSettings
) -> None:
    site.put("/a", "", status=503, headers={"Retry-After": "86400"})
    site.put("/b", "一页。")

    async def both() -> None:
        guard = Guard(site.base)
        with Client(settings, guard, clock.timing()) as client:
            async with Fetcher(settings, guard, Robots(client), clock.timing()) as fetcher:
                with pytest.raises(Failure, match="503"):
                    await fetcher.get(site.base + "/a")
                with pytest.raises(Failure, match="1440 minutes"):
                    await fetcher.get(site.base + "/b")
                assert fetcher.paces.of(site.base).under_way == 0

    asyncio.run(both())
    assert not clock.slept
    assert not site.asked["/b"]


def test_redirects_obey_robots(site: Any, get: Get) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private\n", kind="text/plain")
    site.put("/a", "", status=302, headers={"Location": "/private"})
    with pytest.raises(ForbiddenError):
        get("/a")
    assert site.asked["/private"] == 0


def test_crawl_delay_parts_the_requests(site: Any, clock: Any, settings: CrawlSettings) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 3\n", kind="text/plain")
    for path in "abc":
        site.put(f"/{path}", "一页。")

    async def all_three() -> None:
        guard = Guard(site.base)
        with Client(settings, guard, clock.timing()) as client:
            async with Fetcher(settings, guard, Robots(client), clock.timing()) as fetcher:
                for path in "abc":
                    await fetcher.get(site.base + f"/{path}")

    asyncio.run(all_three())
    assert clock.slept == [3.0, 3.0, 3.0]


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_stays_bounded(attempt: int, jitter: float) -> None:
    pause = pause_before(attempt, None, jitter)
    assert min(LONGEST_PAUSE, 2.0 ** (attempt - 1)) / 2 <= pause <= LONGEST_PAUSE
    assert pause_before(attempt, 5.0, jitter) == 5.0


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_or_nothing(value: str) -> None:
    seconds = retry_after_seconds(value, 1e9)
    assert seconds is None or seconds >= 0


def test_a_retry_after_that_lies_in_the_past_is_now() -> None:
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT", 2e9) == 0
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 -0000", 1445412470.0) == 10
    assert retry_after_seconds("-5", 0) is None


@given(st.binary(max_size=4000), st.integers(1, 50))
def test_unpacking_does_not_depend_on_the_chunks(data: bytes, size: int) -> None:
    packed = gzip.compress(data[:2000]) + gzip.compress(data[2000:])
    whole, chunked = Body("gzip", 10_000), Body("gzip", 10_000)
    whole.feed(packed)
    for start in range(0, len(packed), size):
        chunked.feed(packed[start : start + size])
    assert whole.finish() == data
    if size > 1:  # a member's mark may be parted from the one before
        assert chunked.finish()[:2000] == data[:2000]


def test_declared_charsets() -> None:
    assert declared_charset("text/html; charset=GBK", b"<meta charset=utf-8>") == "GBK"
    assert (
        declared_charset(
            "text/html", b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'
        )
        == "gb2312"
    )
    assert declared_charset("", b"<p>") is None
