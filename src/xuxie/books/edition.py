"""A book made ready to leave the project: what its files say, cleaned of what no other program may see.

    edition = edition_of(Book(project.book))
    edition.parts[0].volume, edition.parts[0].chapters[0].title

Control characters are gone, and a line is one line for every program. txt_export.py and epub_export.py
write an edition; nothing in it depends on the clock, so equal books give equal files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from xuxie.books.book import Book
from xuxie.errors import MissingStageError
from xuxie.language import tr

# What XML 1.0 forbids, what breaks a line somewhere, and what no text needs.
BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
NAMELESS = "（无题）"


@dataclass(frozen=True, kw_only=True)
class EditionChapter:
    """A chapter: a title on one line, and paragraphs that are not empty."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Chapters in a row that lie in one volume; `volume` is empty for those that lie in none."""

    volume: str
    chapters: tuple[EditionChapter, ...]


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A whole book. `source`: its address on the web, if it has one; `missing`: chapters not here."""

    title: str
    author: str
    introduction: tuple[str, ...]
    source: str
    parts: tuple[Part, ...]
    missing: int = 0

    @property
    def chapters(self) -> list[EditionChapter]:
        """All chapters in reading order."""
        return [chapter for part in self.parts for chapter in part.chapters]


def edition_of(book: Book) -> Edition:
    """The cleaned chapters that are here. Raises MissingStageError when there are none."""
    manifest = book.manifest()
    here = book.fetched()
    if not here:
        raise MissingStageError(
            tr("no chapter of {path} has been fetched: run xuxie crawl again", path=book.directory.parent)
        )
    parts = [
        Part(
            volume=volume,
            chapters=tuple(
                EditionChapter(title=name(chapter.title), paragraphs=lines(book.paragraphs(chapter)))
                for chapter in chapters
            ),
        )
        for volume, chapters in groupby(here, key=lambda chapter: one_line(chapter.volume))
    ]
    return Edition(
        title=name(manifest.title),
        author=one_line(manifest.author),
        introduction=lines(manifest.introduction.split("\n")),
        source=manifest.source if "://" in manifest.source else "",
        parts=tuple(parts),
        missing=len(manifest.chapters) - len(here),
    )


def one_line(text: str) -> str:
    """`text` on one line, without control characters."""
    return FORBIDDEN.sub("", BREAKS.sub(" ", text)).strip()


def name(text: str) -> str:
    """A title on one line; one that nobody could see has a stand-in."""
    title = one_line(text)
    return title if any(letter.isprintable() and not letter.isspace() for letter in title) else NAMELESS


def lines(texts: Sequence[str]) -> tuple[str, ...]:
    """Those of `texts` that are not empty, each on one line."""
    return tuple(line for text in texts if (line := one_line(text)))
