"""Books become one text to learn from: corpus/text.txt, cleaned, no chapter twice.

    gatherer = Gatherer(directory, RULES)
    records = gatherer.gather(books)           # writes text.txt and cleaning.json
    for paragraphs in read_chapters(directory / TEXT): …

A paragraph is a line, an empty line ends a chapter. A chapter whose text stood in the corpus before, in
this book or another, is left empty, so that a chapter's place in the corpus is its place in the book.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from xuxie.books.book import Book
from xuxie.corpus.cleaning import Rule, clean
from xuxie.corpus.corpus import CLEANING, TEXT, BookRecord
from xuxie.errors import InputError
from xuxie.files import write_atomically
from xuxie.language import tr
from xuxie.progress import SILENT, Progress


def book_sha256(book: Book) -> str:
    """A name for the chapters of a book as they lie on disk."""
    hasher = hashlib.sha256()
    for paragraphs in chapters_of(book):
        hasher.update("\n".join(paragraphs).encode("utf-8") + b"\0")
    return hasher.hexdigest()


def chapters_of(book: Book) -> Iterator[list[str]]:
    """The paragraphs of each fetched chapter. Raises InputError when its file has gone."""
    for chapter in book.fetched():
        try:
            yield book.paragraphs(chapter)
        except (FileNotFoundError, UnicodeDecodeError):
            raise InputError(
                tr(
                    "{path} is missing or damaged: run  xuxie clean {project}",
                    path=book.clean_path(chapter),
                    project=book.directory.parent,
                )
            ) from None


class Gatherer:
    """Writes books into a corpus's text, one after another, and keeps count.

    characters: how often each stands in the text; removed: how often each (rule, text) was taken away
    """

    def __init__(self, directory: Path, rules: Sequence[tuple[str, Rule]]) -> None:
        self.directory, self.rules = directory, rules
        self.characters: Counter[str] = Counter()
        self.removed: Counter[tuple[str, str]] = Counter()
        self._seen: set[bytes] = set()

    def gather(self, books: Sequence[Book], progress: Progress = SILENT) -> tuple[BookRecord, ...]:
        """Write text.txt and cleaning.json."""
        progress.start(tr("reading"), sum(len(book.fetched()) for book in books))
        with (self.directory / TEXT).open("w", encoding="utf-8", newline="\n") as file:
            records = tuple(self.add(book, file, progress) for book in books)
        write_atomically(
            self.directory / CLEANING, json.dumps(self.report(), ensure_ascii=False, indent=1) + "\n"
        )
        return records

    def add(self, book: Book, file: TextIO, progress: Progress) -> BookRecord:
        """Write one book's chapters."""
        chapters = repeated = written = 0
        before = self.characters.total()
        for chapter in chapters_of(book):
            paragraphs, removed = clean(chapter, self.rules)
            self.removed += removed
            if paragraphs and self.is_known(paragraphs):
                paragraphs, repeated = [], repeated + 1
            file.writelines(f"{paragraph}\n" for paragraph in [*paragraphs, ""])
            for paragraph in paragraphs:
                self.characters.update(paragraph)
            chapters, written = chapters + 1, written + len(paragraphs)
            progress.advance()
        return BookRecord(
            title=book.manifest().title,
            sha256=book_sha256(book),
            chapters=chapters,
            repeated=repeated,
            paragraphs=written,
            characters=self.characters.total() - before,
        )

    def is_known(self, paragraphs: Sequence[str]) -> bool:
        """Whether this text was there before; from now on it was."""
        digest = hashlib.sha256("\n".join(paragraphs).encode("utf-8")).digest()
        known = digest in self._seen
        self._seen.add(digest)
        return known

    def count(self, rule: str) -> int:
        """How often a rule took something away."""
        return sum(count for (name, _), count in self.removed.items() if name == rule)

    def report(self) -> dict[str, Any]:
        """For each rule, how much it took away, and every text with its count."""
        removed = sorted(self.removed.items(), key=lambda item: (-item[1], item[0]))
        return {
            rule: {
                "count": self.count(rule),
                "removed": [{"text": text, "count": n} for (name, text), n in removed if name == rule],
            }
            for rule, _ in self.rules
        }


def read_chapters(path: Path) -> Iterator[list[str]]:
    """The paragraphs of each chapter of a text."""
    paragraphs: list[str] = []
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            if line == "\n":
                yield paragraphs
                paragraphs = []
            else:
                paragraphs.append(line[:-1])
