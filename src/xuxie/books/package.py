"""What the files around an EPUB's text say: container, package (OPF), contents (nav.xhtml, toc.ncx).

    package = read_package(archive)
    entries = read_nav(archive, package.nav) or read_ncx(archive, package.ncx)

All names are names in the archive; a reference that leads elsewhere names nothing. See
https://www.w3.org/TR/epub-33/ and, for the NCX, OPF 2.0.1.
"""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from xuxie.books.archive import Archive
from xuxie.books.decoding import Decoded, decode
from xuxie.books.xhtml import one_line, parse
from xuxie.errors import InputError
from xuxie.language import tr

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
DOCUMENT_TYPES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/xml")
NCX_TYPE = "application/x-dtbncx+xml"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?([\w.-]{1,40})""")
DEEPEST = 6  # levels of contents that are told apart


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
    return decoded(archive, name).text


def decoded(archive: Archive, name: str) -> Decoded:
    """A document as text; an empty one is allowed."""
    data = archive.read(name)
    declared = DECLARED.search(data[:1024])
    if not data.strip():
        return Decoded(text="", encoding="utf-8")
    try:
        return decode(data, declared[1].decode("ascii") if declared else None)
    except InputError as error:
        raise InputError(f"{archive.path}: {name}: {error}") from None


def text_in(element: etree._Element) -> str:
    """The text of an XML element, on one line."""
    return one_line("".join(str(part) for part in element.itertext()))
