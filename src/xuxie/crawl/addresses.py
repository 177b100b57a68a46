"""Web addresses: checked, in one spelling, and kept out of the private network.

    guard = Guard("https://example.com/book/1/")      # remembers that the crawl started in public
    guard.check("http://192.168.1.1/admin")           # raises ForbiddenError

A page may link or redirect anywhere. What the crawl follows must be reachable from where it started:
a crawl of the public web never touches loopback, private or link-local addresses.
"""

import functools
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from xuxie.errors import ForbiddenError, InputError, NetworkError
from xuxie.language import tr

Kind = Literal["public", "loopback", "link-local", "private"]
Resolve = Callable[[str], list[str]]  # host name -> IP addresses; raises OSError
SAFE = "!$%&'()*+,/:;=@~-._"  # stands for itself in a path; "%" because what is quoted stays quoted
MAX_LENGTH = 2048
RECENT = 128  # addresses that are looked at more than once within a short time
# A link that needs neither quoting nor folding; short enough for any base.
PLAIN = re.compile(
    r"/?[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,200}(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,200}){0,4}/?(?:\?[A-Za-z0-9=&_.~-]{1,200})?"
)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NUMERIC = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)  # 127.1, 0x7f.1, 2130706433


@functools.lru_cache(maxsize=RECENT)
def normalise(url: str) -> str:
    """The one spelling of an http(s) address: lower-case host, quoted path, no fragment.

    Raises InputError for anything else, and for an address that carries a password.
    """
    wrong = InputError(tr("{url} is not a web address: give one like https://example.com/book/1/", url=url))
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        ascii_host = (host or "").encode("idna").decode("ascii") if not is_literal(host or "") else host
    except ValueError:  # a wrong port, brackets without an address, a host name beyond IDNA
        raise wrong from None
    if parts.scheme not in ("http", "https") or not ascii_host or len(url) > MAX_LENGTH:
        raise wrong
    if not is_literal(ascii_host) and not is_name(ascii_host):
        raise wrong
    if parts.username or parts.password:
        raise InputError(tr("{host}: leave the user name and password out of the address", host=ascii_host))
    place = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        place += f":{port}"
    path, query = quote(parts.path or "/", safe=SAFE), quote(parts.query, safe=SAFE + "?")
    return urlunsplit((parts.scheme, place, path, query, ""))


def join(base: str, link: str) -> str | None:
    """The address that `link` on the page `base` leads to; None when it leads nowhere on the web."""
    link = link.strip()
    try:
        if PLAIN.fullmatch(link):  # as most are
            return (normalise(origin(base))[:-1] if link[0] == "/" else directory(base)) + link
        if link.startswith("/") and not link.startswith("//") and "/." not in link:
            return normalise(origin(base) + link)
        return normalise(urljoin(base, link))
    except (InputError, ValueError):
        return None


@functools.lru_cache(maxsize=RECENT)
def directory(url: str) -> str:
    """What a relative link on the page at `url` stands below."""
    return normalise(urljoin(normalise(url), "x"))[:-1]


class Split(NamedTuple):
    """An address in pieces; the path begins with a slash."""

    host: str  # with the port
    path: str
    query: str


def split_url(url: str) -> Split:
    """The pieces of a normalised address: many times faster than urlsplit, for thousands of links."""
    host, slash, rest = url.partition("://")[2].partition("/")
    path, _, query = rest.partition("?")
    return Split(host, slash + path, query)


def origin(url: str) -> str:
    """Scheme, host and port of a normalised address: what one robots.txt speaks for."""
    end = url.find("/", url.find("://") + 3)
    return url if end < 0 else url[:end]


def host_of(url: str) -> str:
    """The host of an address, without port and brackets."""
    return host_in(origin(url))


@functools.lru_cache(maxsize=RECENT)
def host_in(place: str) -> str:
    """The host in an origin."""
    return urlsplit(place).hostname or ""


def is_name(host: str) -> bool:
    """Whether a host is a name. An address in an old spelling, such as 127.1, is none: systems read it."""
    allowed = all(c.isalnum() or c in "-._" for c in host)
    return allowed and not NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2])


@functools.lru_cache(maxsize=RECENT)
def is_literal(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=RECENT)
def kind_of(address: str) -> Kind:
    """What part of the network an IP address lies in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or translated(ip) or ip
    if ip.is_loopback or ip.is_unspecified:  # 0.0.0.0 reaches this machine too
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    return "public" if ip.is_global and not ip.is_multicast else "private"


def translated(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a NAT64 gateway makes of an address (RFC 6052)."""
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None


def resolve_host(host: str) -> list[str]:
    """The IP addresses of a host. Raises OSError when it has none."""
    if is_literal(host):
        return [host]
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Guard:
    """Permits public addresses, and those of the same kind as where the crawl started.

    A site on loopback may thus be crawled, but a public one never leads there, and loopback never
    leads on to a private network. Raises NetworkError when the start has no address.
    """

    def __init__(self, start: str, resolve: Resolve = resolve_host) -> None:
        self.resolve = resolve
        self.kinds: set[Kind] = {"public"}
        self.kinds |= {kind_of(address) for address in self.addresses(start)}

    def addresses(self, url: str) -> list[str]:
        """The IP addresses of an address's host. Raises NetworkError when it has none."""
        try:
            return self.resolve(host_of(url))
        except (OSError, UnicodeError):
            raise NetworkError(
                tr("cannot find the host {host}: check the address and your connection", host=host_of(url))
            ) from None

    def permitted(self, host: str) -> list[str]:
        """The IP addresses of a host, all within bounds. Raises OSError, UnicodeError, ForbiddenError."""
        found = self.resolve(host)
        self.require(found, host)
        return found

    def require(self, addresses: Iterable[str], place: str) -> None:
        """Raise ForbiddenError, which names `place`, when any of the IP addresses is out of bounds."""
        if not all(self.permits(address) for address in addresses):
            raise ForbiddenError(
                tr("{url} leads into a private network, where this crawl may not go", url=place)
            )

    def permits(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        return kind_of(address) in self.kinds

    def check(self, url: str) -> None:
        """Raise ForbiddenError when any IP address of the host is out of bounds, or NetworkError."""
        self.require(self.addresses(url), url)
