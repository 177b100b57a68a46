"""Lines that were broken at a width, joined again to paragraphs.

    …, "那年冬天雪下得很大，路上", "没有一个人。"  →  …, "那年冬天雪下得很大，路上没有一个人。"

A chapter was wrapped when most of its lines end in mid-sentence, and those at about the same length. Verse
looks alike, but is shorter.
"""

import itertools
from collections import Counter

WRAPPED = 0.5  # of a chapter's lines end in mid-sentence,
AT_WIDTH = 0.8  # and so many of those at its width
NARROWEST, SLACK = 20, 3  # characters: of a width, and by which a line may miss it
FEWEST = 6  # lines that tell a width
ENDS = frozenset('。！？…”’」』）》：；—!?:;)"】］〕')
SHOWN = 4  # characters on both sides of a joint, in the report


def join_lines(paragraphs: list[str]) -> tuple[list[str], list[str]]:
    """The paragraphs of a chapter joined where a line was wrapped, and the joints: 路上⏎没有."""
    width = wrapped_at(paragraphs)
    if width is None:
        return paragraphs, []
    joined: list[str] = []
    joints: list[str] = []
    for before, line in zip(["", *paragraphs], paragraphs, strict=False):
        if before and before[-1] not in ENDS and len(before) >= width - SLACK:
            gap = " " if before[-1].isascii() and before[-1].isalnum() and line[0].isascii() else ""
            joined[-1] += gap + line
            joints.append(f"{before[-SHOWN:]}⏎{line[:SHOWN]}")
        else:
            joined.append(line)
    return joined, joints


def wrapped_at(paragraphs: list[str]) -> int | None:
    """The width at which the lines of a chapter were broken, in characters; None where they were not."""
    unfinished = [len(line) for line in paragraphs if line[-1] not in ENDS]
    if len(paragraphs) < FEWEST or len(unfinished) < WRAPPED * len(paragraphs):
        return None
    counts = Counter(unfinished)
    near = {
        width: sum(itertools.compress(counts.values(), (0 <= width - n <= SLACK for n in counts)))
        for width in counts
    }
    width = max(near, key=lambda width: (near[width], -width))
    return width if width >= NARROWEST and near[width] >= AT_WIDTH * len(unfinished) else None
