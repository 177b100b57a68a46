"""The plain text that xuxie writes, and reads again without guessing.

    《雪夜》
    作者：佚名
    共 2 章

    第一章 雪

    话说。

Titles stand at the margin, paragraphs behind two ideographic spaces, a volume's name between dashes. The
count makes it certain: a file with as many titles at the margin as it says is read by its layout, so that
a title may be any line; every other file is read by what its headings say (txt.py).
"""

import re
from collections.abc import Sequence

from xuxie.books.edition import Edition
from xuxie.books.sections import ImportedBook, ImportedChapter

INDENT = "\u3000\u3000"
COUNT = re.compile("共 ([0-9]{1,6}) 章")
TITLE, AUTHOR = re.compile("《(.+)》"), re.compile("作者：(.+)")
VOLUME = re.compile("——(?: (.+))? ——")  # without a name: what follows lies in no volume
FRONT_LINES = 3  # title, author, count


def write_txt(edition: Edition) -> str:
    """The edition as plain text, LF at the ends of lines."""
    front = [f"《{edition.title}》", *([f"作者：{edition.author}"] if edition.author else [])]
    blocks = ["\n".join([*front, f"共 {len(edition.chapters)} 章"]), paragraphs_of(edition.introduction)]
    for place, part in enumerate(edition.parts):
        if part.volume:
            blocks.append(f"—— {part.volume} ——")
        elif place:
            blocks.append("—— ——")
        for chapter in part.chapters:
            blocks += [chapter.title, paragraphs_of(chapter.paragraphs)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def paragraphs_of(paragraphs: Sequence[str]) -> str:
    """Paragraphs, indented."""
    return "\n".join(INDENT + paragraph for paragraph in paragraphs)


def read_layout(lines: Sequence[str]) -> ImportedBook | None:
    """The book in `lines` that are not blank, when they have this layout; else None."""
    found = next((place for place, line in enumerate(lines[:FRONT_LINES]) if COUNT.fullmatch(line)), None)
    title = TITLE.fullmatch(lines[0]) if found else None
    if found is None or title is None:
        return None
    author = AUTHOR.fullmatch(lines[1])
    count = COUNT.fullmatch(lines[found])
    preamble, volume = list(lines[: found + 1]), ""
    chapters: list[ImportedChapter] = []
    for line in lines[found + 1 :]:
        if line.startswith(INDENT):
            (chapters[-1].paragraphs if chapters else preamble).append(line.strip())
        elif named := VOLUME.fullmatch(line.rstrip()):
            volume = named[1] or ""
        else:
            chapters.append(ImportedChapter(title=line.strip(), volume=volume, paragraphs=[]))
    if count is None or len(chapters) != int(count[1]):
        return None
    return ImportedBook(
        title=title[1], author=author[1] if author else "", preamble=preamble, chapters=chapters
    )
