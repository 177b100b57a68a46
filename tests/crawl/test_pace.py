import asyncio
import heapq
import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.config import CrawlSettings
from xuxie.crawl.pace import LONGEST_GAP, ROUND, Pace, Paces
from xuxie.crawl.retries import Failure

Answer = tuple[float, Failure | None]  # how long it took, and what was wrong


class Host:
    """A host and the tasks that ask it, in simulated time; `answer` is given the time and the load."""

    def __init__(self, answer: Callable[[float, int], Answer], **limits: Any) -> None:
        self.time = 0.0
        self.answer = answer
        self.pace = Pace(clock=lambda: self.time, **limits)
        self.answered = self.refused = self.most = 0
        self.begun: list[float] = []
        self.under_way: list[tuple[float, int, Iterator[None]]] = []

    def run(self, until: float) -> None:
        numbers = count()
        while self.time < until:
            wait = self.pace.begin()
            if wait == 0:
                self.begun.append(self.time)
                self.most = max(self.most, self.pace.under_way)
                steps = self.steps(*self.answer(self.time, self.pace.under_way))
                heapq.heappush(self.under_way, (self.time + next(steps), next(numbers), steps))
                continue
            ends = self.under_way[0][0] if self.under_way else math.inf
            self.time = min(ends, self.time + wait)
            if ends == self.time:
                next(heapq.heappop(self.under_way)[2], None)

    def steps(self, seconds: float, failure: Failure | None) -> Iterator[Any]:
        """A request: yields how long it takes, and is resumed when it ends."""
        try:
            with self.pace.request():
                yield seconds
                if failure:
                    raise failure
            self.answered += 1
        except Failure:
            self.refused += 1


def busy(retry_after: float | None = None, status: int = 429) -> Failure:
    return Failure("busy", temporary=True, retry_after=retry_after, status=status)


def test_a_healthy_host_is_asked_by_all_connections_all_the_time() -> None:
    host = Host(lambda time, load: (0.1, None), concurrency=4)
    host.run(100)
    assert host.most == 4
    assert host.answered == pytest.approx(4000, rel=0.01)


def test_a_host_whose_times_vary_is_not_slowed_down() -> None:
    times = [0.05, 0.3, 0.1, 0.9, 0.07]
    host = Host(lambda time, load: (times[int(time * 1000) % 5], None), concurrency=8)
    host.run(200)
    assert host.pace.allowed == 8


@pytest.mark.parametrize(("rate", "delay"), [(5.0, 0.0), (5.0, 1.0), (0.5, 0.0)])
def test_the_rate_asked_for_is_never_exceeded(rate: float, delay: float) -> None:
    host = Host(lambda time, load: (0.01, None), concurrency=4, interval=1 / rate)
    host.pace.wants(delay)
    host.run(60)
    apart = max(1 / rate, delay)
    assert min(b - a for a, b in zip(host.begun, host.begun[1:], strict=False)) >= apart - 1e-9
    assert len(host.begun) == pytest.approx(60 / apart, rel=0.02, abs=1)


@pytest.mark.parametrize("limit", [0.5, 1.0, 5.0, 20.0])
def test_a_host_with_a_limit_of_its_own_is_asked_at_about_that_rate(limit: float) -> None:
    """A bucket of tokens without a Retry-After: few refusals, and most of what may be had."""
    bucket = {"tokens": 5.0, "time": 0.0}

    def answer(time: float, load: int) -> Answer:
        bucket["tokens"] = min(5.0, bucket["tokens"] + limit * (time - bucket["time"])) - 1
        bucket["time"] = time
        if bucket["tokens"] < 0:
            bucket["tokens"] += 1
            return 0.02, busy()
        return 0.08, None

    host = Host(answer, concurrency=8)
    host.run(600)
    host.answered = host.refused = 0
    host.run(3600)
    assert host.answered > 0.6 * limit * 3000
    assert host.refused < 0.05 * host.answered


def test_a_host_that_stands_a_few_connections_gets_a_few() -> None:
    host = Host(lambda time, load: (0.1, busy(status=503) if load > 3 else None), concurrency=16)
    host.run(1000)
    host.answered = host.refused = 0
    host.run(2000)
    assert host.answered > 0.5 * 3 * 10 * 1000
    assert host.refused < 0.01 * host.answered


def test_recovery_brings_the_speed_back() -> None:
    host = Host(lambda time, load: (0.1, busy() if time < 60 else None), concurrency=4)
    host.run(60)
    assert host.answered == 0
    assert len(host.begun) < 15
    host.run(600)
    assert host.pace.allowed == 4


