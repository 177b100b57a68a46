"""Many pages at once with aiohttp: the chapters.

    async with Fetcher(settings, guard, robots) as fetcher:
        html = await fetcher.page("https://example.com/book/1/1001.html")

A host is never asked faster than its robots.txt wants, and not at all for as long as its Retry-After
says. Every address on the way is checked; names are checked by what they resolve to, in the moment of
connecting. How many pages are fetched at once is the caller's: one task, one connection.
"""

import asyncio
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, host_of, is_literal, join, origin
from xuxie.crawl.client import CHUNK, no_connection
from xuxie.crawl.responses import REDIRECTS, Body, Page, Response, check_status, request_headers
from xuxie.crawl.retries import Failure, Timing, may_retry, pause_before
from xuxie.crawl.robots import Robots
from xuxie.errors import ForbiddenError
from xuxie.language import tr


class GuardedResolver(AbstractResolver):
    """Resolves names like the system, and refuses those that lead out of bounds."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Like the system. Raises ForbiddenError, and OSError for an unknown name."""
        found = await self.resolver.resolve(host, port, family)  # type: ignore[arg-type]
        if not all(self.guard.permits(address["host"]) for address in found):
            raise ForbiddenError(
                tr("{url} leads into a private network, where this crawl may not go", url=host)
            )
        return found

    async def close(self) -> None:
        """Nothing is held open."""
        await self.resolver.close()


class Pace:
    """When each host may be asked next."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.next: dict[str, float] = {}

    async def wait(self, place: str, delay: float) -> None:
        """Wait for this request's turn at `place`, which wants `delay` seconds between two requests."""
        now = self.timing.monotonic()
        turn = max(now, self.next.get(place, now + delay))
        self.next[place] = turn + delay
        if turn > now:
            await self.timing.pause(turn - now)

    def hold(self, place: str, seconds: float) -> None:
        """Ask nothing of `place` for so long."""
        until = self.timing.monotonic() + seconds
        self.next[place] = max(until, self.next.get(place, until))


class Fetcher:
    """Fetches pages for many tasks; use it as an asynchronous context."""

    def __init__(
        self, settings: CrawlSettings, guard: Guard, robots: Robots, timing: Timing | None = None
    ) -> None:
        self.settings = settings
        self.guard = guard
        self.robots = robots
        self.timing = timing or Timing()
        self.pace = Pace(self.timing)

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

    async def page(self, url: str) -> str:
        """The text at `url`, after redirects and retries; raises what `read` raises."""
        return (await self.read(url)).text

    async def read(self, url: str) -> Page:
        """The page at `url`, after redirects and retries.

        Raises Failure when there is none, NetworkError for an address that must not be fetched.
        """
        for attempt in range(1, self.settings.retries + 2):
            try:
                return (await self.follow(url)).page()
            except Failure as failure:
                if not may_retry(failure, attempt, self.settings.retries):
                    raise
                if failure.retry_after is not None:
                    self.pace.hold(origin(url), failure.retry_after)
                else:
                    await self.timing.pause(pause_before(attempt, None, self.timing.jitter()))
        raise AssertionError("the last try returns or raises")

    async def follow(self, url: str) -> Response:
        """One try: the page at the end of the redirects."""
        for _ in range(self.settings.max_redirects + 1):
            await self.permit(url)
            response = await self.ask(url)
            if response.status not in REDIRECTS:
                check_status(response.status, response.headers, self.timing.now())
                return response
            target = join(url, response.headers.get("location", ""))
            if target is None:
                raise Failure(tr("the site redirects to something that is no web address"))
            url = target
        raise Failure(tr("the site redirects more than {count} times", count=self.settings.max_redirects))

    async def permit(self, url: str) -> None:
        """Wait for this request's turn. Raises NetworkError when it may not be made at all."""
        if is_literal(host_of(url)):  # the connector asks no resolver for these
            self.guard.check(url)
        if not self.robots.known(url):  # asked with requests, which would stop all tasks
            await asyncio.to_thread(self.robots.delay, url)
        self.robots.check(url)
        await self.pace.wait(origin(url), self.robots.delay(url))

    async def ask(self, url: str) -> Response:
        """One request, without redirects, within the timeout and the size cap."""
        try:
            async with self.session.get(URL(url, encoded=True), allow_redirects=False) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
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
