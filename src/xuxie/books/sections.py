"""What TXT and EPUB readers hand over, and the one thing that they share: volumes above chapters.

    第一卷 风起 / 第一章 雪 / 第二章 雨 / 第二卷 云涌 / 第一章 雷

gives the chapters `第一章 雪` and `第二章 雨` of the volume `第一卷 风起`, `第一章 雷` of `第二卷 云涌`.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

PREFACE_CHARACTERS = 500  # a shorter text before the first chapter is a blurb
SENTENCE = re.compile(r"[。！？!?…：；”」』]")


@dataclass(frozen=True, kw_only=True)
class ImportedChapter:
    """A chapter as it stood in the file; paragraphs are stripped and not empty."""

    title: str
    paragraphs: list[str]
    volume: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportedBook:
    """A book as it stood in the file.

    `preamble`: what belongs to no chapter, such as a contents page. `losses`: how many bytes of the file
    could not be read; each stands as U+FFFD in the text.
    """

    title: str
    author: str
    preamble: list[str]
    chapters: list[ImportedChapter]
    losses: int = 0


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with what stands under it. A smaller rank is a larger unit."""

    title: str
    lines: list[str]
    rank: int
    number: int | None = None
    empty: bool = False  # nothing under it but itself


def arrange(sections: list[Section]) -> list[ImportedChapter]:
    """Chapters in reading order, with the names of the volumes that they lie in."""
    chapters = []
    pending: list[Section] = []
    for section, volumes, is_volume in place(sections):
        if is_volume:
            pending.append(section)
            continue
        # A volume that has a text of its own is a chapter too; it still tells its chapters apart.
        chapters.append(
            ImportedChapter(
                title=section.title,
                volume=" ".join(volume.title for volume in volumes),
                paragraphs=[line for part in [*pending, section] for line in part.lines],
            )
        )
        pending = []
    return chapters


def place(sections: list[Section]) -> list[tuple[Section, list[Section], bool]]:
    """Every section, the larger units it lies in, and whether it is only a volume's heading."""
    placed = []
    above: list[Section] = []
    for section, following in pairwise([*sections, None]):
        if section is None:
            continue
        above = [volume for volume in above if volume.rank < section.rank]
        opens = following is not None and following.rank > section.rank
        placed.append((section, above, opens and section.empty))
        if opens:
            above = [*above, section]
    return placed


def is_long_prose(lines: list[str]) -> bool:
    """Whether `lines` are a preface of their own rather than a blurb or a list of names."""
    return sum(len(line) for line in lines if SENTENCE.search(line)) >= PREFACE_CHARACTERS
