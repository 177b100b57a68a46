"""The site itself: a Flask application, what a crawl of it must bring, and what it must not have asked.

    site = Site({"reversed", "not-found"}, seed=3, now=clock.read)
    site.app, site.start, site.expected, site.requests, site.violations(concurrency=4)

All pages are written when the site is made; what is asked and when is kept.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from gzip import compress
from random import Random

from flask import Flask, Response, request

from simulator import troubles
from simulator.addresses import Addresses
from simulator.catalogue import COVER, LOCKED, catalogue_pages
from simulator.chapters import DAMAGED, ChapterPages
from simulator.encoding import encoded
from simulator.expected import DOUBTFUL, FAILED, WHOLE, Expected, ExpectedChapter
from simulator.faults import completed
from simulator.story import Chapter, traditional, write_chapter, write_novel
from simulator.wording import shell
from xuxie.errors import ForbiddenError, IncompleteError, XuxieError

CHAPTERS = 16
CRAWL_DELAY = 3  # seconds


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as the site saw it."""

    path: str
    at: float
    agent: str
    active: int  # requests under way, with this one


class Site:
    """One book on one host, with the faults that it is told to have."""

    def __init__(
        self,
        faults: Iterable[str],
        seed: int = 0,
        now: Callable[[], float] = time.time,
        chapters: int = CHAPTERS,
        latency: float = 0.0,
    ) -> None:
        self.faults = completed(faults)
        self.latency = latency  # seconds for every answer
        self.now, self.since = now, now()
        random = Random(f"site {seed}")
        self.novel = write_novel(random, self.faults, chapters=chapters)
        self.places = Addresses(self.faults, random, len(self.novel.chapters))
        self.start = self.places.start
        self.pages = ChapterPages(self.novel, self.places, self.faults, seed).all()
        self.lists = catalogue_pages(self.novel, self.places, self.faults, seed)
        self.home = shell("青灯小说网", "<p>欢迎光临青灯小说网，这里有最新最全的小说。</p>", random)
        self.victims = self.choose_victims(random)
        self.cases = {path: (name, self.case(place)) for name, (place, path) in self.victims.items()}
        self.moved = {case.moved: case.own for _, case in self.cases.values()}
        self.expected = self.expect()
        self.requests: list[Asked] = []
        self.counts: Counter[str] = Counter()
        self.active = 0
        self.lock = threading.Lock()
        self.app = Flask("simulator")
        self.app.add_url_rule("/", "root", self.answer, defaults={"path": ""})
        self.app.add_url_rule("/<path:path>", "path", self.answer)

    # What is wrong where.

    def choose_victims(self, random: Random) -> dict[str, tuple[int, str]]:
        """For each trouble the chapter that has it, and the page."""
        names = sorted(name for name in self.faults if name in troubles.TROUBLES)
        ordinary = [
            place
            for place, chapter in enumerate(self.novel.chapters)
            if place > 2 and len(chapter.paragraphs) > 4 and "请假" not in chapter.title
        ]
        random.shuffle(ordinary)
        chosen: dict[str, tuple[int, str]] = {}
        for name in names:
            # Two neighbours in trouble would make "the chapter before" one that cannot be had itself.
            taken = {near for place, _ in chosen.values() for near in (place - 1, place, place + 1)}
            place = next((place for place in ordinary if place not in taken), ordinary[0])
            ordinary.remove(place)
            chosen[name] = place, self.places.page(place, 2 if name == "second-page-missing" else 1)
        return chosen

    def case(self, place: int) -> troubles.Case:
        """What the answers of a chapter in trouble are made of."""
        chapter, before = self.novel.chapters[place], self.novel.chapters[place - 1]
        foreign = write_chapter(Random(place), "第三百零七章 别家的书", "")
        return troubles.Case(
            page=self.send,
            own=self.pages[self.places.chapter(place)],
            other=self.pages[self.places.chapter(place - 1)],
            other_text=self.single(Chapter(title=chapter.title, paragraphs=before.paragraphs), place),
            foreign=self.single(foreign, place),
            short=self.single(Chapter(title=chapter.title, paragraphs=("他没有回头。",)), place),
            paywall=self.single(
                Chapter(
                    title=chapter.title,
                    paragraphs=(*chapter.paragraphs[:2], "本章为VIP章节，请订阅后阅读全部内容。"),
                ),
                place,
            ),
            moved=self.places.moved(place),
            now=self.now,
        )

    def single(self, chapter: Chapter, place: int) -> str:
        """The page of another text at a chapter's place, in one part."""
        chapters = list(self.novel.chapters)
        chapters[place] = chapter
        faults = {name for name in self.faults if not name.startswith("pages-")} - {"undecodable-bytes"}
        writer = ChapterPages(replace(self.novel, chapters=tuple(chapters)), self.places, faults, place)
        return writer.page(place, list(chapter.paragraphs), 1, 1)

    def expect(self) -> Expected:
        """What must come of it."""
        lost = {place for name, (place, _) in self.victims.items() if name in troubles.HOPELESS}
        lost |= self.forbidden_places()
        if "challenge-everywhere" in self.faults:
            lost = set(range(len(self.novel.chapters)))
        doubtful = self.shown_twice()
        chapters = tuple(
            ExpectedChapter(
                title=chapter.title,
                paragraphs=chapter.paragraphs,
                path=self.places.chapter(place),
                volume=chapter.volume,
                damaged="undecodable-bytes" in self.faults and place == DAMAGED,
                outcome=FAILED if place in lost else DOUBTFUL if place in doubtful else WHOLE,
            )
            for place, chapter in enumerate(self.novel.chapters)
        )
        refused = bool(self.faults & {"challenge-everywhere", "catalogue-login", "robots-disallow-all"})
        error: type[XuxieError] | None = IncompleteError if lost else None
        if refused:
            error = ForbiddenError
        unlisted = "catalogue-page-missing" in self.faults
        if unlisted:
            error = XuxieError  # any will do, but the book must not be shorter in silence
        locked = LOCKED if "locked-entry" in self.faults else ""
        return Expected(
            title=self.novel.title,
            author=self.novel.author,
            introduction=self.novel.introduction,
            status="ongoing",
            cover=COVER,
            chapters=() if refused or unlisted else chapters,
            error=error,
            locked=traditional(locked) if "big5" in self.faults else locked,
        )

    def shown_twice(self) -> set[int]:
        """The chapter, if any, whose text stands under the next one's heading too."""
        return {self.victims["same-text"][0] - 1} if "same-text" in self.victims else set()

    def forbidden_places(self) -> set[int]:
        """The chapters that robots.txt forbids; not that whose text only its own page proves its own."""
        return {1, 5} - self.shown_twice() if "robots-disallow-some" in self.faults else set()

    def robots(self) -> Response:
        """robots.txt."""
        lines = ["User-agent: *", "Disallow: /search.php", "Disallow: /user/"]
        if "robots-disallow-all" in self.faults:
            lines.append("Disallow: /")
        lines += [f"Disallow: {self.places.chapter(place)}$" for place in sorted(self.forbidden_places())]
        if "crawl-delay" in self.faults:
            lines.append(f"Crawl-delay: {CRAWL_DELAY}")
        if "no-robots" in self.faults:
            return Response("没有这一页", 404)
        return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")

    # What is answered.

    def answer(self, path: str) -> Response:
        """Any request."""
        query = request.query_string.decode()
        place = f"/{path}{'?' + query if query else ''}"
        with self.lock:
            self.active += 1
            agent = request.headers.get("User-Agent", "")
            self.requests.append(Asked(path=place, at=self.now(), agent=agent, active=self.active))
            self.counts[place] += 1
            count = self.counts[place]
        try:
            time.sleep(self.latency)
            return self.page_at(place, count)
        finally:
            with self.lock:
                self.active -= 1

    def page_at(self, place: str, count: int) -> Response:
        """What stands at a path, in its trouble."""
        if place == "/robots.txt":
            return self.robots()
        if place == "/":
            return self.send(self.home)
        if place in self.lists:
            return self.list_at(place, count)
        if place in self.cases:
            name, case = self.cases[place]
            troubled = troubles.TROUBLES[name](case, count)
            if troubled is not None:
                return troubled
        if place in self.moved:
            return self.send(self.moved[place])
        if place.endswith("again"):
            return Response("", 302, {"Location": place})
        if place not in self.pages:
            return Response("<h1>404 Not Found</h1>", 404, content_type="text/html")
        return self.send(troubles.CHALLENGE if "challenge-everywhere" in self.faults else self.pages[place])

    def list_at(self, place: str, count: int) -> Response:
        """A page of the catalogue."""
        if "catalogue-login" in self.faults:
            return self.send(troubles.LOGIN)
        if "catalogue-503-first" in self.faults and count == 1:
            return Response("<h1>Service Unavailable</h1>", 503)
        if "catalogue-rate-first" in self.faults and count == 1:
            return self.send(troubles.RATE)
        if "catalogue-page-missing" in self.faults and place == self.places.catalogue(2):
            return Response("<h1>404 Not Found</h1>", 404)
        return self.send(self.lists[place])

    def send(self, html: str) -> Response:
        """A page in the site's encoding."""
        html = html.replace("@HOSTNAME@", request.host).replace("@HOST@", request.host_url.rstrip("/"))
        body, kind = encoded(html, self.faults)
        if not html:
            body = b""
        if "gzip" in self.faults and body:
            return Response(
                compress(body, 1, mtime=0), content_type=kind, headers={"Content-Encoding": "gzip"}
            )
        return Response(body, content_type=kind)

    # What must not have happened.

    def violations(self, concurrency: int) -> list[str]:
        """In what the crawl was impolite."""
        found = []
        forbidden = {self.places.chapter(place) for place in self.forbidden_places()}
        if "robots-disallow-all" in self.faults:
            forbidden |= set(self.lists) | set(self.pages)
        if asked := [each.path for each in self.requests if each.path in forbidden]:
            found.append(f"asked for what robots.txt forbids: {asked}")
        if any("xuxie" not in each.agent for each in self.requests):
            found.append("a User-Agent does not name the project")
        if max((each.active for each in self.requests), default=0) > concurrency:
            found.append(f"more than {concurrency} requests at once")
        times = sorted(each.at for each in self.requests if each.path in self.pages)
        if "crawl-delay" in self.faults and times:
            waited = times[-1] - self.since
            if waited < CRAWL_DELAY * (len(times) - 1) * 0.99:
                found.append(f"{len(times)} requests in {waited:.1f} s despite the crawl-delay")
        return found

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return self.counts[path]
