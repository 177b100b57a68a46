"""Many books at once: the hosts side by side, each at its own pace.

    wanted = read_list(Path("books.txt"))       # a line: address [folder]; # begins a comment
    outcomes = crawl_shelf(wanted, Path("novels"), CrawlSettings())
    worst(outcomes)                             # None when all is well

One thread takes care of a host, book after book; a host that several books lead to has one pace for all of
them. A book that fails does not stop the others, and each lies in a project folder of its own.
"""

import asyncio
import queue
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from xuxie.books.book import Book
from xuxie.books.decoding import decode
from xuxie.config import CrawlSettings
from xuxie.crawl.addresses import normalise
from xuxie.crawl.crawler import crawl_book
from xuxie.crawl.pace import Paces
from xuxie.crawl.retries import Timing
from xuxie.errors import EnvironmentFailure, InputError, XuxieError
from xuxie.files import explain_os_error
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project

HOSTS_AT_ONCE = 16
LAST_WORDS = 5.0  # seconds after Ctrl-C for the books to note where they stopped
LOOK = 0.2  # seconds between two looks at Ctrl-C, which Windows would not let through otherwise
MAX_LIST_BYTES = 2**20
COMMENT = re.compile(r"(?:^|\s)#.*")  # not the fragment of an address
UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f]|^\.|[ .]$')  # somewhere, in a folder's name
LONGEST_NAME = 80  # characters

Crawl = Callable[[str, Project, CrawlSettings, Progress, Timing, Paces], object]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A line of the list: a book's catalogue, and the folder it goes to."""

    url: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a book; `error` is None when it is whole."""

    wanted: Wanted
    title: str = ""
    fetched: int = 0
    chapters: int = 0
    error: XuxieError | None = None


def read_list(path: Path) -> list[Wanted]:
    """The books in a list. Raises InputError, naming the file or the line, and OSError."""
    if not path.is_file():
        raise InputError(tr("{path} does not exist: check the file's name", path=path))
    if path.stat().st_size > MAX_LIST_BYTES:
        raise InputError(tr("{path} is too large for a list of books", path=path))
    wanted = parse_list(decode(path.read_bytes()).text, str(path))
    if not wanted:
        raise InputError(tr("{path} lists no book: write an address on each line", path=path))
    return wanted


def parse_list(text: str, name: str) -> list[Wanted]:
    """The books that the lines of `text` name. Raises InputError, naming the line of `name`."""
    found: list[Wanted] = []
    lines: dict[str, int] = {}  # by address and by folder
    for number, line in enumerate(text.splitlines(), 1):
        url, _, folder = COMMENT.sub("", line).strip().partition(" ")
        if not url:
            continue
        try:
            wanted = Wanted(
                url=normalise(url), folder=checked(folder.strip() or folder_for(normalise(url)))
            )
            for key in (wanted.url, wanted.folder.casefold()):
                if (first := lines.setdefault(key, number)) != number:
                    raise InputError(tr("{name} stands on line {line} already", name=key, line=first))
        except InputError as why:
            raise InputError(tr("{path}, line {line}: {why}", path=name, line=number, why=why)) from None
        found.append(wanted)
    return found


def folder_for(url: str) -> str:
    """A folder's name made of a normalised address: `example.com-book-1`."""
    parts = urlsplit(url)
    words = re.findall(r"[\w.-]+", f"{parts.netloc} {parts.path} {parts.query}")
    return "-".join(words)[:LONGEST_NAME].strip(".-")


def checked(folder: str) -> str:
    """`folder` itself. Raises InputError when it is no plain name that every system takes."""
    if UNSAFE.search(folder) or len(folder) > LONGEST_NAME:
        raise InputError(tr("{name} cannot be a folder's name: choose a plain one", name=folder))
    return folder


def crawl_shelf(
    wanted: Sequence[Wanted],
    directory: Path,
    settings: CrawlSettings,
    progress: Callable[[str], Progress] = lambda folder: SILENT,
    timing: Timing | None = None,
    crawl: Crawl = crawl_book,
) -> list[Outcome]:
    """Crawl all books, each into a folder of `directory`; what became of them, in the order of the list.

    `progress` is asked for one Progress a book, and must stand being called by several threads.
    """
    timing = timing or Timing()
    paces = Paces(settings, timing)
    hosts: dict[str, list[Wanted]] = {}
    for book in wanted:
        hosts.setdefault(urlsplit(book.url).netloc, []).append(book)
    line: queue.SimpleQueue[list[Wanted]] = queue.SimpleQueue()
    for books in hosts.values():
        line.put(books)
    outcomes: dict[str, Outcome] = {}
    mishaps: list[BaseException] = []  # that no book is to blame for

    def work() -> None:
        try:
            while True:
                for book in line.get_nowait():
                    outcomes[book.folder] = attempt(
                        book,
                        directory,
                        lambda url, project, told: crawl(url, project, settings, told, timing, paces),
                        progress(book.folder),
                    )
        except (queue.Empty, asyncio.CancelledError):
            pass  # nothing left, or interrupted
        except BaseException as error:  # noqa: BLE001 - raised again where the caller is
            mishaps.append(error)

    run_side_by_side(work, min(len(hosts), HOSTS_AT_ONCE), paces)
    if mishaps:
        raise mishaps[0]
    return [outcomes[book.folder] for book in wanted]


def run_side_by_side(work: Callable[[], None], count: int, paces: Paces) -> None:
    """Run `work` in so many threads to its end; on Ctrl-C let them stop at their next request."""
    ended = threading.Semaphore(0)  # Thread.join believes, once interrupted, that the thread is over

    def run() -> None:
        try:
            work()
        finally:
            ended.release()

    for _ in range(count):
        threading.Thread(target=run, daemon=True).start()
    running = count
    try:
        while running:
            running -= ended.acquire(timeout=LOOK)
    except BaseException:
        paces.stop()
        for _ in range(running):
            ended.acquire(timeout=LAST_WORDS / running)
        raise


def attempt(
    wanted: Wanted, directory: Path, crawl: Callable[[str, Project, Progress], object], progress: Progress
) -> Outcome:
    """Crawl one book; an error of its own is part of the outcome."""
    project = Project(directory / wanted.folder)
    error: XuxieError | None = None
    try:
        crawl(wanted.url, project, progress)
    except XuxieError as why:
        error = why
    except OSError as why:
        error = EnvironmentFailure(explain_os_error(why))
    return replace(described(wanted, project), error=error)


def described(wanted: Wanted, project: Project) -> Outcome:
    """How much of a book is there."""
    book = Book(project.book)
    try:
        manifest = book.manifest()
    except XuxieError:  # none, or a damaged one: the crawl has said so
        return Outcome(wanted=wanted)
    return Outcome(
        wanted=wanted,
        title=manifest.title,
        fetched=manifest.count("fetched"),
        chapters=len(manifest.chapters),
    )


def worst(outcomes: Sequence[Outcome]) -> XuxieError | None:
    """The error with the lowest exit code: 1 environment, 2 input, 3 network, 4 incomplete."""
    errors = [outcome.error for outcome in outcomes if outcome.error]
    return min(errors, key=lambda error: error.exit_code, default=None)
