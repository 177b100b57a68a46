"""Damaged and malicious pages: any bytes give a result or a clear error, in bounded time and memory."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xuxie
from simulator import Site
from simulator.encoding import encoded
from simulator.monsters import MONSTERS
from xuxie.books.decoding import decode
from xuxie.books.learning import learn
from xuxie.books.removal import Context, Known, clean, spaces
from xuxie.books.templates import Names
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard
from xuxie.crawl.catalogue import parse_catalogue
from xuxie.crawl.client import Client
from xuxie.crawl.extraction import extract_chapter
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.responses import Response, declared_charset
from xuxie.crawl.retries import Failure, Timing
from xuxie.crawl.robots import Robots
from xuxie.errors import XuxieError

URL = "http://127.0.0.1/book/12/"  # nothing is asked there
TITLE = "第三章 雪夜"
SECONDS = 2.0  # of the processor for a damaged page of a few kilobytes; far more than it takes
LARGE_SECONDS = 15.0  # for one of a few megabytes
LARGE_MEGABYTES = 600  # of the whole process
FAULTY = (
    {"latest-block", "list-table", "base-href", "volumes", "script-links"},
    {"paged-select", "list-unclosed", "relative-links", "opengraph-html"},
    {"paged-numbers", "query-addresses", "unclosed-tags", "hidden-decoys", "big5"},
    {"glued-documents", "div-lines", "numeric-entities", "gbk-declared-utf-8"},
    {"pages-underscore", "page-marks", "layout-tables", "navigation-inside", "gb18030"},
)
MARKUP = (
    b"< > </p> <p <!-- <script> <table><tr> <select> &#x &#1114112; <base/href='//[::1'> <svg><style> "
    b"<a/href='http://[x'> <meta/charset=utf-16> <template> <frameset> <plaintext> \x00 \xff\xfe \x1b$B"
).split()
ROBOTS = (
    b"User-agent: *|Disallow: /|Disallow: /*a*a*a*a*b$|Crawl-delay: 1e309|Crawl-delay: -3|Crawl-delay: nan"
    b"|Request-rate: 0/0|Visit-time: 25-99|Allow:|Sitemap: http://[|Disallow: /%zz|Crawl-delay: \xd9\xa3"
    b"|\xff\xfe|\x00"
).split(b"|")


@contextmanager
def or_say_why(kind: type[Exception]) -> Iterator[None]:
    """What stands below may fail, with an error of `kind` that says something."""
    try:
        yield
    except kind as error:
        if not str(error).strip():
            raise AssertionError("an error without a word") from error


@cache
def pages() -> list[bytes]:
    """Pages of a few sites: catalogues and chapters, in several encodings."""
    found = []
    for seed, faults in enumerate(FAULTY):
        site = Site(faults, seed=seed, chapters=8)
        chosen = [*list(site.lists.values())[:2], *list(site.pages.values())[:2]]
        found += [encoded(html, site.faults)[0] for html in chosen]
    return found


@st.composite
def damaged_pages(draw: st.DrawFn) -> bytes:
    """A page with flipped bits, holes, repeats, foreign markup, perhaps cut off."""
    page = bytearray(draw(st.sampled_from(pages())))
    dice = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 8))):
        at, kind = dice.randrange(len(page) + 1), dice.randrange(4)
        if kind == 0:
            for _ in range(dice.randint(1, 40)):
                page[dice.randrange(len(page))] ^= 1 << dice.randrange(8)
        elif kind == 1 and len(page) > 500:
            del page[at : at + dice.randint(1, 400)]
        elif kind == 2:
            page[at:at] = page[at : at + dice.randint(1, 400)]
        else:
            page[at:at] = dice.choice(MARKUP) * dice.randint(1, 3)
    return bytes(page[: draw(st.integers(0, len(page)))] if draw(st.booleans()) else page)


def read(body: bytes) -> None:
    """All that a crawl does with a page; only the errors that it knows may come of it."""
    html = ""
    with or_say_why(Failure):
        html = Response(url=URL, status=200, headers={"content-type": "text/html"}, body=body).text()
    with or_say_why(XuxieError):
        entries = parse_catalogue(html, URL).entries
        urls = [entry.url for entry in entries]
        assert all(url.startswith(("http://", "https://")) for url in urls)
        assert len(set(urls)) == len(urls)
        assert all(entry.title.strip() and "\n" not in entry.title for entry in entries)
    with or_say_why(UnusablePage):
        lines = extract_chapter(html, TITLE)
        assert lines
        assert all(line.strip() and "\n" not in line for line in lines)
        known = Known(learn(lambda: [(TITLE, spaces(lines, Context())[0])] * 4, Names(book="雪夜")))
        clean(lines, Context(title=TITLE, known=known))


@settings(max_examples=250)
@given(damaged_pages())
def test_damaged_pages(body: bytes) -> None:
    started = time.process_time()
    read(body)
    assert time.process_time() - started < SECONDS


@settings(max_examples=150)
@given(st.binary(max_size=2000))
def test_any_bytes(body: bytes) -> None:
    read(body)
    read(b"<html><a href=1.html>" + body + b"</a><a href=2.html>" + body)


@given(
    st.binary(max_size=400),
    st.none() | st.text(max_size=20) | st.sampled_from(["gbk", "big5", "utf-8", "hz", "utf-7", "base64"]),
)
def test_decoding_any_bytes(data: bytes, declared: str | None) -> None:
    with or_say_why(XuxieError):
        text = decode(data, declared).text
        assert text.encode("utf-8").decode("utf-8") == text  # no half surrogates: it fits into a file


@given(st.text(max_size=60), st.binary(max_size=200))
def test_what_is_declared(content_type: str, body: bytes) -> None:
    charset = declared_charset(content_type, body)
    assert charset is None or charset.isascii()


class Told(Client):
    """A client that knows one page, the robots.txt of a site."""

    def __init__(self, body: bytes) -> None:
        super().__init__(CrawlSettings(), Guard(URL), Timing())
        self.body = body

    def get(self, url: str, *_: object, **__: object) -> Response:
        return Response(url=url, status=200, headers={"content-type": "text/plain"}, body=self.body)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(ROBOTS) | st.binary(max_size=40), max_size=12))
def test_any_robots(lines: list[bytes]) -> None:
    robots = Robots(Told(b"\n".join(lines)))
    url = URL + "a" * 40 + ".html"
    with or_say_why(XuxieError):
        assert 0 <= robots.delay(url) < 1e6
        robots.check(url)


@pytest.mark.parametrize("name", MONSTERS)
def test_large_pages_take_bounded_time_and_memory(name: str) -> None:
    here = Path(__file__)
    paths = [str(Path(xuxie.__file__ or "").parents[1]), str(here.parents[1]), str(here.parent)]
    code = f"import sys; sys.path[:0] = {paths!r}; import test_fuzz; test_fuzz.measure({name!r})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    seconds, megabytes = map(float, result.stdout.split())
    assert seconds < LARGE_SECONDS
    assert megabytes < LARGE_MEGABYTES


def measure(name: str) -> None:
    """Read a large page in this process, and write the seconds and megabytes that it took."""
    body = MONSTERS[name]().encode()
    started = time.process_time()
    read(body)
    used = peak_megabytes()
    sys.stdout.write(f"{time.process_time() - started:.2f} {used:.0f}\n")


def peak_megabytes() -> float:
    """The most memory that this process has used; getrusage would tell of the one that started it, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
