"""xuxie write: a text is continued in the terminal, character by character."""

import sys
from typing import Annotated

import typer

from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing, text_argument
from xuxie.config import override
from xuxie.language import tr

HELP = tr("Continue a text in the book's own voice.")
EXAMPLE = 'xuxie write mybook "他推开门，" --length 100'


def command(
    book: Folder,
    text: Annotated[str, typer.Argument(help=tr("the text to continue; - reads it from stdin"))],
    length: Annotated[
        int | None, typer.Option(help=tr("characters; ends at the next sentence end (200)"))
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help=tr("0 is greedy, higher is freer (0.8)"))
    ] = None,
    top_k: Annotated[int | None, typer.Option(help=tr("the k likeliest only; 0 is all (0)"))] = None,
    top_p: Annotated[
        float | None, typer.Option(help=tr("the likeliest that make up this probability (0.9)"))
    ] = None,
    seed: Annotated[int | None, typer.Option(help=tr("the same seed gives the same text"))] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the continuation to stdout as it comes."""
    project = existing(book)
    settings = override(
        project.settings().write,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
    prompt = text_argument(text)
    with Terminal(as_json, quiet).progress() as progress:
        progress.start(tr("loading the model"))
        from xuxie.generation.writer import Writer, with_seed

        writer = Writer.load(project)
    settings = with_seed(settings)
    pieces = writer.write(prompt, settings)
    if as_json:
        Terminal(as_json).result({"text": "".join(pieces), "seed": settings.seed}, "")
        return
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
