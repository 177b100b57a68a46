"""Time that passes only when somebody waits, so that no test does.

    crawl_book(url, project, settings, timing=Clock().timing())

The site reads the same clock, for dates in headers and for how fast it was asked.
"""

import asyncio
import threading

from xuxie.crawl.retries import Timing


class Clock:
    """Seconds since 1970 and since ever; both go on by what is slept."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.lock = threading.Lock()

    def read(self) -> float:
        """The time now."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let so much time pass at once."""
        with self.lock:
            self.time += max(0.0, seconds)

    async def pause(self, seconds: float) -> None:
        """The same for tasks: the one with the earliest end goes on first."""
        until = self.time + max(0.0, seconds)
        for _ in range(3):
            await asyncio.sleep(0)
        with self.lock:
            self.time = max(self.time, until)

    def timing(self) -> Timing:
        """What a crawl takes for its clock."""
        return Timing(
            sleep=self.sleep, pause=self.pause, now=self.read, monotonic=self.read, jitter=lambda: 1.0
        )
