"""xuxie serve: the page and the HTTP API."""

from typing import Annotated

import typer

from xuxie.cli.console import AsJson, DecoderPrecision, Folder, Quiet, Terminal, existing
from xuxie.config import override
from xuxie.language import tr

HELP = tr("Serve the writing page and the HTTP API, to this machine only unless told otherwise.")
EXAMPLE = "xuxie serve mybook --port 8000"


def command(
    book: Folder,
    host: Annotated[str | None, typer.Option(help=tr("the address to listen on (127.0.0.1)"))] = None,
    port: Annotated[int | None, typer.Option(help=tr("the port; 0 takes a free one (8000)"))] = None,
    precision: DecoderPrecision = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Serve until Ctrl-C."""
    import dataclasses

    project = existing(book)
    settings = project.settings()
    settings = dataclasses.replace(settings, serve=override(settings.serve, host=host, port=port))
    from xuxie.generation.writer import Writer
    from xuxie.server.app import create_app, serve

    def ready(address: str) -> None:
        text = tr("{title} is being continued at {address}  (Ctrl-C stops)", title=title, address=address)
        Terminal(as_json, quiet).result({"url": address}, text)

    writer = Writer.load(project, slots=max(4, settings.write.beams), precision=precision)
    title = writer.record.title
    serve(create_app(writer, settings), settings.serve, ready)
