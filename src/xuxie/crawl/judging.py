"""Chapters judged by one another, once all are here: one text under two titles, and next to no text.

    doubts([Fetched(file="0001.txt", title="第一章", size=3000, digest="…", fits=True), …])
    == {"0007.txt": "its text is also that of 第六章"}

Only the whole tells, so nothing here depends on the order in which pages came. What an earlier run
accepted is settled.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from xuxie.books.headings import entry_number, fold
from xuxie.language import tr

ENOUGH = 8  # chapters; with fewer nobody knows what is short
LONG = 300  # characters of the median chapter; in a book of shorter ones everything is short
SHORT = 0.1  # of the median
NOTE = 200  # characters; a text without a number that is shorter may be a note, and notes repeat


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A chapter whose text is here. `fits`: its page named the title; `settled`: accepted by an earlier run."""

    file: str
    title: str
    size: int  # characters
    digest: str
    fits: bool = False
    settled: bool = False


def doubts(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Why chapters should not be believed, by file; the chapters are given in reading order."""
    return short(chapters) | repeated(chapters)


def short(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Chapters far shorter than the others; what has no number is a note of the author's, say."""
    usual = median(chapter.size for chapter in chapters) if len(chapters) >= ENOUGH else 0
    if usual < LONG:
        return {}
    return {
        chapter.file: tr(
            "only {size} characters, where the book's chapters have {usual}", size=chapter.size, usual=int(usual)
        )
        for chapter in chapters
        if chapter.size < SHORT * usual and entry_number(chapter.title) is not None and not chapter.settled
    }


def repeated(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Chapters that have another's text; the same title twice may have the same text.

    Where a text has several chapters, it is that of the settled ones, else of the first whose page
    named its title; else nobody knows whose it is.
    """
    groups: defaultdict[str, list[Fetched]] = defaultdict(list)
    for chapter in chapters:
        groups[chapter.digest].append(chapter)
    result = {}
    for group in groups.values():
        if len({fold(chapter.title) for chapter in group}) == 1 or are_notes(group):
            continue
        settled = [chapter for chapter in group if chapter.settled]
        owners = settled or [chapter for chapter in group if chapter.fits][:1]
        for chapter in group:
            if chapter not in owners:
                other = next(each for each in (*owners, *group) if each is not chapter)
                result[chapter.file] = tr("its text is also that of {other}", other=other.title)
    return result


def are_notes(group: Sequence[Fetched]) -> bool:
    """Whether equal texts are notes like `请假一天`."""
    return all(chapter.size < NOTE and entry_number(chapter.title) is None for chapter in group)
