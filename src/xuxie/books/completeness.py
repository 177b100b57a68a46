"""What of a book is missing, repeated or suspicious: told by its manifest, its texts and its cleaning.

    found = survey(manifest, {"0001.txt": 2100, …}, removed=12)
    found.missing == (Gap(volume="", first=227, last=228),)

Pure; `measure` gathers what it needs from the disk.
"""

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from xuxie.books.book import Book, Chapter, Manifest, read_paragraphs
from xuxie.books.headings import entry_number, fold
from xuxie.language import tr

NEW_COUNT = 3  # a number up to this, behind a larger one, begins a new count
ENOUGH = 8  # chapters; with fewer nobody knows what is short
SHORT, LONG = 0.25, 4.0  # of the median length
SHOWN = 10  # of a kind, for a person


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Numbers that the catalogue itself lacks: `first` to `last`, in a volume or in the whole book."""

    volume: str
    first: int
    last: int

    def __str__(self) -> str:
        numbers = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.volume} {numbers}".strip()


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """All that a person should look at. Lengths in characters."""

    missing: tuple[Gap, ...]  # in the catalogue itself
    repeated: tuple[str, ...]  # titles that the catalogue lists more than once
    failed: tuple[tuple[str, str], ...]  # title and reason
    pending: int
    short: tuple[tuple[str, int], ...]  # title and length
    long: tuple[tuple[str, int], ...]
    median: int
    losses: tuple[tuple[str, int], ...]  # title and places that could not be decoded
    removed: int  # lines that cleaning took away

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        values = asdict(self)
        for name, keys in (("failed", ("title", "reason")), ("losses", ("title", "places"))):
            values[name] = [dict(zip(keys, pair, strict=True)) for pair in getattr(self, name)]
        for name in ("short", "long"):
            values[name] = [{"title": title, "characters": size} for title, size in getattr(self, name)]
        return values


def survey(manifest: Manifest, lengths: Mapping[str, int], removed: int = 0) -> Completeness:
    """What a manifest and the lengths of its cleaned chapters (by file) say; `removed` lines are gone."""
    chapters = manifest.chapters
    usual = int(median(lengths.values())) if len(lengths) >= ENOUGH else 0
    sizes = [(chapter.title, lengths[chapter.file]) for chapter in chapters if chapter.file in lengths]
    return Completeness(
        missing=tuple(gaps(chapters)),
        repeated=tuple(repeats(chapters)),
        failed=tuple((chapter.title, chapter.reason) for chapter in chapters if chapter.state == "failed"),
        pending=manifest.count("pending"),
        short=tuple((title, size) for title, size in sizes if size < SHORT * usual),
        long=tuple((title, size) for title, size in sizes if usual and size > LONG * usual),
        median=usual,
        losses=tuple((chapter.title, chapter.losses) for chapter in chapters if chapter.losses),
        removed=removed,
    )


def gaps(chapters: Sequence[Chapter]) -> list[Gap]:
    """The numbers missing between the first and the last of every count."""
    found = []
    for volume, numbers in counts(chapters):
        known = sorted(set(numbers))
        if known[0] <= NEW_COUNT:
            known.insert(0, 0)
        found += [
            Gap(volume=volume, first=before + 1, last=after - 1)
            for before, after in itertools.pairwise(known)
            if after > before + 1
        ]
    return found


def counts(chapters: Sequence[Chapter]) -> list[tuple[str, list[int]]]:
    """The numbers of the chapters, split where a new count begins, with the volume if each has its own."""
    found: list[tuple[str, list[int]]] = []
    last, volume = 0, ""
    for chapter in chapters:
        number = entry_number(chapter.title)
        if number is None:
            continue
        restarts = number <= last and (number <= NEW_COUNT < last or chapter.volume != volume)
        if not found or restarts:
            found.append((chapter.volume, []))
        found[-1][1].append(number)
        last, volume = number, chapter.volume
    return found if len(found) > 1 else [("", numbers) for _, numbers in found]


def repeats(chapters: Sequence[Chapter]) -> list[str]:
    """The titles that a volume lists more than once, other than by their address."""
    seen: Counter[tuple[str, str]] = Counter((chapter.volume, fold(chapter.title)) for chapter in chapters)
    titles: defaultdict[tuple[str, str], str] = defaultdict(str)
    for chapter in chapters:
        titles[chapter.volume, fold(chapter.title)] = chapter.title
    return [titles[key] for key, count in seen.items() if count > 1]


def measure(book: Book) -> Completeness:
    """What is known of the book on disk. Raises MissingStageError when there is none."""
    manifest = book.manifest()
    lengths = {}
    for chapter in manifest.chapters:
        path = book.clean_path(chapter)
        if chapter.state == "fetched" and path.exists():
            lengths[chapter.file] = sum(map(len, read_paragraphs(path)))
    return survey(manifest, lengths, removed_lines(book))


def removed_lines(book: Book) -> int:
    """How many lines cleaning took away, 0 when nothing tells."""
    try:
        rules = json.loads((book.directory / "cleaning.json").read_bytes())["rules"]
        return sum(rule["count"] for rule in rules.values())
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def report(found: Completeness) -> list[str]:
    """The same for a person, a line a finding; empty when all is well."""
    lines = []
    if found.missing:
        lines.append(
            tr("{numbers} missing in the catalogue itself", numbers=listed(map(str, found.missing)))
        )
    if found.repeated:
        lines.append(tr("listed more than once: {titles}", titles=listed(found.repeated)))
    lines += [
        tr("failed: {title}: {reason}", title=title, reason=why) for title, why in found.failed[:SHOWN]
    ]
    if len(found.failed) > SHOWN:
        lines.append(tr("… and {count} more that failed", count=len(found.failed) - SHOWN))
    if found.short or found.long:
        sizes = listed(f"{title} ({size})" for title, size in (*found.short, *found.long))
        lines.append(
            tr("unusual length (most have {median} characters): {sizes}", median=found.median, sizes=sizes)
        )
    if found.losses:
        places = listed(f"{title} ({count})" for title, count in found.losses)
        lines.append(tr("characters that could not be decoded: {places}", places=places))
    if found.removed:
        lines.append(
            tr("{count} lines removed as no part of the novel: see book/cleaning.json", count=found.removed)
        )
    return lines


def listed(names: Iterable[str]) -> str:
    """The first names, and that there are more."""
    found = list(names)
    return ", ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else "")
