"""What commands share: options, the progress bar on stderr, the result on stdout.

terminal = Terminal(json, quiet)
with terminal.progress() as progress:
    manifest = crawl_book(url, project, settings, progress)
terminal.result({"chapters": 20}, "20 chapters")
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from xuxie.errors import InputError
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project

Folder = Annotated[Path, typer.Argument(metavar="BOOK", help=tr("the project's folder, such as mybook"))]
Output = Annotated[Path, typer.Option("--output", "-o", help=tr("the project's folder, made if missing"))]
AsJson = Annotated[bool, typer.Option("--json", help=tr("print the result as JSON"))]
DecoderPrecision = Annotated[
    Literal["int8", "int4", "bf16", "fp32"] | None,
    typer.Option("--precision", help=tr("of the model's numbers; int4 is faster with large models (int8)")),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=tr("no progress on stderr"))]


class Terminal:
    """Where a command prints: progress to stderr, the result to stdout."""

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json, self.quiet = as_json, quiet

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show progress while a stage runs, unless quiet."""
        if self.quiet:
            yield SILENT
            return
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        )
        bar = Bar(*columns, console=console)
        try:
            yield RichProgress(bar)
        finally:
            if bar.tasks:  # a bar that never began would leave an empty line
                bar.stop()

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """Print the result: JSON for programs, else text for a person."""
        print(json.dumps(data, ensure_ascii=False) if self.as_json else text)


class RichProgress(Progress):
    """A Progress drawn by rich."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.task: TaskID | None = None

    def start(self, what: str, total: float | None = None) -> None:
        """A bar of its own."""
        self.bar.start()
        self.task = self.bar.add_task(escape(what), total=total, note="")

    def advance(self, amount: float = 1, note: str = "") -> None:
        """Draw the bar on."""
        if self.task is not None:
            self.bar.update(self.task, advance=amount, note=escape(note))

    def say(self, line: str) -> None:
        """A line above the bars."""
        self.bar.console.print(escape(line))


class RateColumn(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """What rich shows."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="dim")


def existing(folder: Path) -> Project:
    """The project in a folder. Raises InputError when there is no such folder."""
    if not folder.is_dir():
        raise InputError(
            tr("there is no folder {path}: make a book with xuxie crawl or xuxie import", path=folder)
        )
    return Project(folder)


def text_argument(text: str) -> str:
    """A text from the command line, or from stdin when it is "-". Raises InputError when not UTF-8."""
    try:
        given = sys.stdin.buffer.read().decode("utf-8") if text == "-" else text
        given.encode("utf-8")
    except UnicodeError:
        raise InputError(tr("the text is not UTF-8")) from None
    return given
