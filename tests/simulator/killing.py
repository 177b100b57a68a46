"""Kill a crawl at a random moment, run it again, and compare with one that was left alone.

    trial = Trial(site, base, directory);  trial.differences(after=0.8)      # seconds; ([], 17) is right

The crawl is a process of its own and gets SIGKILL. What lay whole on the disk then must not be fetched
again, and in the end every byte below book/ must be that of an uninterrupted crawl.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import xuxie
from simulator.site import Site
from xuxie.books.book import Book

FAULTS = frozenset(
    [
        "latest-block",
        "gbk-declared-gb2312",
        "br-lines",
        "pages-underscore",
        "repeated-line-bottom",
        "heading-repeated",
        "disguised-adverts",
        "end-mark",
        "reader-comments",
    ]
)
CHAPTERS = 40

CRAWL = """
import sys
from xuxie.config import CrawlSettings
from xuxie.crawl.crawler import crawl_book
from xuxie.project import Project
print("ready", flush=True)
crawl_book(sys.argv[1], Project(sys.argv[2]), CrawlSettings(concurrency=4))
"""


class Trial:
    """Crawls of one site, each into its own folder below `directory`."""

    def __init__(self, site: Site, base: str, directory: Path) -> None:
        self.site = site
        self.base = base
        self.directory = directory
        child, started = self.start(directory / "whole"), time.monotonic()
        assert child.wait(120) == 0
        self.seconds = time.monotonic() - started  # that an uninterrupted crawl takes
        self.whole = contents(directory / "whole")
        self.count = 0

    def differences(self, after: float) -> tuple[list[str], int]:
        """Kill a crawl `after` so many seconds of its work, run it again.

        What is wrong then, and how many chapters were whole at the kill.
        """
        self.count += 1
        folder = self.directory / f"killed-{self.count}"
        child = self.start(folder)
        time.sleep(after)
        child.kill()
        child.wait()
        whole = whole_chapters(folder)
        before = {path: self.site.asked(path) for path in whole}
        self.finish(folder)
        found = [
            f"{path} was whole, and fetched again" for path in whole if self.site.asked(path) > before[path]
        ]
        files = contents(folder)
        differ = sorted(
            name for name in files.keys() | self.whole.keys() if files.get(name) != self.whole.get(name)
        )
        if differ:
            found.append(f"other than an uninterrupted crawl: {differ}")
        return found, len(whole)

    def start(self, folder: Path) -> subprocess.Popen[bytes]:
        """A crawl, as soon as it has begun to work."""
        source = str(Path(xuxie.__file__ or "").parents[1])
        child = subprocess.Popen(
            [sys.executable, "-c", CRAWL, self.base + self.site.start, str(folder)],
            env={**os.environ, "PYTHONPATH": source},
            stdout=subprocess.PIPE,
        )
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        child.stdout.close()
        return child

    def finish(self, folder: Path) -> None:
        """A crawl that nobody kills."""
        assert self.start(folder).wait(120) == 0


def whole_chapters(folder: Path) -> list[str]:
    """The paths of the chapters whose text lies on the disk."""
    book = Book(folder / "book")
    if not book.exists():
        return []
    return [
        "/" + chapter.url.split("/", 3)[3]
        for chapter in book.manifest().chapters
        if book.raw_path(chapter).exists()
    ]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below book/ by its name."""
    book = folder / "book"
    return {
        str(path.relative_to(book)): path.read_bytes() for path in sorted(book.rglob("*")) if path.is_file()
    }
