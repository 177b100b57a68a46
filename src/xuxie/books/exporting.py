"""A book leaves the project as one file: plain text, or an EPUB for a reading device.

    edition = export_book(Book(project.book), "epub", Path("雪夜.epub"))

Equal books give equal bytes; the file is whole or absent.
"""

import zipfile
from pathlib import Path
from typing import Literal, get_args

from xuxie.books.book import Book
from xuxie.books.edition import Edition, edition_of
from xuxie.books.epub_documents import documents
from xuxie.books.txt_layout import write_txt
from xuxie.errors import InputError
from xuxie.files import replacing, write_atomically
from xuxie.language import tr

Format = Literal["txt", "epub"]
FORMATS: tuple[Format, ...] = get_args(Format)
EPUB_TYPE = b"application/epub+zip"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # what a ZIP can say of a time; no clock may change the bytes
PLAIN_FILE = 0o644 << 16
UNIX = 3


def export_book(book: Book, form: Format, path: Path) -> Edition:
    """Write the chapters that are here, cleaned, to `path`; what was written is returned.

    Raises MissingStageError when there is no book or no chapter, InputError when `path` is a folder.
    """
    edition = edition_of(book)
    if path.is_dir():
        raise InputError(tr("{path} is a folder: give a file's name with -o", path=path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "txt":
        write_atomically(path, write_txt(edition))
    else:
        with replacing(path) as temporary:
            write_epub(edition, temporary)
    return edition


def write_epub(edition: Edition, path: Path) -> None:
    """Write an EPUB 3 with the bytes that the edition determines."""
    with zipfile.ZipFile(path, "w") as archive:
        add(archive, "mimetype", EPUB_TYPE, zipfile.ZIP_STORED)  # first and as it is, says the standard
        for name, text in documents(edition):
            add(archive, name, text.encode("utf-8"), zipfile.ZIP_DEFLATED)


def add(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    """Add an entry that says nothing of this machine."""
    entry = zipfile.ZipInfo(name, date_time=EARLIEST)
    entry.compress_type, entry.external_attr, entry.create_system = compression, PLAIN_FILE, UNIX
    archive.writestr(entry, content)
