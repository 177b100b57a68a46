"""What a site answered, and how its bytes become text: shared by both HTTP clients.

    Response(url=..., status=200, headers={...}, body=b"...").text()

Bodies are taken as they come over the wire and unpacked here, so that one cap holds for what is sent
and for what it unpacks to.
"""

import functools
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from xuxie.books.decoding import decode
from xuxie.crawl.notices import RATE
from xuxie.crawl.retries import RETRIED, Failure, retry_after_seconds
from xuxie.errors import InputError
from xuxie.language import tr

PRODUCT = "xuxie"
ACCEPTED_ENCODINGS = "gzip, deflate"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PAGE_TYPES = ("text/", "html", "xml")
META_CHARSET = re.compile(
    rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)
HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
TOO_MANY = 429
NOTICE_BYTES = 6000  # a page with a chapter is larger
NOTICE = 300  # characters shown; with more it is not only this that the page has to say
MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
GZIP = b"\x1f\x8b"
META_WITHIN = 4096  # bytes; the standard says 1024, sites say otherwise


def request_headers() -> dict[str, str]:
    """Who asks, and for what."""
    try:
        version = metadata.version(PRODUCT)
    except metadata.PackageNotFoundError:  # run from the source tree
        version = "0"
    return {
        "User-Agent": f"{PRODUCT}/{version} (+novel continuation; personal use; obeys robots.txt)",
        "Accept": "text/html, application/xhtml+xml, text/plain;q=0.5",
        "Accept-Encoding": ACCEPTED_ENCODINGS,
        "Accept-Language": "zh-CN, zh;q=0.9",
    }


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page as text, and the address it was found at."""

    url: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer whose body has been read; `headers` have lower-case names."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> str:
        """The page's text. Raises Failure when it is none."""
        return self.page().text

    def page(self) -> Page:
        """The page as text. Raises Failure when it is none."""
        return self.decoded

    @functools.cached_property
    def decoded(self) -> Page:
        """What `page` returns, decoded once."""
        self.check()
        try:
            text = decode(self.body, declared_charset(self.content_type, self.body)).text
        except InputError as why:
            raise Failure(str(why)) from None
        return Page(url=self.url, text=text)

    @property
    def content_type(self) -> str:
        """What the body is, in the site's words."""
        return self.headers.get("content-type", "")

    def check(self) -> None:
        """Raise Failure when there is no page to be decoded."""
        media = self.content_type.partition(";")[0].strip().lower()
        if media and not any(part in media for part in PAGE_TYPES):
            raise Failure(tr("the site sends {kind}, not a page", kind=media))
        if not self.body or self.body.isspace():
            raise Failure(tr("the page is empty"), temporary=True)

    def check_patience(self) -> None:
        """Raise Failure, as for 429, when the page only says that the site is asked too often."""
        if self.status != 200 or len(self.body) > NOTICE_BYTES:
            return
        try:
            shown = "".join(MARKUP.sub("", self.text()).split())
        except Failure:  # no page at all: that is for the reader to find out
            return
        if len(shown) < NOTICE and RATE.search(shown):
            raise Failure(tr("the site says that it is asked too often"), temporary=True, status=TOO_MANY)


def declared_charset(content_type: str, body: bytes) -> str | None:
    """The charset that the header, or else the page's <meta>, declares."""
    if header := HEADER_CHARSET.search(content_type):
        return header[1]
    meta = META_CHARSET.search(body[:META_WITHIN])
    return meta[1].decode("ascii") if meta else None


def check_status(status: int, headers: Mapping[str, str], now: float) -> None:
    """Raise Failure for an answer that is neither a page nor a redirect. `now`: seconds since 1970."""
    if status == 200 or status in REDIRECTS:
        return
    after = headers.get("retry-after")
    raise Failure(
        tr("the site answers {status}", status=status),
        temporary=status in RETRIED,
        retry_after=retry_after_seconds(after, now) if after and status in RETRIED else None,
        status=status,
    )


class Body:
    """Collects a body and keeps it, and what it unpacks to, below `limit` bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        self.limit = limit
        self.content = bytearray()
        self.received = 0
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Failure(tr("the site sends an encoding that was not asked for: {name}", name=encoding))
        self.packed = encoding not in ("", "identity")
        self.deflate = encoding == "deflate"
        self.unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header

    def feed(self, chunk: bytes) -> None:
        """Take a chunk as it came. Raises Failure when the body grows too large or is damaged."""
        if self.deflate and not self.received and chunk and chunk[0] & 0x0F != 8:
            self.unpacker = zlib.decompressobj(wbits=-15)  # some servers leave out the zlib header
        self.received += len(chunk)
        self.check(self.received)
        if not self.packed:
            self.content += chunk
            return
        try:
            self.unpack(chunk)
        except zlib.error:
            raise Failure(tr("the page is damaged: it cannot be unpacked"), temporary=True) from None

    def unpack(self, chunk: bytes) -> None:
        """Add what a chunk unpacks to. Raises zlib.error."""
        while chunk:
            if self.unpacker.eof:
                if not chunk.startswith(GZIP):  # browsers, too, ignore what follows the end
                    return
                self.unpacker = zlib.decompressobj(wbits=47)
            self.content += self.unpacker.decompress(chunk, self.limit + 1 - len(self.content))
            self.check(len(self.content))
            chunk = self.unpacker.unused_data or self.unpacker.unconsumed_tail

    def check(self, size: int) -> None:
        """Raise Failure when `size` bytes are too many."""
        if size > self.limit:
            raise Failure(tr("the page is larger than {limit} bytes", limit=self.limit))

    def finish(self) -> bytes:
        """The whole body. Raises Failure when it was cut short."""
        if self.packed and self.received and not self.unpacker.eof:
            raise Failure(tr("the page was cut short"), temporary=True)
        return bytes(self.content)
