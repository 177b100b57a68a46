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
from typing import Any, NamedTuple, cast

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes
from xuxie.books.cleaning_rules import read_rules, write_rules
from xuxie.books.learning import learn, telling_lines
from xuxie.books.removal import RULES, Context, Known, clean, spaces
from xuxie.books.templates import Names
from xuxie.files import write_if_changed

MAX_KEPT = 200_000  # characters of early chapters' lines in memory; more is read again from the disk
LESSONS = (32, 256)  # chapters that have come early when they teach


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
    return Cleaner(book, names_of(manifest), relearn=relearn, drop=drop).finish(manifest)


class Draft(NamedTuple):
    """What is remembered of a chapter that was cleaned early; equal ones are kept once."""

    telling: tuple[str, ...] | None  # its lines for learning; None where these are too many to keep
    known: Known
    removed: tuple[tuple[str, str], ...]


class Cleaner:
    """Cleans a book; chapters may come one by one before the end, while others are still on their way.

    An early chapter is cleaned by what the ones before it taught. In the end all teach, in reading order,
    and what was cleaned otherwise is cleaned again: the result is the same whatever came early.
    """

    def __init__(self, book: Book, names: Names, *, relearn: bool = True, drop: Sequence[str] = ()) -> None:
        """Raises InputError for damaged rules."""
        self.book = book
        self.names = names
        self.drop = drop
        self.rules = None if relearn else read_rules(book)  # None: to be learned
        self.known = Known(self.rules, drop)
        self.drafts: dict[str, Draft] = {}  # by file
        self.titles: dict[str, str] = {}
        self.same: dict[Any, Any] = {}  # what equals what
        self.room = MAX_KEPT

    def draft(self, chapter: Chapter, paragraphs: list[str]) -> bytes:
        """The content of a fetched chapter's clean file as far as one can tell now; it must be written."""
        lines, _ = spaces(paragraphs, Context())
        telling = self.kept(telling_lines(lines)) if self.rules is None else None
        lines, removed = self.cleaned(chapter, lines)
        draft = Draft(telling, self.known, tuple(self.same.setdefault(pair, pair) for pair in removed))
        self.drafts[chapter.file] = self.same.setdefault(draft, draft)
        self.titles[chapter.file] = chapter.title
        if self.rules is None and len(self.drafts) in LESSONS:
            rules = learn(self.early, self.names)
            self.known = self.unless_same(Known(rules, self.drop))
        return chapter_bytes(lines)

    def kept(self, lines: list[str]) -> tuple[str, ...] | None:
        """`lines` to keep in memory, unless too many different ones are there."""
        telling = tuple(lines)
        if telling in self.same:
            return cast(tuple[str, ...], self.same[telling])
        telling = tuple(self.same.setdefault(line, line) for line in telling)
        self.room -= sum(map(len, telling))
        return self.same.setdefault(telling, telling) if self.room >= 0 else None

    def early(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Titles and telling lines of the chapters that came early."""
        for file, draft in self.drafts.items():
            if draft.telling is not None:
                yield self.titles[file], draft.telling

    def unless_same(self, known: Known) -> Known:
        """`known`, or what is known already where that says the same."""
        return self.known if known.same_as(self.known) else known

    def cleaned(self, chapter: Chapter, lines: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
        """A chapter's lines, whose spaces are tidy, by what is known, and what was removed."""
        return clean(
            lines, Context(title=chapter.title, volume=chapter.volume, known=self.known), RULES[1:]
        )

    def finish(self, manifest: Manifest) -> CleaningReport:
        """Learn from all fetched chapters of the book, and write what is not written yet."""
        chapters = [chapter for chapter in manifest.chapters if chapter.state == "fetched"]
        if self.rules is None:
            self.rules = learn(lambda: map(self.telling, chapters), self.names)
            write_rules(self.book, self.rules)
        self.known = self.unless_same(Known(self.rules, self.drop))
        counts: Counter[tuple[str, str]] = Counter()
        for chapter in chapters:
            draft = self.drafts.get(chapter.file)
            if draft and draft.known is self.known:
                counts.update(draft.removed)
                continue
            lines, removed = self.cleaned(chapter, spaces(self.book.raw(chapter), Context())[0])
            counts.update(removed)
            write_if_changed(self.book.clean_path(chapter), chapter_bytes(lines), flush=False)
        remove_strangers(self.book, chapters)
        report = report_of(len(chapters), counts)
        write_report(self.book, report)
        return report

    def telling(self, chapter: Chapter) -> tuple[str, Sequence[str]]:
        """A chapter's title, and its lines as far as learning looks at them."""
        draft = self.drafts.get(chapter.file)
        if draft and draft.telling is not None:
            return chapter.title, draft.telling
        return chapter.title, telling_lines(spaces(self.book.raw(chapter), Context())[0])


def report_of(chapters: int, counts: Counter[tuple[str, str]]) -> CleaningReport:
    """What was removed, in a fixed order."""
    order = {name: place for place, (name, _) in enumerate(RULES)}
    removals = [Removal(rule=rule, text=text, count=count) for (rule, text), count in counts.items()]
    removals.sort(key=lambda removal: (order[removal.rule], -removal.count, removal.text))
    return CleaningReport(chapters=chapters, removals=tuple(removals))


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
