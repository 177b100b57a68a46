"""A novel site that costs nothing to ask: every page is made beforehand, every answer waits for a timer.

    python benchmarks/crawl_site.py --chapters 2000 --latency 0.03

Prints its address, then, after each request for the catalogue, the time of the first one for a chapter.
Pages are like those of the tests' simulator, in GBK, with two lines of the site's own in every text.
"""

import argparse
import asyncio
import re
import selectors
import sys
import time
from importlib import resources
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from simulator.markup import Piece, framed, joined
from simulator.wording import BOTTOM_LINES, TOP_LINES, shell, turn

CHARACTERS = 3000  # of a chapter
BOOK = "/book/1/"
CLAUSE = re.compile("[\u4e00-\u9fff]{3,16}")
FORM = frozenset({"br-lines"})  # as most sites in GBK have it
TYPE = "text/html"  # the page alone declares its charset


def chapters(count: int) -> list[tuple[str, list[str]]]:
    """Titles and paragraphs: clauses of the bundled novel in any order, no two sentences alike."""
    novel = resources.files("xuxie.sample").joinpath("novel.txt").read_text(encoding="utf-8")
    clauses, random = CLAUSE.findall(novel), Random(0)
    book = []
    for number in range(1, count + 1):
        paragraphs: list[str] = []
        size = 0
        while size < CHARACTERS:
            sentences = [
                "，".join(random.choices(clauses, k=random.randint(2, 5))) + "。" for _ in range(3)
            ]
            paragraph = "".join(sentences[: random.randint(1, 3)])
            paragraphs.append(f"“{paragraph}”" if random.random() < 0.2 else paragraph)
            size += len(paragraphs[-1])
        book.append((f"第{number}章 {random.choice(clauses)[:6]}", paragraphs))
    return book


def pages(count: int) -> dict[str, bytes]:
    """Every page of the site by its path, as it goes over the wire."""
    book, random = chapters(count), Random(1)
    entries = "".join(
        f'<dd><a href="{BOOK}{number}.html">{title}</a></dd>' for number, (title, _) in enumerate(book, 1)
    )
    listed = (
        f'<div id="info"><h1>长街雪</h1><p>作者：听潮人</p></div><div id="list"><dl>{entries}</dl></div>'
    )
    site = {
        "/robots.txt": answer("text/plain", b"User-agent: *\nDisallow: /search.php\n"),
        BOOK: answer(TYPE, page("长街雪", listed, random)),
    }
    for number, (title, paragraphs) in enumerate(book, 1):
        lines = [TOP_LINES[0], *paragraphs, BOTTOM_LINES[-1]]
        text = joined([Piece(text=line) for line in lines], FORM, random)
        row = turn(f"{BOOK}{number - 1}.html", BOOK, f"{BOOK}{number + 1}.html")
        body = framed(text, f"<h1>{title}</h1>", row, "", FORM)
        site[f"{BOOK}{number}.html"] = answer(TYPE, page(title, body, random))
    return site


def page(title: str, body: str, random: Random) -> bytes:
    """A page in GBK."""
    html = shell(title, body, random).replace("@META@", '<meta charset="gbk">')
    return html.encode("gbk", errors="xmlcharrefreplace")


def answer(kind: str, body: bytes, status: str = "200 OK") -> bytes:
    """An HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection, kept alive."""

    site: dict[str, bytes]
    latency: float
    began = False  # whether a chapter has been asked for
    missing = answer("text/plain", b"", "404 Not Found")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request after the latency."""
        *requests, self.received = (self.received + data).split(b"\r\n\r\n")
        for request in requests:
            path = request.split(b" ", 2)[1].decode()
            if path.endswith(".html") != Connection.began and path != "/robots.txt":
                Connection.began = not Connection.began
                if Connection.began:
                    print(time.time(), flush=True)
            self.loop.call_later(self.latency, self.transport.write, self.site.get(path, self.missing))


async def serve(count: int, latency: float) -> None:
    """Serve until the process is ended."""
    Connection.site, Connection.latency = pages(count), latency
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{BOOK}", flush=True)
    await server.serve_forever()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chapters", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.03, help="seconds for every answer")
    arguments = parser.parse_args()
    # select() has timeouts of microseconds, where epoll rounds up to the next millisecond.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(arguments.chapters, arguments.latency))


if __name__ == "__main__":
    main()
