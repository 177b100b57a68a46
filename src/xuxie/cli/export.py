"""xuxie export: a book becomes a TXT or EPUB file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from xuxie.books.exporting import Format
from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing
from xuxie.language import tr

HELP = tr("Write the cleaned chapters to one TXT or EPUB file, for reading elsewhere.")
EXAMPLE = "xuxie export mybook --to epub"


def command(
    book: Folder,
    to: Annotated[Format, typer.Option("--to", help=tr("the kind of file"))],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=tr("the file (mybook/mybook.epub)"))
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Export and print where the file is."""
    from xuxie.books.book import Book
    from xuxie.books.exporting import export_book

    project = existing(book)
    path = output or project.directory / f"{project.directory.resolve().name}.{to}"
    edition = export_book(Book(project.book), to, path)
    if edition.missing:
        print(tr("{missing} chapters are missing in it", missing=edition.missing), file=sys.stderr)
    data = {"file": str(path), "chapters": len(edition.chapters), "missing": edition.missing}
    text = tr("{path}: {chapters} chapters", path=path, chapters=len(edition.chapters))
    Terminal(as_json, quiet).result(data, text)
