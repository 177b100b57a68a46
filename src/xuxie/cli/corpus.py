"""xuxie corpus: books become token ids."""

from pathlib import Path
from typing import Annotated

import typer

from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing
from xuxie.config import override
from xuxie.language import tr

HELP = tr("Encode a book, or several, for training; the corpus lies in the first one's folder.")
EXAMPLE = "xuxie corpus mybook another"


def command(
    book: Folder,
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[MORE]...", help=tr("other books to learn from"))
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="char|MODEL", help=tr("one token per character, or a pretrained model's")),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Encode and print the counts."""
    from xuxie.corpus.build import build_corpus

    projects = [existing(folder) for folder in [book, *(more or [])]]
    settings = override(projects[0].settings().corpus, tokenizer=tokenizer)
    terminal = Terminal(as_json, quiet)
    with terminal.progress() as progress:
        record = build_corpus(projects, settings, progress)
    counts = {
        "books": len(record.books),
        "chapters": sum(b.chapters for b in record.books),
        "characters": record.characters,
        "tokens": record.tokens,
        "unknown": record.unknown,
    }
    text = tr("{chapters} chapters, {characters} characters, {tokens} tokens ({unknown} unknown)", **counts)
    terminal.result(counts, text)
