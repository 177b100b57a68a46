"""A chapter's title, repeated where its text begins, or in the midst with a page's number.

without_titles(["第一章 雪夜", "那年。"], "第一章 雪夜") == (["那年。"], ["第一章 雪夜"])
"""

import re

from xuxie.books.headings import MAX_LINE, Heading, fold, recognise

PAGE_COUNT = re.compile(
    r"\s*[（(【\[]?\s*(?:第\s*\d{1,4}\s*[页頁]|第?\s*[（(]?\d{1,4}\s*/\s*\d{1,4}[）)]?\s*[页頁]?)\s*[）)】\]]?$"
)
FIRST_LINES = 3  # of a chapter, which may say its title, or its volume's
MAX_BEFORE = 4  # letters before a title that is repeated
SENTENCE_ENDS = frozenset("。！？…，；：”」』")
MIN_TITLE = 4  # letters of a title that no sentence is


def without_titles(lines: list[str], title: str, volume: str = "") -> tuple[list[str], list[str]]:
    """`lines` without those that only repeat the chapter's title, or its volume's, and these."""
    own = fold(title)
    above = titles_above(lines, own, fold(volume) + own)
    kept: list[str] = []
    gone = lines[:above]
    for line in lines[above:]:
        repeats = line[-1] not in SENTENCE_ENDS and repeats_heading(line, own)
        (gone if repeats else kept).append(line)
    return kept, gone


def titles_above(lines: list[str], own: str, whole: str) -> int:
    """How many of the first lines say the title: `own`, or `whole`, with the volume's before it; folded."""
    count, seen = 0, ""
    while whole and count < min(FIRST_LINES, len(lines)):
        first = PAGE_COUNT.sub("", lines[count])
        found = recognise(first)
        candidates = [text for text in (fold(first), fold(found.title) if found else "") if text]
        if any(
            is_title_behind(text, own, found) or (found and whole.endswith(text)) for text in candidates
        ):
            seen = whole
        elif follows := next((text for text in candidates if whole.startswith(seen + text)), ""):
            seen += follows
        else:
            break
        count += 1
    # A first line that only begins like the title ("雪" under "雪夜") may be prose.
    return count if seen == whole or all(map(recognise, lines[:count])) else 0


def is_title_behind(text: str, title: str, found: Heading | None) -> bool:
    """Whether a folded line is the title, perhaps behind a word like 正文, or a heading's book's name."""
    before = len(text) - len(title)
    behind = text.endswith(title) and len(title) > MAX_BEFORE
    return text == title or (behind and (found is not None or before <= MAX_BEFORE))


def repeats_heading(line: str, title: str) -> bool:
    """Whether a line in the midst, no sentence, is the whole title: numbered, or before a page's number."""
    if len(line) > MAX_LINE:
        return False
    bare = PAGE_COUNT.sub("", line)
    if fold(bare) == title:
        found = recognise(bare)
        return bare != line or (found is not None and found.number is not None and len(title) > MIN_TITLE)
    found = recognise(bare)
    return found is not None and found.number is not None and fold(found.title) == title
