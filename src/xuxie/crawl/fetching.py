"""Many pages at once with aiohttp: the chapters.

    async with Fetcher(settings, guard, robots) as fetcher:
        response = await fetcher.get("https://example.com/book/1/1001.html")

Every host is asked at its own pace (pace.py), first come, first served. Every address on the way is
checked; names are checked by what they resolve to, in the moment of connecting. How many pages are wanted
at once is the caller's; how many are asked for at once is the pace's.
"""

import asyncio
import contextlib
import math
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, host_of, is_literal, join
from xuxie.crawl.client import CHUNK, no_connection
from xuxie.crawl.pace import HELD_BACK, Pace
from xuxie.crawl.responses import REDIRECTS, Body, Response, check_status, request_headers
from xuxie.crawl.retries import Failure, Timing, may_retry, pause_before
from xuxie.crawl.robots import Robots
from xuxie.language import tr


class GuardedResolver(AbstractResolver):
    """Resolves names like the system, and refuses those that lead out of bounds."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Like the system. Raises ForbiddenError, and OSError for an unknown name."""
        found = await self.resolver.resolve(host, port, family)  # type: ignore[arg-type]
        self.guard.require((address["host"] for address in found), host)
        return found

    async def close(self) -> None:
        """Nothing is held open."""
        await self.resolver.close()


class Fetcher:
    """Fetches pages for many tasks; use it as an asynchronous context."""

    def __init__(
        self, settings: CrawlSettings, guard: Guard, robots: Robots, timing: Timing | None = None
    ) -> None:
        self.settings = settings
        self.guard = guard
        self.robots = robots
        self.timing = timing or Timing()
        self.paces = robots.client.paces
        self.lines: dict[Pace, asyncio.Lock] = {}

    async def __aenter__(self) -> "Fetcher":
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=GuardedResolver(self.guard), limit_per_host=self.settings.concurrency
            ),
            headers=request_headers(),
            timeout=aiohttp.ClientTimeout(total=self.settings.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def get(self, url: str) -> Response:
        """The page at `url`, after redirects and retries, not decoded yet.

        Raises Failure when there is none, NetworkError for an address that must not be fetched.
        """
        for attempt in range(1, self.settings.retries + 2):
            try:
                response = await self.follow(url)
                response.check()
                return response
            except Failure as failure:
                if not may_retry(failure, attempt, self.settings.retries):
                    raise
                if failure.status not in HELD_BACK:  # else the pace holds back the whole host
                    await self.timing.pause(pause_before(attempt, None, self.timing.jitter()))
        raise AssertionError("the last try returns or raises")

    async def follow(self, url: str) -> Response:
        """One try: the page at the end of the redirects."""
        for _ in range(self.settings.max_redirects + 1):
            await self.permit(url)
            pace = self.paces.of(url)
            await self.turn(pace)
            with pace.request():
                response = await self.ask(url)
                response.check_patience()
            if response.status not in REDIRECTS:
                return response
            target = join(url, response.headers.get("location", ""))
            if target is None:
                raise Failure(tr("the site redirects to something that is no web address"))
            url = target
        raise Failure(tr("the site redirects more than {count} times", count=self.settings.max_redirects))

    async def permit(self, url: str) -> None:
        """Raise NetworkError when the request may not be made."""
        if is_literal(host_of(url)):  # the connector asks no resolver for these
            self.guard.check(url)
        if self.robots.known(url):
            self.robots.check(url)
        else:  # asked with requests, which would stop all tasks
            await asyncio.to_thread(self.robots.check, url)

    async def turn(self, pace: Pace) -> None:
        """Wait in line until the host may be asked. Raises Failure when that would take too long."""
        async with self.lines.setdefault(pace, asyncio.Lock()):
            loop = asyncio.get_running_loop()
            free = asyncio.Event()

            def wake() -> None:  # perhaps from the thread of another book
                with contextlib.suppress(RuntimeError):  # interrupted: nobody waits here any more
                    loop.call_soon_threadsafe(free.set)

            while wait := pace.begin(wake):
                if math.isfinite(wait):
                    await self.timing.pause(wait)
                else:
                    await free.wait()
                    free.clear()

    async def ask(self, url: str) -> Response:
        """One request, without redirects, within the timeout and the size cap."""
        try:
            async with self.session.get(URL(url, encoded=True), allow_redirects=False) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                check_status(answer.status, headers, self.timing.now())
                body = Body(headers.get("content-encoding", ""), self.settings.max_page_bytes)
                if answer.status == 200:
                    async for chunk in answer.content.iter_chunked(CHUNK):
                        body.feed(chunk)
                return Response(url=url, status=answer.status, headers=headers, body=body.finish())
        except TimeoutError:
            raise Failure(
                tr("no answer within {seconds} s", seconds=self.settings.timeout), temporary=True
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise no_connection(error) from None
