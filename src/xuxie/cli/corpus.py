"""xuxie corpus: books become token ids."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from xuxie.cli.console import AsJson, Quiet, Terminal, existing
from xuxie.config import override
from xuxie.corpus.corpus import CorpusRecord
from xuxie.language import tr

HELP = tr("Encode a book, or several, for training; the corpus lies in the first one's folder.")
EXAMPLE = "xuxie corpus mybook:2 another"
SHOWN = 30  # of the characters that were added


def command(
    books: Annotated[
        list[str],
        typer.Argument(
            metavar="BOOK[:WEIGHT]...",
            help=tr("the projects' folders; mybook:2 is read twice where others are read once"),
        ),
    ],
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="char|MODEL", help=tr("one token per character, or a pretrained model's")),
    ] = None,
    simplify: Annotated[
        bool | None, typer.Option("--simplify", help=tr("make traditional characters simplified"))
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Encode and print the counts."""
    from xuxie.corpus.build import build_corpus

    named = [with_weight(book) for book in books]
    projects = [existing(folder) for folder, _ in named]
    settings = override(projects[0].settings().corpus, tokenizer=tokenizer, simplify=simplify)
    terminal = Terminal(as_json, quiet)
    with terminal.progress() as progress:
        record = build_corpus(projects, settings, progress, weights=[weight for _, weight in named])
    terminal.result(counts(record), summary(record))


def with_weight(book: str) -> tuple[Path, float]:
    """The folder and the weight of `mybook:2`; 1 where none is given."""
    folder, colon, weight = book.rpartition(":")
    if not (colon and re.fullmatch(r"[0-9]+(\.[0-9]+)?", weight)) or Path(book).exists():
        return Path(book), 1.0
    return Path(folder), float(weight)


def counts(record: CorpusRecord) -> dict[str, Any]:
    """What the command prints as JSON."""
    return {
        "books": len(record.books),
        "chapters": sum(book.chapters for book in record.books),
        "repeated": sum(book.repeated for book in record.books),
        "characters": record.characters,
        "tokens": record.tokens,
        "unknown": record.unknown,
        "unknown_rate": record.unknown / max(1, record.tokens),
        "added": len(record.added),
        "removed": record.removed,
    }


def summary(record: CorpusRecord) -> str:
    """The same for a person."""
    found = counts(record)
    lines = [tr("{chapters} chapters, {characters} characters, {tokens} tokens", **found)]
    if removed := ", ".join(f"{rule} {n}" for rule, n in record.removed.items() if n):
        lines.append(tr("removed by the rules (corpus/cleaning.json): {removed}", removed=removed))
    if found["repeated"]:
        lines.append(tr("{n} chapters left out whose text stands in another", n=found["repeated"]))
    if record.added:
        shown = "".join(sorted(record.added, key=record.added.__getitem__, reverse=True)[:SHOWN])
        lines.append(
            tr(
                "added to the vocabulary: {n} characters, {share} of the text: {shown}",
                n=len(record.added),
                share=f"{sum(record.added.values()) / max(1, record.characters):.3%}",
                shown=shown,
            )
        )
    lines.append(
        tr(
            "[UNK]: {unknown} of the tokens, {rate}",
            rate=f"{found['unknown_rate']:.4%}",
            unknown=record.unknown,
        )
    )
    return "\n".join(lines)
