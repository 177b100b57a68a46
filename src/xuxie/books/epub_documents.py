"""The documents of an EPUB 3, as text: package, navigation (also the NCX of EPUB 2), cover, chapters.

    for name, text in documents(edition): …

Pure, and the same for the same edition: the identifier comes from what the book is, the date of the last
change from its text. See https://www.w3.org/TR/epub-33/; everything from the book is escaped.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from xuxie.books.edition import Edition, EditionChapter

FOLDER = "OEBPS/"
XHTML = "application/xhtml+xml"
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)
TWENTY_YEARS = 20 * 365 * 86_400  # seconds
COVER_LINE, COVER_LINES = 8, 5  # characters in a line of the cover, and lines
STYLE = """\
body { margin: 5%; line-height: 1.8; }
h1, h2 { text-align: center; margin: 2em 0; }
p { text-indent: 2em; margin: 0 0 0.4em; }
img { max-width: 100%; }
"""
CONTAINER = """\
<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the contents: a document, its title, and what lies below it."""

    document: str
    title: str
    below: tuple["Entry", ...] = ()


def documents(edition: Edition) -> Iterator[tuple[str, str]]:
    """Every file of the EPUB but `mimetype`: its name in the archive, and its text."""
    contents = contents_of(edition)
    yield "META-INF/container.xml", CONTAINER
    yield FOLDER + "content.opf", package(edition, contents)
    yield FOLDER + "nav.xhtml", navigation(edition, contents)
    yield FOLDER + "toc.ncx", ncx(edition, contents)
    yield FOLDER + "style.css", STYLE
    yield FOLDER + "cover.svg", cover(edition)
    yield (
        FOLDER + "cover.xhtml",
        page(edition.title, f'<img src="cover.svg" alt="{escape(edition.title)}"/>'),
    )
    if edition.introduction:
        yield FOLDER + "introduction.xhtml", page(edition.title, paragraphs(edition.introduction))
    chapters = iter(edition.chapters)
    for entry in flat(contents):
        if entry.below:
            yield FOLDER + entry.document, page(entry.title, f"<h1>{escape(entry.title)}</h1>")
        else:
            yield FOLDER + entry.document, chapter_page(next(chapters))


def contents_of(edition: Edition) -> list[Entry]:
    """The contents: chapters in the order of reading, below their volumes."""
    contents: list[Entry] = []
    number = 0
    for place, part in enumerate(edition.parts, start=1):
        entries = []
        for chapter in part.chapters:
            number += 1
            entries.append(Entry(document=f"chapter-{number:04d}.xhtml", title=chapter.title))
        if part.volume:
            volume = Entry(document=f"volume-{place:03d}.xhtml", title=part.volume, below=tuple(entries))
            entries = [volume]
        contents += entries
    return contents


def flat(entries: Sequence[Entry]) -> Iterator[Entry]:
    """All entries, each before what lies below it."""
    for entry in entries:
        yield entry
        yield from flat(entry.below)


def page(title: str, body: str, kind: str = "") -> str:
    """An XHTML document around `body`, which is markup."""
    namespace = ' xmlns:epub="http://www.idpf.org/2007/ops"' if kind else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml"{namespace} lang="zh" xml:lang="zh">\n'
        f"<head>\n<title>{escape(title)}</title>\n"
        '<link rel="stylesheet" type="text/css" href="style.css"/>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def chapter_page(chapter: EditionChapter) -> str:
    """A chapter's document."""
    body = f"<h2>{escape(chapter.title)}</h2>\n{paragraphs(chapter.paragraphs)}"
    return page(chapter.title, body.rstrip())


def paragraphs(lines: Sequence[str]) -> str:
    """Paragraphs as markup."""
    return "\n".join(f"<p>{escape(line, quote=False)}</p>" for line in lines)


def navigation(edition: Edition, contents: Sequence[Entry]) -> str:
    """The navigation document."""
    body = f'<nav epub:type="toc">\n<h1>目录</h1>\n{ordered(contents)}\n</nav>'
    return page(edition.title, body, kind="nav")


def ordered(entries: Sequence[Entry]) -> str:
    """The contents as nested lists."""
    items = "\n".join(
        f'<li><a href="{entry.document}">{escape(entry.title)}</a>'
        + (f"\n{ordered(entry.below)}\n" if entry.below else "")
        + "</li>"
        for entry in entries
    )
    return f"<ol>\n{items}\n</ol>"


