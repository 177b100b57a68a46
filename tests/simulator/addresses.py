"""Where a site keeps its catalogue, its chapters and their pages, and how its links say so.

    places = Addresses(frozenset({"query-addresses"}), Random(3), 12)
    places.chapter(0), places.page(0, 2), places.catalogue(2), places.link(path, seen_from)

A style of address is a fault too: what a crawler takes for the shape of chapters must be learned anew.
"""

import posixpath
from collections.abc import Set
from random import Random

HOST = "@HOST@"  # stands for http://host:port until a page is sent
BASE_HREF = "/deep/er/"


class Addresses:
    """Paths with their queries. Chapters are counted from 0, pages from 1."""

    def __init__(self, faults: Set[str], random: Random, chapters: int) -> None:
        self.faults = faults
        book = random.randint(10, 99)
        self.directory = f"/book/{book}/"
        self.start, self.pattern = self.directory, f"{self.directory}{{}}.html"
        self.stranger = "/book/9876/70012.html"
        if "other-directory" in faults:
            self.start, self.pattern = f"/info/{book}.html", f"/read/{book}/{{}}.html"
            self.stranger = "/read/9876/70012.html"
        elif "query-addresses" in faults:
            self.start, self.pattern = f"/book.php?id={book}", f"/read.php?id={book}&cid={{}}"
            self.stranger = "/read.php?id=9876&cid=70012"
        elif "flat-addresses" in faults:
            self.start, self.pattern = f"/{book}_{book}123/", "/read/{}.html"
            self.stranger = "/read/170012.html"
        self.numbers = [48213 + 3 * place + place // 4 * 7 for place in range(chapters)]
        if "unordered-addresses" in faults:
            random.shuffle(self.numbers)
        self.paging = random.choice(("index", "directory", "query"))
        self.whole = random.choice(("all.html", "list.html", "mulu/"))

    def chapter(self, place: int) -> str:
        """The first page of a chapter."""
        return self.pattern.format(self.numbers[place])

    def page(self, place: int, number: int) -> str:
        """A page of a chapter."""
        path = self.chapter(place)
        if number == 1:
            return path
        if "pages-query" in self.faults or "?" in path:
            return f"{path}{'&' if '?' in path else '?'}page={number}"
        stem = path.removesuffix(".html")
        if "pages-directory" in self.faults:
            return f"{stem}/{number}.html"
        return f"{stem}{'-' if 'pages-dash' in self.faults else '_'}{number}.html"

    def moved(self, place: int) -> str:
        """Another address of a chapter's first page, in the same directory."""
        path = self.chapter(place)
        return path + "&v=2" if "?" in path else path.removesuffix(".html") + "-new.htm"

    def catalogue(self, number: int = 1) -> str:
        """A page of the list of chapters."""
        first = self.start
        if "full-catalogue-link" in self.faults:
            if "?" in first:
                first = first.replace("/book.php", "/mulu.php")
            else:
                first = posixpath.join(first.removesuffix(".html"), self.whole)
        if number == 1:
            return first
        if "?" in first or self.paging == "query":
            return f"{first}{'&' if '?' in first else '?'}page={number}"
        if self.paging == "directory":
            return f"{first.removesuffix('.html').rstrip('/')}_{number}/"
        return posixpath.join(posixpath.dirname(first), f"index_{number}.html")

    def link(self, path: str, seen_from: str) -> str:
        """`path` as a page at `seen_from` writes it."""
        if "absolute-links" in self.faults:
            return HOST + path
        if "protocol-relative-links" in self.faults:
            return "//@HOSTNAME@" + path
        if "relative-links" in self.faults or "base-href" in self.faults:
            here = (
                BASE_HREF if "base-href" in self.faults else posixpath.dirname(seen_from.partition("?")[0])
            )
            bare, mark, query = path.partition("?")
            slash = "/" if bare.endswith("/") and len(bare) > 1 else ""
            return posixpath.relpath(bare, here) + slash + mark + query
        return path
