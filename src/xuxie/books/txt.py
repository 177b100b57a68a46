"""A novel in one text file: title, author, chapters.

    book = parse_txt(decode(path.read_bytes()).text, path.name)

Nothing is lost: preamble, titles and paragraphs together hold every visible character of the file. A
contents page goes into the preamble; a heading with a junk prefix (`《》目录 第一回 …`) gives the
title, and the line itself stays the chapter's first paragraph, for cleaning to take away.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath

from xuxie.books.headings import Heading, fold, recognise
from xuxie.books.sections import (
    ImportedBook,
    ImportedChapter,
    Section,
    arrange,
    is_long_prose,
)
from xuxie.books.txt_layout import read_layout

FRONT_LINES = 12  # title and author stand in the first lines or nowhere
MAX_NAME = 40  # characters of a title or an author
INDENTED_PROSE = 0.9  # of the other lines, for indentation to tell headings from prose
AT_THE_MARGIN = 0.6  # of the headings
APPENDIX = re.compile("附[录錄]")
BOOK_TITLE = re.compile(r"《([^》]{1,40})》")
LABELLED_TITLE = re.compile(r"^(?:书名|書名|title)\s*[:：]\s*《?([^》]{1,40})", re.IGNORECASE)
LABELLED_AUTHOR = re.compile(r"(?:作者|著者|author)\s*[:：]\s*(.{1,40})", re.IGNORECASE)
DYNASTY_AUTHOR = re.compile(
    r"^[\[【〔(（]\s*[^\]】〕)）\s]{1,4}\s*[\]】〕)）]\s*([^\s\d，。]{2,12})(?:\s*[著撰编編]?)$"
)
NO_NAME = re.compile(
    r"[。，！？；：…“”]|www|http|txt|下载|电子书|制作|整理|^(?:目\s*[录錄]|(?:内容)?简介|正文|contents)$",
    re.IGNORECASE,
)
SIGNED_AUTHOR = re.compile(r"^([^\s，。：]{2,12})\s*[/／]?\s*[著撰]$")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A heading and the line that it stands in."""

    index: int
    heading: Heading


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the first lines say of the book, and which of them say it."""

    title: str = ""
    author: str = ""
    lines: frozenset[int] = frozenset()


def parse_txt(text: str, name: str) -> ImportedBook:
    """The book in `text`; `name` is the file's, for a text that does not say its title."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if book := read_layout(lines):
        return book
    marks = find_headings(lines)
    contents = repeated_contents(marks)
    marks = [mark for mark in marks if mark.index not in contents]
    first = marks[0].index if marks else len(lines)
    front = [index for index in range(first) if index not in contents]
    names = find_names([lines[index].strip() for index in front], PurePath(name).stem, bool(marks))
    title = names.title or PurePath(name).stem

    lone = {index for place, index in enumerate(front) if place in names.lines}
    prose = [lines[index].strip() for index in front if index not in lone]
    chapters = arrange(sections_of(lines, marks, contents))
    before = {*lone, *contents}
    if not marks or is_long_prose(prose):
        chapters = [ImportedChapter(title=title, paragraphs=prose), *chapters] if prose else chapters
    else:
        before |= set(front)
    preamble = [lines[index].strip() for index in sorted(before)]
    return ImportedBook(title=title, author=names.author, preamble=preamble, chapters=chapters)


def find_headings(lines: list[str]) -> list[Mark]:
    """The lines that are headings, contents pages included."""
    marks = [
        Mark(index=index, heading=heading)
        for index, line in enumerate(lines)
        if (heading := recognise(line)) is not None
    ]
    return without_appended(in_sequence(at_the_margin(lines, marks)))


def at_the_margin(lines: list[str], marks: list[Mark]) -> list[Mark]:
    """Without the indented lines, where headings stand at the margin and prose is indented."""
    indented = sum(line[0].isspace() for line in lines)
    outside = [mark for mark in marks if not lines[mark.index][0].isspace()]
    prose_is_indented = indented - (len(marks) - len(outside)) >= INDENTED_PROSE * (len(lines) - len(marks))
    return outside if prose_is_indented and len(outside) >= AT_THE_MARGIN * len(marks) else marks


