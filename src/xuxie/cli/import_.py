"""xuxie import: a TXT or EPUB file becomes a book."""

from pathlib import Path
from typing import Annotated

import typer

from xuxie.cli.console import AsJson, Output, Quiet, Terminal
from xuxie.cli.info import describe, summary
from xuxie.language import tr
from xuxie.project import Project

HELP = tr("Make a book from a TXT or EPUB file; the encoding and the chapters are found.")
EXAMPLE = "xuxie import novel.txt -o mybook"


def command(
    file: Annotated[Path, typer.Argument(help=tr("the file"))],
    output: Output,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Import and print what is there."""
    from xuxie.books.importing import import_file

    project = Project(output)
    project.settings()  # a broken xuxie.toml is told now, not two stages later
    terminal = Terminal(as_json, quiet)
    with terminal.progress() as progress:
        import_file(file, project, progress)
    terminal.result(describe(project), summary(project))