def test_a_host_that_becomes_slow_is_asked_less_and_later_more() -> None:
    def answer(time: float, load: int) -> Answer:
        return (2.0 if 100 < time < 130 else 0.1), None

    host = Host(answer, concurrency=8)
    host.run(100)
    assert host.pace.allowed == 8
    host.run(130)
    assert 1 <= host.pace.allowed < 5
    host.run(300)
    assert host.pace.allowed == 8


def test_timeouts_slow_down() -> None:
    timeout = Failure("no answer", temporary=True)
    host = Host(lambda time, load: (30.0, timeout) if load > 1 else (1.0, None), concurrency=4)
    host.run(300)
    assert host.pace.allowed < 2.5


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_broken_page_says_nothing_about_the_host(status: int) -> None:
    failure = Failure("broken", temporary=status == 500, status=status)
    host = Host(lambda time, load: (0.1, failure), concurrency=4)
    host.run(10)
    assert host.pace.allowed == 4
    assert len(host.begun) == pytest.approx(400, rel=0.02)


def test_one_burst_of_refusals_counts_once() -> None:
    host = Host(lambda time, load: (0.1, busy(retry_after=5) if time < 1 else None), concurrency=8)
    host.run(0.5)
    assert len(host.begun) == 8
    assert host.pace.allowed == 4
    host.run(5.2)
    assert host.begun[8] == pytest.approx(5.1)


def test_retry_after_holds_the_whole_host() -> None:
    host = Host(lambda time, load: (0.1, busy(retry_after=70) if time == 0 else None), concurrency=4)
    host.run(100)
    assert [time for time in host.begun if 0.2 < time < 70] == []
    assert host.answered > 100


def test_beyond_patience_nothing_begins() -> None:
    host = Host(lambda time, load: (0.1, busy(retry_after=7200)), concurrency=1)
    host.run(0.05)
    with pytest.raises(Failure, match="120 minutes") as raised:
        host.run(10)
    assert raised.value.temporary
    assert host.pace.under_way == 0


def test_words_that_ask_for_less_are_heeded() -> None:
    host = Host(lambda time, load: (0.1, None), concurrency=4)
    host.run(1)
    host.pace.slow_down()
    assert host.pace.allowed == 2
    assert host.pace.begin() > 0.4


def test_who_waits_is_woken_when_a_request_ends() -> None:
    pace = Pace(concurrency=1, clock=lambda: 0.0)
    woken: list[str] = []
    assert pace.begin() == 0
    assert pace.begin(lambda: woken.append("a")) == math.inf
    assert not woken
    pace.end()
    assert woken == ["a"]
    assert pace.begin() == 0


@given(
    st.lists(st.sampled_from(["answer", "slow", "busy", "timeout", "404"]), max_size=300),
    st.integers(1, 64),
)
def test_whatever_happens_the_pace_stays_within_bounds(events: list[str], concurrency: int) -> None:
    time = 0.0
    pace = Pace(concurrency=concurrency, clock=lambda: time, jitter=lambda: 0.5)
    kinds = {"busy": busy(), "timeout": Failure("", temporary=True), "404": Failure("", status=404)}
    for event in events:
        while wait := pace.begin():
            time += wait
        assert pace.under_way == 1
        try:
            with pace.request():
                time += 3.0 if event == "slow" else 0.1
                if event in kinds:
                    raise kinds[event]
        except Failure:
            pass
        assert 0 < pace.allowed <= concurrency
        assert pace.gap() <= 2 * LONGEST_GAP
        assert pace.under_way == 0
    for _ in range(5000):
        pace.answered(0.1)
    assert pace.allowed >= min(concurrency, 2)


def test_hosts_have_paces_of_their_own(clock: Any) -> None:
    paces = Paces(CrawlSettings(concurrency=3, rate=2.0), clock.timing())
    first = paces.of("https://a.example/book/1/")
    assert first is paces.of("http://a.example/2.html")
    assert first is not paces.of("https://b.example/")
    assert (first.most, first.interval) == (3, 0.5)
    paces.stop()
    for url in ("https://a.example/", "https://c.example/"):
        with pytest.raises(asyncio.CancelledError):
            paces.of(url).begin()


def test_the_usual_latency_is_a_median() -> None:
    pace = Pace(concurrency=4, clock=lambda: 0.0)
    for latency in [0.1] * (ROUND - 2) + [50.0, 60.0]:
        pace.answered(latency)
    assert pace.usual == 0.1
    assert pace.allowed == 4
