"""How fast a host is asked: as fast as it likes, never faster than it or the user allows.

    pace = Pace(concurrency=4, interval=0.0, clock=time.monotonic)
    while wait := pace.begin():      # seconds until a request may begin; infinite until another ends
        sleep(wait)
    with pace.request():             # notes how it went: answered, refused, given up
        ...

One number, `allowed`, says how many requests may be under way. It falls by half when the host refuses
(429, 503, timeouts) or becomes several times slower than it was, and rises by a little with every answer:
additive increase, multiplicative decrease (Chiu and Jain, 1989). Below one it means a gap between
requests. Nothing here sleeps or reads a clock of its own.
"""

import asyncio
import contextlib
import math
import statistics
import threading
from collections import deque
from collections.abc import Callable, Iterator

from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import origin
from xuxie.crawl.retries import LONGEST_RETRY_AFTER, Failure, Timing, pause_before
from xuxie.language import tr

CUT = 0.5  # what is left of `allowed` after a refusal
GROWTH = 0.05  # of one connection, with every answer
NEAR = 0.8  # of what was refused last: from here on growth is careful
CAREFUL = 0.1  # of the usual growth
LONGEST_GAP = 60.0  # seconds between two requests, at the slowest
ROUND = 16  # answers whose median latency is compared with the usual one
REMEMBERED = 8 * ROUND  # latencies that make the usual one
SLOW = 3.0  # times the usual latency, and
NOTICEABLE = 0.2  # seconds more than it: the host is under strain
UNKNOWN_LATENCY = 0.5  # seconds, until the first answers
HELD_BACK = frozenset({429, 503})  # statuses that speak for the whole host
OF_THE_PAGE = frozenset({408, 425, 500})  # temporary ones that say nothing about it


class Pace:
    """One host's pace, for all threads and event loops that ask it. Times in seconds."""

    def __init__(
        self,
        *,
        concurrency: int,
        interval: float = 0.0,
        clock: Callable[[], float],
        jitter: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.most = concurrency
        self.interval = interval  # between the beginnings of two requests, at least
        self.clock = clock
        self.jitter = jitter
        self.allowed = float(concurrency)
        self.under_way = 0
        self.last = -math.inf  # when the last request began
        self.held_until = -math.inf
        self.cut_at = -math.inf
        self.refused_at = math.inf  # what was allowed when the host refused
        self.refusals = 0  # in a row
        self.latencies: deque[float] = deque(maxlen=REMEMBERED)
        self.usual = UNKNOWN_LATENCY
        self.unread = 0  # answers since the last look at the latencies
        self.wakers: list[Callable[[], None]] = []
        self.stopped = False
        self.lock = threading.RLock()

    def begin(self, wake: Callable[[], None] | None = None) -> float:
        """Begin a request: 0.0; or the seconds until it may be tried again.

        Infinite when a request under way must end first: `wake` is then called once it has.
        Raises Failure when the host wants to be left alone for longer than anyone waits, CancelledError
        after `stop`.
        """
        with self.lock:
            if self.stopped:
                raise asyncio.CancelledError
            now = self.clock()
            if self.held_until - now > LONGEST_RETRY_AFTER:
                minutes = round((self.held_until - now) / 60)
                raise Failure(
                    tr("the site wants to be left alone for {minutes} minutes", minutes=minutes),
                    temporary=True,
                    retry_after=self.held_until - now,
                )
            if self.under_way >= max(1, int(self.allowed)):
                if wake is not None:
                    self.wakers.append(wake)
                return math.inf
            turn = max(self.held_until, self.last + max(self.interval, self.gap()))
            if turn > now:
                return turn - now
            self.under_way += 1
            self.last = now
            return 0.0

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """The request that `begin` allowed; what it raises tells how the host does."""
        began = self.clock()
        try:
            yield
        except Failure as failure:
            if failure.temporary and failure.status not in OF_THE_PAGE:
                self.refused(began, failure)
            raise
        else:
            self.answered(self.clock() - began)
        finally:
            self.end()

    def end(self) -> None:
        """A request is over, whatever became of it."""
        with self.lock:
            self.under_way -= 1
            wakers, self.wakers = self.wakers, []
        for wake in wakers:
            wake()

    def gap(self) -> float:
        """What must lie between two requests because less than one is allowed."""
        return self.usual / self.allowed if self.allowed < 1 else 0.0

    def wants(self, delay: float) -> None:
        """The host's robots.txt asks for `delay` between two requests."""
        self.interval = max(self.interval, delay)

    def answered(self, latency: float) -> None:
        """The host gave what it was asked for: a little more is allowed."""
        with self.lock:
            self.refusals = 0
            careful = self.allowed >= NEAR * self.refused_at
            step = GROWTH * min(1.0, self.allowed) * (CAREFUL if careful else 1.0)
            self.allowed = min(float(self.most), self.allowed + step)
            self.latencies.append(latency)
            self.unread += 1
            if self.unread >= ROUND:
                self.unread = 0
                self.compare()

    def compare(self) -> None:
        """Slow down when the last answers took several times as long as usual; one at a time is enough."""
        recent = statistics.median(list(self.latencies)[-ROUND:])
        self.usual = statistics.median(self.latencies)
        if recent > SLOW * self.usual and recent > self.usual + NOTICEABLE:
            self.cut(least=1.0)

    def refused(self, began: float, failure: Failure) -> None:
        """The host could not or would not answer a request that began at `began`.

        Only the first refusal among those under way at the same time counts.
        """
        with self.lock:
            if began >= self.cut_at:
                self.refusals += 1
                self.refused_at = self.allowed
                self.cut(least=self.usual / LONGEST_GAP)
            if failure.status in HELD_BACK:
                pause = pause_before(max(1, self.refusals), failure.retry_after, self.jitter())
                self.held_until = max(self.held_until, self.clock() + pause)

    def slow_down(self) -> None:
        """A page said in words that the host is asked too often: like 429 without Retry-After."""
        self.refused(self.clock(), Failure("", temporary=True, status=429))

    def cut(self, *, least: float) -> None:
        """Allow half of what was allowed."""
        self.allowed = min(self.allowed, max(least, self.allowed * CUT))
        self.cut_at = self.clock()

    def stop(self) -> None:
        """Let no further request begin."""
        with self.lock:
            self.stopped = True


class Paces:
    """The pace of every host met."""

    def __init__(self, settings: CrawlSettings, timing: Timing) -> None:
        self.settings = settings
        self.timing = timing
        self.hosts: dict[str, Pace] = {}
        self.stopped = False
        self.lock = threading.Lock()

    def of(self, url: str) -> Pace:
        """The pace of an address's host (and port)."""
        host = origin(url).partition("://")[2]
        with self.lock:
            if host not in self.hosts:
                rate = self.settings.rate
                self.hosts[host] = Pace(
                    concurrency=self.settings.concurrency,
                    interval=1 / rate if rate else 0.0,
                    clock=self.timing.monotonic,
                    jitter=self.timing.jitter,
                )
                self.hosts[host].stopped = self.stopped
            return self.hosts[host]

    def stop(self) -> None:
        """Let no further request begin anywhere."""
        with self.lock:
            self.stopped = True
            for pace in self.hosts.values():
                pace.stop()