def ncx(edition: Edition, contents: Sequence[Entry]) -> str:
    """The contents as EPUB 2 readers want them."""
    order = {entry.document: place for place, entry in enumerate(flat(contents), start=1)}

    def points(entries: Sequence[Entry]) -> str:
        return "\n".join(
            f'<navPoint id="{entry.document.partition(".")[0]}" playOrder="{order[entry.document]}">'
            f"<navLabel><text>{escape(entry.title)}</text></navLabel>"
            f'<content src="{entry.document}"/>{points(entry.below)}</navPoint>'
            for entry in entries
        )

    depth = 2 if any(entry.below for entry in contents) else 1
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="zh">\n<head>\n'
        f'<meta name="dtb:uid" content="{identifier(edition)}"/>\n'
        f'<meta name="dtb:depth" content="{depth}"/>\n'
        '<meta name="dtb:totalPageCount" content="0"/>\n<meta name="dtb:maxPageNumber" content="0"/>\n'
        f"</head>\n<docTitle><text>{escape(edition.title)}</text></docTitle>\n"
        f"<navMap>\n{points(contents)}\n</navMap>\n</ncx>\n"
    )


def package(edition: Edition, contents: Sequence[Entry]) -> str:
    """The package document: metadata, files, order of reading."""
    texts = ["cover.xhtml", *(["introduction.xhtml"] if edition.introduction else [])]
    texts += [entry.document for entry in flat(contents)]
    items = "\n".join(
        f'<item id="{name.partition(".")[0]}" href="{name}" media-type="{XHTML}"/>' for name in texts
    )
    spine = "\n".join(f'<itemref idref="{name.partition(".")[0]}"/>' for name in texts)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'unique-identifier="id" xml:lang="zh">\n'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n{metadata(edition)}\n</metadata>\n'
        f"<manifest>\n"
        f'<item id="nav" href="nav.xhtml" media-type="{XHTML}" properties="nav"/>\n'
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>\n'
        '<item id="style" href="style.css" media-type="text/css"/>\n'
        '<item id="picture" href="cover.svg" media-type="image/svg+xml" properties="cover-image"/>\n'
        f'{items}\n</manifest>\n<spine toc="ncx">\n{spine}\n</spine>\n</package>\n'
    )


def metadata(edition: Edition) -> str:
    """What the package says of the book."""
    told = [
        ("dc:identifier", ' id="id"', identifier(edition)),
        ("dc:title", "", edition.title),
        ("dc:language", "", "zh"),
        ("dc:creator", "", edition.author),
        ("dc:source", "", edition.source),
        ("dc:description", "", "\n".join(edition.introduction)),
        ("meta", ' property="dcterms:modified"', modified(edition)),
    ]
    lines = [f"<{name}{extra}>{escape(text, quote=False)}</{name}>" for name, extra, text in told if text]
    return "\n".join([*lines, '<meta name="cover" content="picture"/>'])


def identifier(edition: Edition) -> str:
    """The same for every state of the same book: by its address, or else its title and author."""
    name = edition.source or f"{edition.title}\n{edition.author}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def modified(edition: Edition) -> str:
    """A date that stands for the text, not for a day: another text, another date."""
    digest = hashlib.sha256(repr(edition).encode("utf-8")).hexdigest()
    date = FIRST_DAY + timedelta(seconds=int(digest[:12], 16) % TWENTY_YEARS)
    return date.strftime("%Y-%m-%dT%H:%M:%SZ")


def cover(edition: Edition) -> str:
    """A cover with title and author, as SVG."""
    title = [edition.title[at : at + COVER_LINE] for at in range(0, len(edition.title), COVER_LINE)]
    if len(title) > COVER_LINES:
        title = [*title[: COVER_LINES - 1], title[COVER_LINES - 1][:-1] + "…"]
    rows = "\n".join(
        f'<text x="300" y="{260 + 70 * place}" font-size="56">{escape(row)}</text>'
        for place, row in enumerate(title)
    )
    author = (
        f'\n<text x="300" y="680" font-size="32">{escape(edition.author[:16])}</text>'
        if edition.author
        else ""
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="800" viewBox="0 0 600 800">\n'
        f"<title>{escape(edition.title)}</title>\n"
        '<rect width="600" height="800" fill="#f4efe4"/>\n'
        '<rect x="40" y="40" width="520" height="720" fill="none" stroke="#7a5c3e" stroke-width="4"/>\n'
        f'<g fill="#3b2a1a" font-family="serif" text-anchor="middle">\n{rows}{author}\n</g>\n</svg>\n'
    )
