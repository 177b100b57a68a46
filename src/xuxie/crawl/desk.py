"""Where pages are read: here, one at a time, and by a helper once they queue up.

    async with Desk(rules) as desk:
        part = await desk.read(response, "第一章 雪夜")

To read a page takes longer than to ask for it. An ordinary crawl waits for the site, and reads here; one
that waits for its reader gets a second process (helper.py) to read beside it. The book is the same.
"""

import asyncio
from types import TracebackType

from xuxie.crawl.extraction import NO_RULES, Part, read_part
from xuxie.crawl.helper import Helper
from xuxie.crawl.responses import Response
from xuxie.crawl.rules import ChapterRules

QUEUE = 8  # pages that wait to be read; with more a helper is called
AHEAD = 3  # pages that a helper is given, so that it need not wait for the next one
STEPS = 2  # of the event loop, for requests that may go out now, before a page is read here


class Desk:
    """Reads pages for many tasks, by the rules of their site; use it as an asynchronous context."""

    def __init__(self, rules: ChapterRules = NO_RULES) -> None:
        self.rules = rules
        self.seats: asyncio.Queue[Helper | None] = asyncio.Queue()  # that are free; None: here
        self.seats.put_nowait(None)
        self.waiting = 0  # pages
        self.call: asyncio.Task[Helper | None] | None = None

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.call and (helper := await self.call):
            await helper.end()

    async def read(self, response: Response, title: str) -> Part:
        """What a page of the chapter `title` says. Raises UnusablePage, and Failure when it is no text."""
        self.waiting += 1
        if self.waiting > QUEUE and self.call is None:
            self.call = asyncio.create_task(self.call_helper())
        try:
            seat = await self.seats.get()
        finally:
            self.waiting -= 1
        try:
            if seat is None:
                for _ in range(STEPS):
                    await asyncio.sleep(0)
            elif part := await seat.read(response, title):
                return part
            return read_part(response.page(), title, self.rules)
        finally:
            if seat is None or seat.alive:
                self.seats.put_nowait(seat)

    async def call_helper(self) -> Helper | None:
        """A helper with its seats, if there may be one."""
        if helper := await Helper.start(self.rules):
            for _ in range(AHEAD):
                self.seats.put_nowait(helper)
        return helper
