"""xuxie crawl: a novel's site becomes a book."""

from typing import Annotated

import typer

from xuxie.cli.console import AsJson, Output, Quiet, Terminal
from xuxie.cli.info import describe, summary
from xuxie.config import override
from xuxie.errors import IncompleteError
from xuxie.language import tr
from xuxie.project import Project

HELP = tr("Fetch a novel from its catalogue page; run again to go on or to fetch new chapters.")
EXAMPLE = "xuxie crawl https://example.com/book/1/ -o mybook"


def command(
    output: Output,
    url: Annotated[
        str | None, typer.Argument(help=tr("the catalogue page; may be left out when going on"))
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help=tr("connections to one host at a time (4)"))
    ] = None,
    timeout: Annotated[float | None, typer.Option(help=tr("seconds for one request (30)"))] = None,
    ignore_robots: Annotated[
        bool | None, typer.Option("--ignore-robots", help=tr("for your own site: do not ask robots.txt"))
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Crawl and print what is there."""
    from xuxie.crawl.crawler import crawl_book

    project = Project(output)
    settings = override(
        project.settings().crawl, concurrency=concurrency, timeout=timeout, ignore_robots=ignore_robots
    )
    terminal = Terminal(as_json, quiet)
    try:
        with terminal.progress() as progress:
            crawl_book(url, project, settings, progress)
    except IncompleteError:
        terminal.result(describe(project), summary(project))
        raise
    terminal.result(describe(project), summary(project))
