"""A novel in an EPUB, version 2 or 3.

    book = read_epub(Path("老残游记.epub"))

The spine gives the reading order, the contents (nav.xhtml or toc.ncx) the titles; without contents the
documents' own headings do. What the files around the text say, package.py reads.
"""

import itertools
import re
from pathlib import Path

from xuxie.books.archive import open_archive
from xuxie.books.headings import CHAPTER_RANK, fold, recognise
from xuxie.books.package import (
    Entry,
    decoded,
    read_nav,
    read_ncx,
    read_package,
    refuse_encrypted,
    text_of,
)
from xuxie.books.sections import ImportedBook, ImportedChapter, Section, arrange, is_long_prose
from xuxie.books.xhtml import Block, blocks
from xuxie.errors import NoChaptersError
from xuxie.language import tr

FRONT_MATTER = re.compile(
    r"(?:封面|扉页|书名页|版权(?:页|信息)?|目\s*[录錄]|cover|title page|(?:table of )?contents|copyright)$",
    re.IGNORECASE,
)
PLACE = "#"  # an anchor that no document can have: the place of a paragraph
MAX_HEADING = 60  # characters of an h1–h3 that can be a title


def read_epub(path: Path) -> ImportedBook:
    """The book in the EPUB at `path`.

    Raises InputError when it is damaged, encrypted or too large, NoChaptersError when it holds no text.
    """
    with open_archive(path) as archive:
        package = read_package(archive)
        refuse_encrypted(archive, {package.nav, package.ncx, *package.spine})
        read = {name: decoded(archive, name) for name in package.spine if name != package.nav}
        entries = read_nav(archive, package.nav) or read_ncx(archive, package.ncx)
        contents_page = blocks(text_of(archive, package.nav)) if package.nav in package.spine else []
    documents = {name: blocks(document.text) for name, document in read.items()}
    entries = without_front_matter([entry for entry in entries if entry.document in documents])
    entries = entries or own_headings(documents)
    title = package.title or path.stem
    before, sections = split(documents, entries)
    chapters = arrange(sections)
    preamble = [block.text for block in contents_page if block.text]
    if before and (is_long_prose(before) or not chapters):
        chapters.insert(0, ImportedChapter(title=title, paragraphs=before))
    else:
        preamble = before + preamble
    if not any(chapter.paragraphs for chapter in chapters):
        raise NoChaptersError(tr("{path} holds no text: is it a book of pictures?", path=path))
    return ImportedBook(
        title=title,
        author=package.author,
        preamble=preamble,
        chapters=chapters,
        losses=sum(document.losses for document in read.values()),
    )


def without_front_matter(entries: list[Entry]) -> list[Entry]:
    """Without the first entries that are no text of the book; their documents join the preamble."""
    return list(itertools.dropwhile(lambda entry: FRONT_MATTER.match(entry.title), entries))


def split(documents: dict[str, list[Block]], entries: list[Entry]) -> tuple[list[str], list[Section]]:
    """What stands before the first entry, and the text of every entry, in the spine's order."""
    before: list[str] = []
    bodies: list[tuple[Entry, list[str]]] = []
    for name, paragraphs in documents.items():
        starts = entry_places(paragraphs, [entry for entry in entries if entry.document == name])
        for place in range(len(paragraphs) + 1):
            bodies.extend((entry, []) for entry in starts.get(place, []))
            if place < len(paragraphs) and (text := paragraphs[place].text):
                (bodies[-1][1] if bodies else before).append(text)
    # Where a level of the contents has levels below it, the titles' own ranks say no more.
    nested = {entry.depth for entry, below in itertools.pairwise(entries) if below.depth > entry.depth}
    return before, [section_of(entry, lines, ranked=entry.depth not in nested) for entry, lines in bodies]


def entry_places(paragraphs: list[Block], entries: list[Entry]) -> dict[int, list[Entry]]:
    """Before which paragraph of its document each entry starts; an anchor not found means its top."""
    anchors = {f"{PLACE}{place}": place for place in range(len(paragraphs))}
    for place, block in enumerate(paragraphs):
        for anchor in block.anchors:
            anchors.setdefault(anchor, place)
    places: dict[int, list[Entry]] = {}
    for entry in entries:
        places.setdefault(anchors.get(entry.anchor, 0), []).append(entry)
    return places


def section_of(entry: Entry, lines: list[str], *, ranked: bool = True) -> Section:
    """The section under an entry; the contents' levels count first, then, if `ranked`, what titles say."""
    heading = recognise(entry.title)
    return Section(
        title=entry.title,
        lines=lines,
        rank=10 * entry.depth + (heading.rank if heading and ranked else CHAPTER_RANK),
        number=heading.number if heading else None,
        empty=fold("".join(lines)) in ("", fold(entry.title)),
    )


def own_headings(documents: dict[str, list[Block]]) -> list[Entry]:
    """The contents of a book that has none: its h1–h3, and lines that read like headings."""
    entries = []
    for name, paragraphs in documents.items():
        for place, block in enumerate(paragraphs):
            heading = recognise(block.text)
            tagged = 1 <= block.level <= 3 and 0 < len(block.text) <= MAX_HEADING
            if tagged or (heading and not heading.doubtful):
                depth = block.level if tagged else 0
                entries.append(
                    Entry(title=block.text, document=name, anchor=f"{PLACE}{place}", depth=depth)
                )
    return entries
