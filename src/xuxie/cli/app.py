"""The `xuxie` application: its commands in the order of the way from site to reader."""

import importlib.metadata
from typing import Annotated

import typer

from xuxie.cli import (
    clean,
    corpus,
    crawl,
    demo,
    doctor,
    eval_,
    export,
    import_,
    info,
    mask,
    serve,
    train,
    write,
)
from xuxie.language import tr

app = typer.Typer(
    help=tr("xuxie 续写 turns a novel into a model that continues it, on your own machine."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

for command in (
    demo,
    crawl,
    import_,
    clean,
    export,
    corpus,
    train,
    eval_,
    write,
    serve,
    mask,
    info,
    doctor,
):
    name = command.__name__.rpartition(".")[2].rstrip("_")
    app.command(name, help=command.HELP, epilog=tr("Example:") + "  " + command.EXAMPLE)(command.command)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        print(importlib.metadata.version("xuxie"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help=tr("print the version"), callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Options of xuxie itself."""
