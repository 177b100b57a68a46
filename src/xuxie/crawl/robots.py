"""robots.txt (RFC 9309): asked once per host, obeyed always.

    robots = Robots(client)
    robots.check("https://example.com/book/1/")      # raises ForbiddenError
    robots.delay("https://example.com/book/1/")      # seconds between requests, 0.0 when it says nothing

4xx means that everything is allowed; 5xx or no answer means that nothing may be fetched now.
"""

import math
import threading

from protego import Protego

from xuxie.crawl.addresses import origin
from xuxie.crawl.client import Client
from xuxie.crawl.responses import PRODUCT
from xuxie.crawl.retries import Failure
from xuxie.errors import ForbiddenError, NetworkError
from xuxie.language import tr

MAX_RULES = 512 * 1024  # bytes; RFC 9309 asks for at least 500 KiB, the rest may be ignored


class Robots:
    """The rules of every host met, each fetched once."""

    def __init__(self, client: Client, *, ignore: bool = False) -> None:
        self.client = client
        self.ignore = ignore
        self.rules: dict[str, Protego | NetworkError] = {}
        self.lock = threading.Lock()

    def known(self, url: str) -> bool:
        """Whether `check` will answer without asking the host."""
        return self.ignore or origin(url) in self.rules

    def check(self, url: str) -> None:
        """Raise ForbiddenError when `url` may not be fetched, NetworkError when that cannot be told."""
        if not self.ignore and not self.rules_for(url).can_fetch(url, PRODUCT):
            raise ForbiddenError(
                tr(
                    "robots.txt forbids {url}: choose another site, or use --ignore-robots on your own",
                    url=url,
                )
            )

    def delay(self, url: str) -> float:
        """Seconds that the host wants between two requests. Raises NetworkError."""
        return 0.0 if self.ignore else wanted_delay(self.rules_for(url))

    def rules_for(self, url: str) -> Protego:
        """The rules of the host of `url`. Raises NetworkError, each time, when they cannot be had."""
        place = origin(url)
        with self.lock:
            if place not in self.rules:
                try:
                    self.rules[place] = self.fetch(place)
                except NetworkError as error:
                    self.rules[place] = error
            rules = self.rules[place]
        if isinstance(rules, NetworkError):
            raise rules
        return rules

    def fetch(self, place: str) -> Protego:
        """Ask the host for its rules. Raises NetworkError."""
        url = place + "/robots.txt"
        try:
            response = self.client.get(url)
        except Failure as failure:
            if failure.status is not None and 400 <= failure.status < 500 and failure.status != 429:
                return Protego.parse("")
            raise NetworkError(
                tr(
                    "{url}: {why}; without it nothing may be fetched, try again later",
                    url=url,
                    why=failure,
                )
            ) from None
        rules = Protego.parse(response.body[:MAX_RULES].decode("utf-8-sig", errors="replace"))
        self.client.paces.of(url).wants(wanted_delay(rules))
        return rules


def wanted_delay(rules: Protego) -> float:
    """The crawl-delay in seconds; 0.0 when there is none, or an absurd one."""
    delay = rules.crawl_delay(PRODUCT)
    return delay if delay and math.isfinite(delay) and delay > 0 else 0.0
