"""A novel in an EPUB, version 2 or 3.

    book = read_epub(Path("老残游记.epub"))

The spine gives the reading order, the contents (nav.xhtml or toc.ncx) the titles; without contents the
documents' own headings do. See https://www.w3.org/TR/epub-33/ and, for the NCX, OPF 2.0.1.
"""

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from xuxie.books.archive import Archive, open_archive
from xuxie.books.decoding import decode
from xuxie.books.headings import CHAPTER_RANK, fold, recognise
from xuxie.books.sections import ImportedBook, ImportedChapter, Section, arrange, is_long_prose
from xuxie.books.xhtml import Block, blocks, one_line, parse
from xuxie.errors import InputError, NoChaptersError
from xuxie.language import tr

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
DOCUMENT_TYPES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/xml")
NCX_TYPE = "application/x-dtbncx+xml"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?([\w.-]{1,40})""")
PLACE = "#"  # an anchor that no document can have: the place of a paragraph
DEEPEST = 6  # levels of contents that are told apart
MAX_HEADING = 60  # characters of an h1–h3 that can be a title


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the contents. `anchor` is empty for the whole document; `depth` from 0."""

    title: str
    document: str
    anchor: str
    depth: int


@dataclass(frozen=True, kw_only=True)
class Package:
    """What the OPF says; all names are those of the archive."""

    title: str
    author: str
    spine: list[str]
    nav: str
    ncx: str


def read_epub(path: Path) -> ImportedBook:
    """The book in the EPUB at `path`.

    Raises InputError when it is damaged, encrypted or too large, NoChaptersError when it holds no text.
    """
    with open_archive(path) as archive:
        package = read_package(archive)
        refuse_encrypted(archive, {CONTAINER, package.nav, package.ncx, *package.spine})
        documents = {name: blocks(text_of(archive, name)) for name in package.spine if name != package.nav}
        entries = read_nav(archive, package.nav) or read_ncx(archive, package.ncx)
        contents_page = blocks(text_of(archive, package.nav)) if package.nav in package.spine else []
    entries = [entry for entry in entries if entry.document in documents]
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
    return ImportedBook(title=title, author=package.author, preamble=preamble, chapters=chapters)


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
    return before, [section_of(entry, lines) for entry, lines in bodies]


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


def section_of(entry: Entry, lines: list[str]) -> Section:
    """The section under an entry; the contents' levels count first, then what the titles say."""
    heading = recognise(entry.title)
    return Section(
        title=entry.title,
        lines=lines,
        rank=10 * entry.depth + (heading.rank if heading else CHAPTER_RANK),
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


def read_package(archive: Archive) -> Package:
    """Title, author and reading order, from the OPF that the container names."""
    container = xml_of(archive, CONTAINER)
    opf_name = next((item.get("full-path", "") for item in container.iter("{*}rootfile")), "")
    opf = xml_of(archive, opf_name)
    documents = {}
    nav = ncx = ""
    for item in opf.iter("{*}item"):
        name, kind = resolve(opf_name, item.get("href", ""))[0], item.get("media-type", "")
        if name not in archive:
            continue
        if kind in DOCUMENT_TYPES:
            documents[item.get("id", "")] = name
        if kind == NCX_TYPE:
            ncx = name
        if "nav" in item.get("properties", "").split():
            nav = name
    order = [documents.get(item.get("idref", ""), "") for item in opf.iter("{*}itemref")]
    return Package(
        title=stated(opf, "title"),
        author=stated(opf, "creator"),
        spine=[name for name in dict.fromkeys(order) if name],
        nav=nav,
        ncx=ncx,
    )


def stated(opf: etree._Element, name: str) -> str:
    """The first Dublin Core element of that name, or nothing."""
    return next((text for item in opf.iter(f"{DUBLIN_CORE}{name}") if (text := text_in(item))), "")


def refuse_encrypted(archive: Archive, needed: set[str]) -> None:
    """Raises InputError when encryption.xml covers what must be read; hidden fonts do not matter."""
    if ENCRYPTION not in archive:
        return
    covered = [item.get("URI", "") for item in xml_of(archive, ENCRYPTION).iter("{*}CipherReference")]
    if needed & {resolve("", uri)[0] for uri in covered}:
        raise InputError(
            tr("{path} is locked by DRM: only an EPUB without it can be imported", path=archive.path)
        )


def read_nav(archive: Archive, name: str) -> list[Entry]:
    """The entries of an EPUB 3 navigation document."""
    if not name:
        return []
    tree = parse(text_of(archive, name))
    navs = tree.css("nav")
    contents = [nav for nav in navs if (nav.attributes.get("epub:type") or "").split()[:1] == ["toc"]]
    entries = []
    for link in [link for nav in (contents or navs)[:1] for link in nav.css("li a[href]")]:
        depth, parent = -1, link.parent
        while parent is not None and parent.tag != "nav" and depth < DEEPEST:
            depth += parent.tag == "li"
            parent = parent.parent
        document, anchor = resolve(name, link.attributes.get("href") or "")
        title = one_line(link.text())
        if title:
            entries.append(Entry(title=title, document=document, anchor=anchor, depth=depth))
    return entries


def read_ncx(archive: Archive, name: str) -> list[Entry]:
    """The entries of an EPUB 2 table of contents."""
    entries: list[Entry] = []
    if not name:
        return entries
    for point in xml_of(archive, name).iter("{*}navPoint"):
        title = next((text_in(item) for item in point.iterchildren("{*}navLabel")), "")
        target = next((item.get("src", "") for item in point.iterchildren("{*}content")), "")
        document, anchor = resolve(name, target)
        depth = min(DEEPEST, len(list(point.iterancestors("{*}navPoint"))))
        if title:
            entries.append(Entry(title=title, document=document, anchor=anchor, depth=depth))
    return entries


def resolve(base: str, reference: str) -> tuple[str, str]:
    """A reference as a name of the archive and an anchor. One that leads outside names nothing in it."""
    try:
        parts = urlsplit(reference.strip())
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc:
        return "", ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
    return ("" if not parts.path else path), unquote(parts.fragment)


def xml_of(archive: Archive, name: str) -> etree._Element:
    """A parsed XML entry; entities stay unexpanded and nothing outside is loaded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(archive.read(name), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        raise InputError(tr("{path} is damaged: {name} is no XML", path=archive.path, name=name))
    return root


def text_of(archive: Archive, name: str) -> str:
    """A document's text; an empty one is allowed."""
    data = archive.read(name)
    declared = DECLARED.search(data[:1024])
    try:
        return decode(data, declared[1].decode("ascii") if declared else None).text if data.strip() else ""
    except InputError as error:
        raise InputError(f"{archive.path}: {name}: {error}") from None


def text_in(element: etree._Element) -> str:
    """The text of an XML element, on one line."""
    return one_line("".join(str(part) for part in element.itertext()))
