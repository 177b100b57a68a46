"""How well catalogues and chapters are read from saved pages of real sites.

    python benchmarks/crawl_pages.py DIR [--raw] [--others]

DIR holds saved pages, byte for byte, and beside each a truth with the same stem: `some-site-1.html` and
`some-site-1.json`, an object of

    url       where the page was found
    kind      "chapter", "catalogue", or "none": a page that holds no chapter (a login)
    title     of the chapter, or of the book
    text      of a chapter: its paragraphs, without heading, advertisements, navigation and comments
    author    of a catalogue's book; left out where the page does not tell it
    chapters  of a catalogue: the addresses of the chapters in reading order; none for a page that is none;
              for one of several pages those of its part of the list, without the newest that stand apart

A chapter's text is compared without blanks: precision is the share of the characters found that are the
text's, in order; recall the share of the text's that were found. It is measured as a book would hold it,
extracted and cleaned by what one page tells; with `--raw`, as extracted. A catalogue is right when all its
addresses are, in order. `--others` reads the same chapters with trafilatura and readability-lxml
(`pip install .[bench]`).
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from xuxie.books.removal import Context, clean
from xuxie.crawl.catalogue import parse_catalogue
from xuxie.crawl.extraction import extract_chapter
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.responses import Response
from xuxie.errors import XuxieError

Truth = dict[str, Any]
Extractor = Callable[[str, Truth], str]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Characters of a text that were found, of those found, and of the text."""

    common: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Of what was found, what is true; 1 when nothing was found."""
        return self.common / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of what is true, what was found."""
        return self.common / self.true if self.true else 1.0

    def __add__(self, other: "Overlap") -> "Overlap":
        return Overlap(
            common=self.common + other.common, found=self.found + other.found, true=self.true + other.true
        )


def main() -> int:
    """Print the tables; 1 when DIR holds no pages with a truth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--raw", action="store_true", help="measure text as extracted, before cleaning")
    parser.add_argument("--others", action="store_true", help="also trafilatura and readability-lxml")
    arguments = parser.parse_args()
    pages = list(read_pages(arguments.directory))
    if not pages:
        sys.stderr.write(f"{arguments.directory}: no page has a truth beside it\n")
        return 1
    chapters = [page for page in pages if page[2]["kind"] == "chapter"]
    print_catalogues([page for page in pages if page[2]["kind"] == "catalogue"])
    print_refusals([page for page in pages if page[2]["kind"] == "none"])
    extractors: dict[str, Extractor] = {"xuxie": extracted if arguments.raw else cleaned}
    if arguments.others:
        extractors |= {"trafilatura": by_trafilatura, "readability-lxml": by_readability}
    for name, extractor in extractors.items():
        print_chapters(name, chapters, extractor)
    return 0


def read_pages(directory: Path) -> Iterator[tuple[str, str, Truth]]:
    """The name, the HTML and the truth of every page."""
    for path in sorted(directory.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        page = next(iter(sorted(set(path.parent.glob(path.stem + ".*")) - {path})))
        headers = {"content-type": "text/html"}
        response = Response(url=truth["url"], status=200, headers=headers, body=page.read_bytes())
        yield path.stem, response.text(), truth


def print_catalogues(pages: list[tuple[str, str, Truth]]) -> None:
    """A line for every catalogue: how many chapters it has, and what was read otherwise."""
    right = 0
    for name, html, truth in pages:
        faults = catalogue_faults(html, truth)
        right += not faults
        print(f"{name:24} {len(truth['chapters']):5} chapters  {'; '.join(faults) or 'right'}")
    print(f"{'catalogues':24} {right} of {len(pages)} right\n")


def catalogue_faults(html: str, truth: Truth) -> list[str]:
    """What of a catalogue was read otherwise than it is."""
    try:
        catalogue = parse_catalogue(html, truth["url"])
    except XuxieError as error:
        return [str(error)] if truth["chapters"] else []
    found, true = [entry.url for entry in catalogue.entries], truth["chapters"]
    faults = []
    if missing := set(true) - set(found):
        faults.append(f"{len(missing)} missing")
    if foreign := set(found) - set(true):
        faults.append(f"{len(foreign)} that are none")
    if not faults and found != true:
        faults.append("another order")
    faults += [
        f"{name} {getattr(catalogue, name)!r}, not {truth[name]!r}"
        for name in ("title", "author")
        if truth.get(name) and getattr(catalogue, name) != truth[name]
    ]
    return faults


def print_refusals(pages: list[tuple[str, str, Truth]]) -> None:
    """A line for every page that holds no chapter: whether it was taken for one."""
    taken = {name: extracted(html, truth) for name, html, truth in pages}
    for name, text in taken.items():
        print(f"{name:24} {f'taken for a chapter: {text[:40]}' if text else 'refused'}")
    print(f"{'no chapters':24} {sum(not text for text in taken.values())} of {len(pages)} refused\n")


def print_chapters(name: str, pages: list[tuple[str, str, Truth]], extractor: Extractor) -> None:
    """A line for every chapter: precision and recall by character."""
    total, whole = Overlap(common=0, found=0, true=0), 0
    print(f"{name:24} {'precision':>9} {'recall':>7} {'characters':>10}")
    for page, html, truth in pages:
        overlap = compare(extractor(html, truth), "".join(truth["text"]))
        total, whole = total + overlap, whole + (overlap.common == overlap.found == overlap.true)
        print(f"{page:24} {overlap.precision:9.4f} {overlap.recall:7.4f} {overlap.true:10}")
    print(f"{'all':24} {total.precision:9.4f} {total.recall:7.4f} {total.true:10}")
    print(f"{len(pages)} chapters, {whole} of them exactly right\n")


def compare(found: str, true: str) -> Overlap:
    """What two texts have in common, without blanks."""
    found, true = "".join(found.split()), "".join(true.split())
    blocks = SequenceMatcher(None, found, true, autojunk=False).get_matching_blocks()
    return Overlap(common=sum(block.size for block in blocks), found=len(found), true=len(true))


def extracted(html: str, truth: Truth) -> str:
    """A chapter's text as it is extracted; "" when the page is refused."""
    try:
        return "\n".join(extract_chapter(html, truth["title"]))
    except UnusablePage:
        return ""


def cleaned(html: str, truth: Truth) -> str:
    """A chapter's text as a book would hold it."""
    lines, _ = clean(extracted(html, truth).split("\n"), Context(title=truth["title"]))
    return "\n".join(lines)


def by_trafilatura(html: str, truth: Truth) -> str:
    """The same by trafilatura."""
    from trafilatura import extract

    return str(extract(html, url=truth["url"], include_comments=False) or "")


def by_readability(html: str, _: Truth) -> str:
    """The same by readability-lxml."""
    from readability import Document
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(Document(html).summary()).text()


if __name__ == "__main__":
    sys.exit(main())
