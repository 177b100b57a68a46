"""xuxie crawl --list: many books at once, each into a folder of its own."""

from pathlib import Path

from xuxie.cli.console import RichProgress, Terminal
from xuxie.config import CrawlSettings
from xuxie.language import tr
from xuxie.progress import SILENT


def crawl_list(path: Path, directory: Path, settings: CrawlSettings, terminal: Terminal) -> None:
    """Crawl the books of a list and print what became of each; the worst failure is raised at the end."""
    from xuxie.crawl.shelf import crawl_shelf, read_list, worst

    wanted = read_list(path)
    with terminal.progress() as shared:
        outcomes = crawl_shelf(
            wanted,
            directory,
            settings,
            lambda folder: RichProgress(shared.bar) if isinstance(shared, RichProgress) else SILENT,
        )
    rows = [
        {
            "project": str(directory / outcome.wanted.folder),
            "title": outcome.title,
            "fetched": outcome.fetched,
            "chapters": outcome.chapters,
            "error": str(outcome.error or ""),
        }
        for outcome in outcomes
    ]
    lines = ["{project}  {title}  {fetched}/{chapters}  {error}".format(**row).rstrip() for row in rows]
    terminal.result({"books": rows}, "\n".join(lines))
    if error := worst(outcomes):
        raise type(error)(tr("not all books are whole: {why}", why=error))
