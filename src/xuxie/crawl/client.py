"""One page at a time with requests: the catalogue and robots.txt.

    with Client(settings, guard) as client:
        response = client.get("https://example.com/book/1/")

Every host is asked at its own pace (pace.py). Every address on the way, redirects included, is checked,
and what is connected to is the very address that was checked: a name cannot change its meaning between.
"""

import math
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import Guard, join
from xuxie.crawl.pace import HELD_BACK, Paces
from xuxie.crawl.responses import REDIRECTS, Body, Response, check_status, request_headers
from xuxie.crawl.retries import Failure, Timing, may_retry, pause_before
from xuxie.errors import ForbiddenError, NetworkError
from xuxie.language import tr

CHUNK = 65_536  # bytes
GLANCE = 0.05  # seconds until a host that others keep busy is looked at again
Permit = Callable[[str], None]  # raises XuxieError for an address that must not be fetched


def anything(url: str) -> None:
    """Permit every address."""


class GuardedAdapter(HTTPAdapter):
    """Connects to none but addresses that the guard permits."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """Like requests, with connections that ask the guard."""
        super().init_poolmanager(*given, **named)
        guard = self.guard

        class Connection(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self, guard)

        class SecureConnection(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self, guard)

        plain = type("Pool", (HTTPConnectionPool,), {"ConnectionCls": Connection})
        secure = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": SecureConnection})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}


def connect(connection: HTTPConnection, guard: Guard) -> socket.socket:
    """A socket to the host of a connection. Raises NetworkError, ForbiddenError, and urllib3's errors."""
    refusal: OSError = OSError("no address")
    for address in guard.permitted(connection.host):
        try:
            return create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            refusal = error
    raise NewConnectionError(connection, str(refusal)) from refusal


class Client:
    """Fetches pages one after another; `paces` are those of others who ask the same hosts."""

    def __init__(
        self,
        settings: CrawlSettings,
        guard: Guard,
        timing: Timing | None = None,
        paces: Paces | None = None,
    ) -> None:
        self.settings = settings
        self.guard = guard
        self.timing = timing or Timing()
        self.paces = paces or Paces(settings, self.timing)
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, GuardedAdapter(guard))
        self.session.trust_env = False  # no credentials from .netrc, no proxy around the guard
        self.session.headers.update(request_headers())

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def get(self, url: str, permit: Permit = anything) -> Response:
        """The page at `url`, after redirects and retries.

        Raises Failure when there is none, NetworkError for an address out of bounds, and what
        `permit` raises.
        """
        for attempt in range(1, self.settings.retries + 2):
            try:
                return self.follow(url, permit)
            except Failure as failure:
                if not may_retry(failure, attempt, self.settings.retries):
                    raise
                if failure.status not in HELD_BACK:  # else the pace holds back the whole host
                    self.timing.sleep(pause_before(attempt, None, self.timing.jitter()))
        raise AssertionError("the last try returns or raises")

    def follow(self, url: str, permit: Permit) -> Response:
        """One try: the page at the end of the redirects."""
        for _ in range(self.settings.max_redirects + 1):
            self.guard.check(url)  # before robots.txt is asked
            permit(url)
            pace = self.paces.of(url)
            while wait := pace.begin():
                self.timing.sleep(wait if math.isfinite(wait) else GLANCE)
            with pace.request():
                response = self.ask(url)
                response.check_patience()
            if response.status not in REDIRECTS:
                return response
            target = join(url, response.headers.get("location", ""))
            if target is None:
                raise Failure(tr("the site redirects to something that is no web address"))
            url = target
        raise Failure(tr("the site redirects more than {count} times", count=self.settings.max_redirects))

    def ask(self, url: str) -> Response:
        """One request, without redirects, within the timeout and the size cap."""
        deadline = time.monotonic() + self.settings.timeout
        try:
            with self.session.get(
                url, stream=True, allow_redirects=False, timeout=self.settings.timeout
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                check_status(answer.status_code, headers, self.timing.now())
                body = Body(headers.get("content-encoding", ""), self.settings.max_page_bytes)
                wanted = answer.status_code == 200
                while wanted and (chunk := answer.raw.read1(CHUNK, decode_content=False)):
                    body.feed(chunk)
                    if time.monotonic() > deadline:
                        raise requests.Timeout
                content = body.finish()
                return Response(url=url, status=answer.status_code, headers=headers, body=content)
        except (requests.Timeout, TimeoutError):
            raise Failure(
                tr("no answer within {seconds} s", seconds=self.settings.timeout), temporary=True
            ) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise no_connection(error) from None


def no_connection(error: BaseException) -> Failure:
    """The failure that an exception of an HTTP library means; only its kind is the same every time."""
    return Failure(tr("no connection to the site ({why})", why=type(error).__name__), temporary=True)


def fetch(client: Client, url: str, permit: Permit = anything) -> Response:
    """Like `client.get`, for a page without which nothing works: a Failure becomes a NetworkError."""
    try:
        return client.get(url, permit)
    except Failure as failure:
        kind = ForbiddenError if failure.forbidden else NetworkError
        raise kind(
            tr("{url}: {why}; check the address, or try again later", url=url, why=failure)
        ) from None
