"""xuxie clean: the chapters are cleaned again from what was extracted, without the network."""

from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing
from xuxie.cli.info import describe, summary
from xuxie.files import exclusive
from xuxie.language import tr

HELP = tr("Clean the chapters again from what was extracted; book/cleaning.json says what was removed.")
EXAMPLE = "xuxie clean mybook"


def command(book: Folder, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Clean and print what is there."""
    from xuxie.books.book import Book
    from xuxie.books.cleaning import clean_book
    from xuxie.crawl.rules import kept_rules

    project = existing(book)
    rules = kept_rules(project)
    with exclusive(project.directory):
        clean_book(Book(project.book), drop=rules.chapter.drop if rules else ())
    Terminal(as_json, quiet).result(describe(project), summary(project))
