"""xuxie eval: what a model is worth, on books and in what it writes."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xuxie.cli.console import AsJson, Quiet, Terminal, existing
from xuxie.language import tr

if TYPE_CHECKING:
    from xuxie.evaluation.measuring import Evaluation

HELP = tr("Measure a model on the test parts of books, and what it writes beside what was written.")
EXAMPLE = "xuxie eval mybook another"


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help=tr("the folder of the model's project"))],
    books: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BOOK]...", help=tr("the folders of books (the model's own by default)")),
    ] = None,
    passages: Annotated[
        int, typer.Option(min=0, max=1000, help=tr("how many passages to write and compare; 0: none"))
    ] = 8,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure and print the figures."""
    project = existing(model)
    projects = [existing(folder) for folder in books or [model]]
    terminal = Terminal(as_json, quiet)
    with terminal.progress() as progress:
        from xuxie.evaluation.measuring import evaluate_model

        evaluation = evaluate_model(project, projects, passages=passages, progress=progress)
    terminal.result(dataclasses.asdict(evaluation), table(evaluation))


def table(evaluation: "Evaluation") -> str:
    """The figures for a person."""
    rows: list[tuple[str, ...]] = [
        (
            *(tr("book"), tr("characters"), tr("bits per character"), "95%", tr("perplexity")),
            *(tr("next right"), "ECE", "[UNK]"),
        )
    ]
    for book in evaluation.books:
        interval = "{:.3f}–{:.3f}".format(*book.interval) if book.interval else "–"
        rows.append(
            (
                book.title if book.trained_on else tr("{title} (not trained on)", title=book.title),
                f"{book.characters:,}",
                f"{book.bits_per_character:.3f}",
                interval,
                f"{book.perplexity:.1f}",
                f"{book.accuracy:.1%}",
                f"{book.calibration_error:.3f}",
                str(book.unknown),
            )
        )
    if evaluation.written and evaluation.real:
        names = (tr("passages"), tr("characters"), *(f"distinct-{n}" for n in evaluation.real.distinct))
        rows += [(), (*names, tr("repetition"), tr("longest copy"))]
        for name, text in ((tr("written"), evaluation.written), (tr("the book's"), evaluation.real)):
            figures = (*text.distinct.values(), text.repetition)
            copy = "–" if text.longest_copy is None else str(text.longest_copy)
            rows.append((name, f"{text.characters:,}", *(f"{figure:.3f}" for figure in figures), copy))
    return "\n".join(lay_out(rows))


def lay_out(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns two spaces apart, by the width that characters have in a terminal."""
    from rich.cells import cell_len

    columns = max(map(len, rows))
    widths = [max(cell_len(row[i]) for row in rows if i < len(row)) for i in range(columns)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=False)
        ).rstrip()
        for row in rows
    ]
