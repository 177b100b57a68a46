"""How long to wait before asking again: the arithmetic of politeness.

    pause = pause_before(attempt=2, retry_after=None, jitter=0.3)   # seconds

Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015); a host's own
Retry-After (RFC 9110, section 10.2.3) overrides it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 1.0  # seconds, doubled with every attempt
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 120.0  # a host that asks for more is given up
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The clock and the dice, so that a test need not wait. Times in seconds."""

    sleep: Callable[[float], None] = time.sleep
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


class Failure(Exception):  # noqa: N818 - an outcome of a request, which never leaves this room
    """A request that brought no page; its text says why."""

    def __init__(
        self,
        reason: str,
        *,
        temporary: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.temporary = temporary
        self.retry_after = retry_after  # seconds
        self.status = status  # of HTTP, when the site answered
        self.forbidden = status in (401, 402, 403, 451)


def pause_before(attempt: int, retry_after: float | None, jitter: float) -> float:
    """Seconds to wait before the `attempt`-th further try (from 1); `jitter` lies in 0–1.

    At least half the backoff is kept, so that the tries do spread out.
    """
    if retry_after is not None:
        return retry_after
    backoff = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 10))
    return backoff * (0.5 + jitter / 2)


def may_retry(failure: Failure, attempt: int, retries: int) -> bool:
    """Whether a request that failed for the `attempt`-th time (from 1) is worth another try."""
    too_long = failure.retry_after is not None and failure.retry_after > LONGEST_RETRY_AFTER
    return failure.temporary and attempt <= retries and not too_long


def retry_after_seconds(value: str, now: float) -> float | None:
    """What a Retry-After header asks for: seconds, or a date; None when it is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:  # "-0000"; an HTTP date is always in GMT
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)
