"""A second process that reads pages, on a core that would be idle.

    helper = await Helper.start(rules)
    part = await helper.read(response, "第一章 雪夜")      # None: it is to be read here
    await helper.end()

It runs this file, is given bodies on its standard input and writes what they say to its output: lengths and
JSON. It ends with its input, so it outlives nobody, however its master ends. What it has no answer for, as
the page is none or it has died, is read again by its master, who also says what is wrong.
"""

import asyncio
import contextlib
import json
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import BinaryIO, cast

from xuxie.crawl.extraction import Part, read_part
from xuxie.crawl.responses import Response
from xuxie.crawl.rules import ChapterRules
from xuxie.machine import cores

LENGTH = 4  # bytes before each message, which say how many follow
PATIENCE = 30.0  # seconds; a page takes milliseconds, the worst one that is not refused some seconds
FREE = threading.Semaphore(cores() - 1)  # helpers that may be started, for all books crawled at a time


class Helper:
    """The process as its master sees it. It answers in the order in which it is asked."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.questions = cast(asyncio.StreamWriter, process.stdin)
        self.answers = cast(asyncio.StreamReader, process.stdout)
        self.alive = True  # and its next answer is that to the next question
        self.turn = asyncio.Lock()  # to take an answer: first come, first served

    @classmethod
    async def start(cls, rules: ChapterRules) -> "Helper | None":
        """A helper for pages of one site; None where no core is free, or the system starts none."""
        if not FREE.acquire(blocking=False):
            return None
        selectors = json.dumps({"title": rules.title, "body": rules.body, "next": rules.next})
        try:
            return cls(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", __name__, selectors),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    start_new_session=True,  # Ctrl-C is for its master
                )
            )
        except (OSError, NotImplementedError):  # the latter: not every event loop can
            FREE.release()
            return None

    async def read(self, response: Response, title: str) -> Part | None:
        """What a page of the chapter `title` says; None when the helper cannot tell."""
        head = json.dumps([response.url, response.content_type, title]).encode()
        try:
            self.questions.write(message(head + b"\n" + response.body))
            async with asyncio.timeout(PATIENCE), self.turn:
                if not self.alive:
                    return None
                length = int.from_bytes(await self.answers.readexactly(LENGTH))
                answer = json.loads(await self.answers.readexactly(length))
            if answer is None:
                return None
            paragraphs, headings, below, links = answer
            return Part(paragraphs, headings, below, [(text, address) for text, address in links])
        except (OSError, asyncio.IncompleteReadError):  # it has died, or stands still
            self.alive = False
            return None
        except asyncio.CancelledError:  # an answer that nobody takes
            self.alive = False
            raise

    async def end(self) -> None:
        """End the process, which holds nothing that could be lost."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        FREE.release()


def message(content: bytes) -> bytes:
    """`content` with its length."""
    return len(content).to_bytes(LENGTH) + content


def answer(question: bytes, rules: ChapterRules) -> bytes:
    """What a page says, as JSON; null when it is none."""
    head, _, body = question.partition(b"\n")
    url, content_type, title = json.loads(head)
    response = Response(url=url, status=200, headers={"content-type": content_type}, body=body)
    try:
        return json.dumps(read_part(response.page(), title, rules), ensure_ascii=False).encode()
    except Exception:  # noqa: BLE001 - whatever it is, it will be said where the page is read again
        return b"null"


def serve(source: BinaryIO, target: BinaryIO, rules: ChapterRules) -> None:
    """Answer until `source` ends."""
    while length := source.read(LENGTH):
        target.write(message(answer(source.read(int.from_bytes(length)), rules)))
        target.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where a new session is none
    serve(sys.stdin.buffer, sys.stdout.buffer, ChapterRules(**json.loads(sys.argv[1])))
