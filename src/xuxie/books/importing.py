"""A TXT or EPUB file becomes the book of a project.

    manifest = import_file(Path("老残游记.txt"), Project("mybook"))

What the file is, its content says, not its name. Running it again changes nothing; with a changed file
it updates what changed. The manifest is written between the new files and the removal of the old ones,
so an import that was killed is put right by running it again.
"""

import zipfile
from dataclasses import replace
from pathlib import Path

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, digest, file_name
from xuxie.books.cleaning import clean_book
from xuxie.books.decoding import decode
from xuxie.books.epub import read_epub
from xuxie.books.sections import ImportedBook
from xuxie.books.txt import parse_txt
from xuxie.errors import InputError
from xuxie.files import exclusive, remove_leftovers, write_if_changed
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project

MAX_TXT_BYTES = 256 * 2**20
MAX_EPUB_BYTES = 512 * 2**20
ZIP_MAGIC = b"PK\x03\x04"
PREAMBLE = "preamble.txt"
OTHER_TYPES = {
    b"%PDF-": "PDF",
    b"\xd0\xcf\x11\xe0": "DOC",
    b"{\\rtf": "RTF",
    b"ITSF": "CHM",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "GZIP",
}
LOST = "\ufffd".encode()
MOBI_MAGIC, MOBI_PLACE = b"BOOKMOBI", 60


def import_file(path: Path, project: Project, progress: Progress = SILENT) -> Manifest:
    """Make the file at `path` the book of `project`.

    Raises InputError when the file cannot be used or the folder holds another book, EnvironmentFailure
    when another process works in the folder.
    """
    imported = read_book(path)
    with exclusive(project.directory):
        remove_leftovers(project.book)
        book = Book(project.book)
        refuse_another(book, path.name)
        progress.start(tr("importing {name}", name=path.name), len(imported.chapters))
        tell_losses(imported, path, progress)
        manifest = write_book(book, imported, path.name, progress)
        clean_book(book)
    return manifest


def read_book(path: Path) -> ImportedBook:
    """The book in a file, by what the file's first bytes say. Raises InputError."""
    if path.is_dir():
        raise InputError(tr("{path} is a folder: give a TXT or EPUB file", path=path))
    if not path.is_file():
        raise InputError(tr("{path} does not exist: check the file's name", path=path))
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(MOBI_PLACE + len(MOBI_MAGIC))
    if not head:
        raise InputError(tr("{path} is empty", path=path))
    if head.startswith(ZIP_MAGIC):
        refuse_larger(path, size, MAX_EPUB_BYTES)
        refuse_office(path)
        return read_epub(path)
    if kind := unsupported(head):
        raise InputError(convert_hint(path, kind))
    refuse_larger(path, size, MAX_TXT_BYTES)
    try:
        decoded = decode(path.read_bytes())
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return replace(parse_txt(decoded.text, path.name), losses=decoded.losses)


def tell_losses(imported: ImportedBook, path: Path, progress: Progress) -> None:
    """Say so when a part of the file could not be read."""
    if imported.losses:
        progress.say(
            tr(
                "{losses} bytes of {path} could not be read: they stand as \ufffd in the text",
                losses=imported.losses,
                path=path,
            )
        )


def unsupported(head: bytes) -> str:
    """The name of a known file type that is neither text nor EPUB, or nothing."""
    if head[MOBI_PLACE:] == MOBI_MAGIC:
        return "MOBI"
    return next((kind for magic, kind in OTHER_TYPES.items() if head.startswith(magic)), "")


def refuse_office(path: Path) -> None:
    """Raises InputError for a DOCX, which is a ZIP as well; what else is wrong, read_epub says."""
    try:
        with zipfile.ZipFile(path) as archive:
            is_docx = "word/document.xml" in archive.NameToInfo
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return
    if is_docx:
        raise InputError(convert_hint(path, "DOCX"))


def convert_hint(path: Path, kind: str) -> str:
    """The message for a file of another type."""
    return tr("{path} is a {kind} file: convert it to EPUB or TXT, e.g. with Calibre", path=path, kind=kind)


def refuse_larger(path: Path, size: int, limit: int) -> None:
    """Raises InputError when a file is larger than `limit` bytes."""
    if size > limit:
        raise InputError(
            tr("{path} is larger than {limit} MiB: split it into parts", path=path, limit=limit // 2**20)
        )


def refuse_another(book: Book, source: str) -> None:
    """Raises InputError when the folder holds a book that came from elsewhere."""
    if book.exists() and (other := book.manifest().source) != source:
        raise InputError(
            tr(
                "{path} already holds the book from {other}: choose another folder with -o",
                path=book.directory.parent,
                other=other,
            )
        )


def write_book(book: Book, imported: ImportedBook, source: str, progress: Progress) -> Manifest:
    """Write raw/ and the manifest, then delete the raw files that no longer belong."""
    chapters = []
    for number, chapter in enumerate(imported.chapters, start=1):
        content = chapter_bytes(chapter.paragraphs)
        record = Chapter(
            title=chapter.title,
            file=file_name(number),
            state="fetched",
            volume=chapter.volume,
            sha256=digest(content),
            losses=content.count(LOST) if imported.losses else 0,
        )
        write_if_changed(book.raw_path(record), content)
        chapters.append(record)
        progress.advance()
    raw = book.directory / "raw"
    files = {chapter.file for chapter in chapters}
    if imported.preamble:
        write_if_changed(raw / PREAMBLE, chapter_bytes(imported.preamble))
        files.add(PREAMBLE)
    manifest = Manifest(
        title=imported.title, author=imported.author, source=source, chapters=tuple(chapters)
    )
    if not book.exists() or book.manifest() != manifest:
        book.write_manifest(manifest)
    for path in raw.glob("*.txt"):
        if path.name not in files:
            path.unlink()
    return manifest
