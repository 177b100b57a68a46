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
AHEAD = 4  # pages that a helper is given, so that it need not wait for the next one
STEPS = 2  # of the event loop, for requests that may go out now, before a page is read here
HELPER, HERE = 0, 1  # seats; the first is taken first, for here there is more to do than to read


class Desk:
    """Reads pages for many tasks, by the rules of their site; use it as an asynchronous context."""

    def __init__(self, rules: ChapterRules = NO_RULES) -> None:
        self.rules = rules
        self.free: asyncio.PriorityQueue[int] = asyncio.PriorityQueue()  # seats where a page may be read
        self.free.put_nowait(HERE)
        self.waiting = 0  # pages
        self.helper: Helper | None = None
        self.call: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.call:
            await self.call
        if self.helper:
            await self.helper.end()

    async def read(self, response: Response, title: str) -> Part:
        """What a page of the chapter `title` says. Raises UnusablePage, and Failure when it is no text."""
        self.waiting += 1
        if self.waiting > QUEUE and self.call is None:
            self.call = asyncio.create_task(self.call_helper())
        try:
            seat = await self.free.get()
        finally:
            self.waiting -= 1
        try:
            if seat == HERE:
                for _ in range(STEPS):
                    await asyncio.sleep(0)
            elif self.helper and (part := await self.helper.read(response, title)):
                return part
            return read_part(response.page(), title, self.rules)
        finally:
            if seat == HERE or (self.helper and self.helper.alive):
                self.free.put_nowait(seat)

    async def call_helper(self) -> None:
        """Offer the seats of a helper, if there may be one."""
        self.helper = await Helper.start(self.rules)
        for _ in range(AHEAD if self.helper else 0):
            self.free.put_nowait(HELPER)
