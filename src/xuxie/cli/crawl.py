"""xuxie crawl: a novel's site becomes a book."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xuxie.cli.console import AsJson, Output, Quiet, Terminal
from xuxie.cli.info import describe, summary
from xuxie.cli.shelf import crawl_list
from xuxie.config import CrawlSettings, override
from xuxie.errors import IncompleteError, InputError
from xuxie.language import tr
from xuxie.project import Project

if TYPE_CHECKING:
    from xuxie.crawl.crawler import Wishes

HELP = tr("Fetch a novel from its catalogue page; run again to go on or to fetch new chapters.")
EXAMPLE = "xuxie crawl https://example.com/book/1/ -o mybook"


def command(
    output: Output,
    url: Annotated[
        str | None, typer.Argument(help=tr("the catalogue page; may be left out when going on"))
    ] = None,
    books: Annotated[
        Path | None,
        typer.Option("--list", help=tr("a list of books, an address a line; -o holds them all")),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=tr("only show what would be fetched; write nothing"))
    ] = False,
    select: Annotated[
        str, typer.Option(help=tr("only these places in the catalogue, such as 1-50 or 3,7,10-"))
    ] = "",
    update: Annotated[
        bool,
        typer.Option(
            "--update", help=tr("fetch what is new or failed; keep the cleaning rules learned before")
        ),
    ] = False,
    rules: Annotated[
        Path | None, typer.Option(help=tr("a file of site rules; kept in the project's folder"))
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help=tr("connections to one host at a time (4)"))
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help=tr("requests to one host in a second, at most"))
    ] = None,
    timeout: Annotated[float | None, typer.Option(help=tr("seconds for one request (30)"))] = None,
    ignore_robots: Annotated[
        bool | None, typer.Option("--ignore-robots", help=tr("for your own site: do not ask robots.txt"))
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Crawl and print what is there."""
    from xuxie.crawl.crawler import Wishes, crawl_book

    project = Project(output)
    settings = override(
        project.settings().crawl,
        concurrency=concurrency,
        rate=rate,
        timeout=timeout,
        ignore_robots=ignore_robots,
    )
    wishes = Wishes(select=select, update=update, rules=rules)
    terminal = Terminal(as_json, quiet)
    if books:
        if url or dry_run or wishes != Wishes():
            raise InputError(tr("--list goes with no address, no --dry-run, --select, --update or --rules"))
        crawl_list(books, output, settings, terminal)
        return
    if dry_run:
        show_plan(url, project, settings, wishes, terminal)
        return
    try:
        with terminal.progress() as progress:
            crawl_book(url, project, settings, progress, wishes=wishes)
    except IncompleteError:
        terminal.result(describe(project), summary(project))
        raise
    terminal.result(describe(project), summary(project))


def show_plan(
    url: str | None, project: Project, settings: CrawlSettings, wishes: "Wishes", terminal: Terminal
) -> None:
    """Print the catalogue, and which of its chapters would be fetched."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from xuxie.crawl.crawler import plan_book

    manifest, wanted = plan_book(url, project, settings, wishes=wishes)
    rows: list[dict[str, Any]] = [
        {
            "place": place,
            "volume": chapter.volume,
            "title": chapter.title,
            "url": chapter.url,
            "state": chapter.state,
            "fetch": chapter.file in wanted,
        }
        for place, chapter in enumerate(manifest.chapters, start=1)
    ]
    said = tr("{count} of {total} chapters would be fetched", count=len(wanted), total=len(rows))
    if terminal.as_json:
        terminal.result({"title": manifest.title, "author": manifest.author, "chapters": rows}, said)
        return
    table = Table(title=Text(manifest.title), box=None)
    for name in ("#", tr("volume"), tr("title"), tr("address"), tr("fetch")):
        table.add_column(name, overflow="fold")
    for row in rows:
        cells = (str(row["place"]), row["volume"], row["title"], row["url"], "✓" if row["fetch"] else "")
        table.add_row(*map(Text, cells))
    console = Console(highlight=False)
    console.print(table)
    console.print(Text(said))