def in_sequence(marks: list[Mark]) -> list[Mark]:
    """Without the doubtful ones that do not carry on the count of headings beyond doubt."""
    certain = {mark.heading.rank for mark in marks if not mark.heading.doubtful}
    kept: list[Mark] = []
    last: dict[int, int] = {}
    for mark in marks:
        heading = mark.heading
        carries_on = heading.rank in certain and heading.number == last.get(heading.rank, 0) + 1
        if heading.doubtful and not carries_on:
            continue
        last = {rank: number for rank, number in last.items() if rank <= heading.rank}
        if heading.number is not None:
            last[heading.rank] = heading.number
        kept.append(mark)
    return kept


def without_appended(marks: list[Mark]) -> list[Mark]:
    """Without an 附录 between two chapters that count on: it is an appendix to the former.

    西游记 has one behind its eighth chapter, in the editions that restore it.
    """
    appended = {
        mark.index
        for before, mark, after in zip(marks, marks[1:], marks[2:], strict=False)
        if APPENDIX.match(mark.heading.title)
        and before.heading.number is not None
        and after.heading.number == before.heading.number + 1
    }
    return [mark for mark in marks if mark.index not in appended]


def repeated_contents(marks: list[Mark]) -> frozenset[int]:
    """The lines of a contents page: headings in a row, without text, that come again later.

    The last of the row may have text under it, such as a preface; only its own line is taken.
    """
    again: set[tuple[int, int | str]] = set()
    returning = []
    for mark in reversed(marks):
        returning.append(mark.heading.identity in again)
        again.add(mark.heading.identity)
    returning.reverse()
    found: set[int] = set()
    row: list[int] = []
    for place, mark in enumerate(marks):
        if not returning[place] or (row and row[-1] + 1 != mark.index):
            row = []
        if returning[place]:
            row.append(mark.index)
        if len(row) > 1:
            found.update(row)
    return frozenset(found)


def sections_of(lines: list[str], marks: list[Mark], contents: frozenset[int]) -> list[Section]:
    """Each heading with the lines under it."""
    ends = [*(mark.index for mark in marks[1:]), len(lines)]
    sections = []
    for mark, end in zip(marks, ends, strict=False):
        heading = mark.heading
        body = [lines[index].strip() for index in range(mark.index + 1, end) if index not in contents]
        sections.append(
            Section(
                title=heading.title,
                lines=body if heading.title == heading.line else [heading.line, *body],
                rank=heading.rank,
                number=heading.number,
                empty=not body,
            )
        )
    return sections


def find_names(front: list[str], stem: str, has_chapters: bool) -> Names:
    """Title and author from the first lines, `front`, else from the file's name."""
    title = author = ""
    said: set[int] = set()
    for place, line in enumerate(front[:FRONT_LINES]):
        found_title, found_author = title_in(line), author_in(line)
        if found_title and not title:
            title = found_title
            said.add(place)
        if found_author and not author:
            author = found_author
            said.add(place)
            if not title and place and is_name(front[place - 1]):
                title = front[place - 1]
                said.add(place - 1)
    if not title and front and is_name(front[0]):
        alike = fold(front[0]) and fold(front[0]) in fold(stem)
        if alike or (has_chapters and len(front) <= FRONT_LINES):
            title = front[0]
            said.add(0)
    return Names(
        title=title or title_in(stem),
        author=author or author_in(stem),
        lines=frozenset(said),
    )


def title_in(line: str) -> str:
    """The book's title that a line states, or nothing."""
    if match := LABELLED_TITLE.search(line):
        return match[1].strip()
    match = BOOK_TITLE.match(line)
    return match[1].strip() if match and len(line) <= 2 * MAX_NAME and "。" not in line else ""


def author_in(line: str) -> str:
    """The author that a line states, or nothing."""
    if len(line) > 2 * MAX_NAME or "。" in line:
        return ""
    for pattern in (LABELLED_AUTHOR, DYNASTY_AUTHOR, SIGNED_AUTHOR):
        if match := pattern.search(line):
            return match[1].strip()
    return ""


def is_name(line: str) -> bool:
    """Whether a line can be a title: short, no sentence, and not of a site or a contents page."""
    return len(line) <= MAX_NAME and not NO_NAME.search(line)
