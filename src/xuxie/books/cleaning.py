"""From book/raw to book/chapters: the one pass that takes away what is not the novel.

    report = clean_book(Book(project.book))    # writes chapters/*.txt and cleaning.json

Each rule is a pure function of a chapter's lines and of what the whole book tells (`Context`), and
returns the lines with what it removed; RULES lists them in order. Equal input gives equal bytes, and
cleaning.json names every removed line, so that a person can see that no prose went.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xuxie.books.adverts import address_in, advert_tail, is_advert, site_words
from xuxie.books.book import Book, Chapter, chapter_bytes
from xuxie.books.headings import fold, recognise
from xuxie.files import write_if_changed

INVISIBLE = str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u2060\u00ad")
EDGE = " \t\u3000\u00a0\r\f\v"
END_MARK = re.compile(
    r"[（(【\[]\s*(?:本章|本回|本卷|全书|全書|全文|本书)?\s*(?:已?完|终|終|未完待续|待续|未完待續|完结)\s*[）)】\]]\s*[。.]?$"
    r"|^(?:本章完|全书完|全書完|全文完|未完待续|本章未完)[。.…]*$"
    r"|[（(]?\s*本章未完[，,\s]*[请請]?(?:点击|點擊)下一[页頁](?:继续|繼續)(?:阅读|閱讀)[。.]?\s*[)）]?$"
)
DIALOGUE = re.compile(r"^[“「『‘\"—-]|[“”「」『』]|[：:]$")
SENTENCE = re.compile(r"[。！？!?…；;，,、：:”」』~～]$")
MIN_REPEATED = 6  # letters and hanzi; shorter lines are refrains as often as advertisements
MAX_REPEATED = 60  # characters
REPEATED_SHARE = 0.2  # of the chapters
EDGE_LINES = 3  # from the top or the bottom of a chapter
MOSTLY = 0.8  # of the occurrences
HEADING_LINES = 3


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule may know: the chapter's title, and what the whole book repeats."""

    title: str = ""
    repeated: frozenset[str] = frozenset()  # folded lines
    addresses: frozenset[str] = frozenset()  # advertised in several chapters


Rule = Callable[[list[str], Context], tuple[list[str], list[str]]]


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


def spaces(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Strip, drop invisible characters and empty lines, make runs of spaces one; nothing visible goes."""
    stripped = (re.sub("[ \t\u00a0]+", " ", line.translate(INVISIBLE)).strip(EDGE) for line in lines)
    return [re.sub("\u3000{2,}", "\u3000", line) for line in stripped if line], []


def heading(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """The chapter's title, or its volume's, repeated by the first lines."""
    title = fold(context.title)
    rest, seen = lines, ""
    while rest and title and len(lines) - len(rest) < HEADING_LINES:
        found = recognise(rest[0])
        candidates = (fold(rest[0]), fold(found.title) if found else "")
        follows = next((text for text in candidates if text and title.startswith(seen + text)), "")
        at_end = next((text for text in candidates if found and text and title.endswith(text)), "")
        if not (follows or at_end):
            break
        seen = title if at_end else seen + follows
        rest = rest[1:]
    gone = lines[: len(lines) - len(rest)]
    # A first line that only begins like the title ("雪" under "雪夜") may be prose.
    certain = seen == title or all(recognise(line) for line in gone)
    return (rest, gone) if certain else (lines, [])


def end_marks(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """`(本章完)`, `（完）` and their like, at the end of any line."""
    return cut_tails(lines, lambda line: match[0] if (match := END_MARK.search(line)) else "")


def adverts(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Lines that are web addresses; behind prose, only addresses that several chapters advertise."""

    def tail(line: str) -> str:
        if is_advert(line):
            return line
        found = advert_tail(line)
        return found if found and address_in(found) in context.addresses else ""

    return cut_tails(lines, tail)


def repeated(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Short lines that many chapters share, other than dialogue and sentences."""
    return cut_tails(lines, lambda line: line if fold(line) in context.repeated else "")


RULES: tuple[tuple[str, Rule], ...] = (
    ("spaces", spaces),
    ("heading", heading),
    ("end-mark", end_marks),
    ("advert", adverts),
    ("repeated", repeated),
)


def cut_tails(lines: list[str], tail_of: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Each line without its tail, and the tails; lines that were all tail are gone."""
    kept, removed = [], []
    for line in lines:
        tail = tail_of(line)
        if tail:
            removed.append(tail)
        if rest := line.removesuffix(tail).rstrip(EDGE):
            kept.append(rest)
    return kept, removed


def clean(lines: list[str], context: Context) -> tuple[list[str], list[tuple[str, str]]]:
    """A chapter's lines after all rules, and what went: (rule, text)."""
    removed: list[tuple[str, str]] = []
    for name, rule in RULES:
        lines, gone = rule(lines, context)
        removed.extend((name, text) for text in gone)
    return lines, removed


def study(chapters: Iterable[list[str]]) -> Context:
    """What the book repeats; chapters are read one at a time."""
    total = 0
    shared: Counter[str] = Counter()
    at_edge: Counter[str] = Counter()
    addresses: Counter[str] = Counter()
    for raw in chapters:
        total += 1
        lines, _ = spaces(raw, Context())
        edge = {fold(line) for line in lines[:EDGE_LINES] + lines[-EDGE_LINES:]}
        keys = {fold(line) for line in lines if may_repeat(line)}
        shared.update(keys)
        at_edge.update(keys & edge)
        addresses.update({found for line in lines if (found := advertised(line))})
    enough = max(3, REPEATED_SHARE * total)
    return Context(
        repeated=frozenset(
            key
            for key, count in shared.items()
            if len(key) >= MIN_REPEATED and count >= enough and at_edge[key] >= MOSTLY * count
        ),
        addresses=frozenset(address for address, count in addresses.items() if count >= min(3, total)),
    )


def may_repeat(line: str) -> bool:
    """Whether a line is advertised by repeating it: short, neither dialogue nor a sentence of the novel."""
    if len(line) > MAX_REPEATED or DIALOGUE.search(line):
        return False
    return not SENTENCE.search(line) or site_words(line) > 0


def advertised(line: str) -> str:
    """The address that a line, or its tail, advertises."""
    return address_in(line if is_advert(line) else advert_tail(line))


def clean_book(book: Book) -> CleaningReport:
    """Write chapters/ and cleaning.json anew from raw/, and delete what no longer belongs there."""
    chapters = book.fetched()
    context = study(book.raw(chapter) for chapter in chapters)
    counts: Counter[tuple[str, str]] = Counter()
    for chapter in chapters:
        known = Context(title=chapter.title, repeated=context.repeated, addresses=context.addresses)
        lines, removed = clean(book.raw(chapter), known)
        counts.update(removed)
        write_if_changed(book.clean_path(chapter), chapter_bytes(lines))
    remove_strangers(book, chapters)
    order = {name: place for place, (name, _) in enumerate(RULES)}
    removals = [Removal(rule=rule, text=text, count=count) for (rule, text), count in counts.items()]
    removals.sort(key=lambda removal: (order[removal.rule], -removal.count, removal.text))
    report = CleaningReport(chapters=len(chapters), removals=tuple(removals))
    write_report(book, report)
    return report


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
