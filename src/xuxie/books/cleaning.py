"""From book/raw to book/chapters: the one pass that takes away what is not the novel.

    report = clean_book(Book(project.book))    # learns, writes chapters/*.txt and cleaning.json

What the book's chapters have in common is learned (learning.py) and kept with the book; then each chapter
is cleaned by the rules of removal.py. Equal input gives equal bytes, and cleaning.json names every removed
line, so that a person can see that no prose went.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes
from xuxie.books.cleaning_rules import read_rules, write_rules
from xuxie.books.learning import learn
from xuxie.books.removal import RULES, Context, Known, clean, spaces
from xuxie.books.templates import Names
from xuxie.files import write_if_changed


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A text that a rule took away, and how often."""

    rule: str
    text: str
    count: int


@dataclass(frozen=True, kw_only=True)
class CleaningReport:
    """What cleaning took away, in a fixed order."""

    chapters: int
    removals: tuple[Removal, ...]

    def count(self, rule: str) -> int:
        """How often `rule` removed something."""
        return sum(removal.count for removal in self.removals if removal.rule == rule)


def clean_book(book: Book, *, relearn: bool = True, drop: Sequence[str] = ()) -> CleaningReport:
    """Write chapters/ and cleaning.json anew from raw/, and delete what no longer belongs there.

    With `relearn` the rules are learned anew; without, those kept with the book are applied, if there are
    any. `drop`: lines to drop, in which * stands for anything. Raises InputError for damaged rules.
    """
    manifest = book.manifest()
    chapters = [chapter for chapter in manifest.chapters if chapter.state == "fetched"]
    rules = None if relearn else read_rules(book)
    if rules is None:
        rules = learn(lambda: raw_chapters(book, chapters), names_of(manifest))
        write_rules(book, rules)
    known = Known(rules, drop)
    counts: Counter[tuple[str, str]] = Counter()
    for chapter in chapters:
        lines, removed = clean(
            book.raw(chapter), Context(title=chapter.title, volume=chapter.volume, known=known)
        )
        counts.update(removed)
        write_if_changed(book.clean_path(chapter), chapter_bytes(lines), flush=False)
    remove_strangers(book, chapters)
    order = {name: place for place, (name, _) in enumerate(RULES)}
    removals = [Removal(rule=rule, text=text, count=count) for (rule, text), count in counts.items()]
    removals.sort(key=lambda removal: (order[removal.rule], -removal.count, removal.text))
    report = CleaningReport(chapters=len(chapters), removals=tuple(removals))
    write_report(book, report)
    return report


def raw_chapters(book: Book, chapters: Sequence[Chapter]) -> Iterator[tuple[str, list[str]]]:
    """Titles and stripped lines of the chapters as extracted, one at a time."""
    for chapter in chapters:
        yield chapter.title, spaces(book.raw(chapter), Context())[0]


def names_of(manifest: Manifest) -> Names:
    """What the book's boilerplate may name."""
    _, is_address, rest = manifest.source.partition("://")
    host = re.split("[/:?#]", rest)[0] if is_address else ""
    return Names(book=manifest.title, author=manifest.author, host=host)


def remove_strangers(book: Book, chapters: list[Chapter]) -> None:
    """Delete the cleaned chapters that the manifest does not know (any more)."""
    known = {chapter.file for chapter in chapters}
    for path in (book.directory / "chapters").glob("*.txt"):
        if path.name not in known:
            path.unlink()


def write_report(book: Book, report: CleaningReport) -> None:
    """book/cleaning.json: for each rule, how much it removed, and every text with its count."""
    rules = {
        name: {
            "count": report.count(name),
            "removed": [
                {"text": removal.text, "count": removal.count}
                for removal in report.removals
                if removal.rule == name
            ],
        }
        for name, _ in RULES
        if name != "spaces"
    }
    content = {"version": 1, "chapters": report.chapters, "rules": rules}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_if_changed(book.directory / "cleaning.json", text)
