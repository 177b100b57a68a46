"""What a crawl of a site must bring.

Expected(title="北渡", author="听潮人", chapters=(…), error=IncompleteError)
"""

from dataclasses import dataclass

from xuxie.errors import XuxieError

WHOLE, FAILED, DOUBTFUL = "whole", "failed", "doubtful"


@dataclass(frozen=True, kw_only=True)
class ExpectedChapter:
    """A chapter of the result. A doubtful one may be whole or failed, but not another's text."""

    title: str
    paragraphs: tuple[str, ...]
    path: str
    volume: str = ""
    damaged: bool = False  # has a place that cannot be decoded
    outcome: str = WHOLE


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Exactly these chapters in this order, and this error. No chapters: nothing at all is to be had."""

    title: str
    author: str
    introduction: str
    status: str
    cover: str  # the path of its picture
    chapters: tuple[ExpectedChapter, ...]
    error: type[XuxieError] | None  # XuxieError itself: any of them
    locked: str = ""  # the title of an entry that leads nowhere: left out, or failed
