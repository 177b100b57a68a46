"""Chapters judged by one another, once all are here: one text under two titles, and next to no text.

    doubts([Fetched(file="0001.txt", title="第一章", size=3000, marks=marks_of(text), fits=True), …])
    == {"0007.txt": "its text is also that of 第六章"}

Only the whole tells, so nothing here depends on the order in which pages came. What an earlier run
accepted is settled.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from zlib import crc32

from xuxie.books.blanks import visible
from xuxie.books.headings import entry_number, fold
from xuxie.language import tr

ENOUGH = 8  # chapters; with fewer nobody knows what is short
LONG = 300  # characters of the median chapter; in a book of shorter ones everything is short
SHORT = 0.15  # of the median
MANY = 0.125  # of the chapters
MARKS = 12  # sentences that a text is known by
SAME = 0.6  # of the marks, in common: one text
MIN_SENTENCE = 6  # characters
BUCKETS = 2**20
SENTENCE_ENDS = "。！？!?…"
SHORT_ONES = re.compile(
    r"请假|請假|[请請].{0,3}假|公告|通知|[说說]明|感言|上架|更新|[几幾]句[话話]|[单單]章|新[书書]|推[书書]|完本|作者|[书書]友|致[读讀歉谢謝]"
    r"|抱歉|停更|[断斷]更|[断斷]章|活[动動]|月票|[总總][结結]|求票|求[订訂][阅閱]|楔子|引子|序|卷首|[题題][记記]|[后後][记記]|[声聲]明|通告"
)
NOTE = 200  # characters; a text without a number that is shorter may be a note, and notes repeat


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A chapter that is here. `fits`: its page named the title; `settled`: an earlier run accepted it."""

    file: str
    title: str
    size: int  # characters, without lines that speak of the site
    marks: Sequence[int]  # what the text is known by
    fits: bool = False
    settled: bool = False


def marks_of(text: str) -> Sequence[int]:
    """What a text is known by, whatever a site inserts: its sentences with the smallest check sums.

    Two texts that share most of their sentences share most of these (Broder's bottom-k sketch, 1997).
    """
    text = visible(text)
    for end in SENTENCE_ENDS:
        text = text.replace(end, " ")
    sentences = [part for part in text.split() if len(part) >= MIN_SENTENCE]
    return array("I", sorted(set(map(crc32, map(str.encode, sentences))))[:MARKS])  # in few bytes


def doubts(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Why chapters should not be believed, by file; the chapters are given in reading order."""
    return short(chapters) | repeated(chapters)


def short(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Chapters far shorter than the others, unless the title says why, or many are."""
    usual = median(chapter.size for chapter in chapters) if len(chapters) >= ENOUGH else 0
    found = [
        chapter for chapter in chapters if chapter.size < SHORT * usual and not may_be_short(chapter.title)
    ]
    if usual < LONG or len(found) > max(2, MANY * len(chapters)):
        return {}
    return {
        chapter.file: tr(
            "only {size} characters, where the book's chapters have {usual}",
            size=chapter.size,
            usual=int(usual),
        )
        for chapter in found
        if not chapter.settled
    }


def may_be_short(title: str) -> bool:
    """Whether a title is that of a note of the author's, or of what opens or closes a book."""
    return entry_number(title) is None and SHORT_ONES.search(title) is not None


def repeated(chapters: Sequence[Fetched]) -> dict[str, str]:
    """Chapters that have another's text; the same title twice may have the same text.

    Where a text has several chapters, it is that of the settled ones, else of the first whose page
    named its title; else nobody knows whose it is.
    """
    result = {}
    for group in alike(chapters):
        if len({fold(chapter.title) for chapter in group}) == 1 or are_notes(group):
            continue
        settled = [chapter for chapter in group if chapter.settled]
        owners = settled or [chapter for chapter in group if chapter.fits][:1]
        for chapter in group:
            if chapter not in owners:
                other = next(each for each in (*owners, *group) if each is not chapter)
                result[chapter.file] = tr("its text is also that of {other}", other=other.title)
    return result


def alike(chapters: Sequence[Fetched]) -> list[list[Fetched]]:
    """The groups of chapters with one text, each in reading order."""
    held = holders(chapters)
    often = max(3, MANY * len(chapters))  # a sentence of the site's, unless it is all there is
    leader = list(range(len(chapters)))
    for place, chapter in enumerate(chapters):
        if held.keys().isdisjoint(chapter.marks):
            continue
        rare = [mark for mark in chapter.marks if len(held.get(mark, ())) <= often] or chapter.marks
        shared = Counter(other for mark in rare for other in held.get(mark, ()) if other < place)
        for other, count in shared.items():
            theirs = [mark for mark in chapters[other].marks if len(held.get(mark, ())) <= often]
            if count >= SAME * min(len(rare), len(theirs) or len(rare)):
                leader[place] = min(leader[place], leader[other])
    groups: defaultdict[int, list[Fetched]] = defaultdict(list)
    for place, chapter in enumerate(chapters):
        groups[leader[place]].append(chapter)
    return [group for group in groups.values() if len(group) > 1]


def holders(chapters: Sequence[Fetched]) -> dict[int, list[int]]:
    """The places of the chapters that have a mark, for each mark that several may have.

    Marks are first counted by bucket, as nearly all are of one chapter.
    """
    counts = bytearray(BUCKETS)
    for chapter in chapters:
        for mark in chapter.marks:
            counts[mark % BUCKETS] = min(counts[mark % BUCKETS] + 1, 2)
    held: defaultdict[int, list[int]] = defaultdict(list)
    for place, chapter in enumerate(chapters):
        for mark in chapter.marks:
            if counts[mark % BUCKETS] > 1:
                held[mark].append(place)
    return held


def are_notes(group: Sequence[Fetched]) -> bool:
    """Whether equal texts are notes like `请假一天`."""
    return all(chapter.size < NOTE and may_be_short(chapter.title) for chapter in group)
