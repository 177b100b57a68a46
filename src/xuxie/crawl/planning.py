"""What a crawl has before it and what it wants: a catalogue laid over what is on disk.

manifest = planned(book, source, catalogue, earlier(book, source))
prepare(book, manifest, earlier(book, source))
selected_files(manifest, "1-50")      # {"0001.txt", …}
"""

import re
from dataclasses import replace
from pathlib import Path

from xuxie.books.book import Book, Chapter, Manifest, accepted
from xuxie.crawl.catalogue import Catalogue
from xuxie.crawl.details import Details
from xuxie.crawl.merging import merge
from xuxie.errors import InputError
from xuxie.language import tr


def earlier(book: Book, source: str) -> Manifest | None:
    """The manifest of an earlier crawl. Raises InputError when the folder holds another book."""
    if not book.exists():
        return None
    manifest = book.manifest()
    if manifest.source != source:
        raise InputError(
            tr(
                "{path} already holds the book from {other}: choose another folder with -o",
                path=book.directory.parent,
                other=manifest.source,
            )
        )
    return manifest


def prepare(book: Book, manifest: Manifest, old: Manifest | None) -> None:
    """Write the manifest to fetch by, which was `planned`; only what it knows stays in raw/."""
    # A file that no manifest spoke of is left from another book: its number is about to be given anew.
    known = {chapter.file for chapter in old.chapters} if old else set()
    kept = known & {chapter.file for chapter in manifest.chapters}
    for path in (book.directory / "raw").glob("*.txt"):
        if path.name not in kept:
            path.unlink()
    book.write_manifest(manifest)


def planned(book: Book, source: str, catalogue: Catalogue, old: Manifest | None) -> Manifest:
    """The catalogue laid over the manifest of an earlier crawl; what its page no longer says stays.

    What lies in raw/ is fetched, all else pending.
    """
    known = [settled(book, chapter) for chapter in old.chapters] if old else []
    details = catalogue.details
    if old:
        before = Details(
            author=old.author, cover=old.cover, introduction=old.introduction, status=old.status
        )
        details = details.completed_by(before)
    return Manifest(
        title=details.title,
        author=details.author,
        source=source,
        cover=details.cover,
        introduction=details.introduction,
        status=details.status,
        chapters=merge(known, catalogue.entries),
    )


def settled(book: Book, chapter: Chapter) -> Chapter:
    """`chapter` in the state that its raw file proves."""
    content = read_if_there(book.raw_path(chapter))
    if content:
        return accepted(chapter, content)
    return replace(chapter, state="pending", sha256="", reason="", losses=0)


def read_if_there(path: Path) -> bytes:
    """A file's content, b"" when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def selected_files(manifest: Manifest, select: str) -> set[str] | None:
    """The files of the selected chapters, None for all. Raises InputError for a selection that is none."""
    if not select.strip():
        return None
    places: set[int] = set()
    for part in re.split(r"[,，、\s]+", select.strip(" ,，、")):
        match = re.fullmatch(r"(\d{1,6})?(?:([-~－—–])(\d{1,6})?)?", part)
        if match is None or not (match[1] or match[3]):
            raise InputError(
                tr('"{select}" selects no chapters: write places like 1-50 or 3,7,10-', select=select)
            )
        first = int(match[1] or 1)
        last = int(match[3] or len(manifest.chapters)) if match[2] else first
        places.update(range(first, min(last, len(manifest.chapters)) + 1))
    files = {chapter.file for at, chapter in enumerate(manifest.chapters, start=1) if at in places}
    if not files:
        raise InputError(
            tr(
                '"{select}" selects no chapters: the catalogue has {count}',
                select=select,
                count=len(manifest.chapters),
            )
        )
    return files
