"""Quotes and brackets that are open, so that each is closed where it was opened.

    opened("他说：“《红楼") == "“《"

The state is a string of the marks that are open, outermost first.
"""

from xuxie.corpus.sentences import is_whole
from xuxie.corpus.tokenizer import NovelTokenizer

QUOTES = {"“": "”", "‘": "’", "「": "」", "『": "』", '"': '"'}
BRACKETS = {"《": "》", "〈": "〉", "（": "）", "(": ")", "【": "】", "〔": "〕"}
CLOSERS = QUOTES | BRACKETS
OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
MARKS = CLOSERS.keys() | OPENERS.keys()


def opened(text: str, before: str = "") -> str:
    """What is open behind `text`, where `before` was open in front of it.

    A closer closes what stands open inside of it too, and one without opener is nothing; an ASCII quote
    closes where one is open, else it opens. With a paragraph all ends: a long speech begins anew there.
    """
    for mark in text:
        if mark == "\n":
            before = ""
        elif OPENERS.get(mark, "\n") in before:
            before = before[: before.rindex(OPENERS[mark])]
        elif mark in CLOSERS:
            before += mark
    return before


def fits(text: str, before: str) -> bool:
    """Whether `text` may come where `before` is open: nothing opens twice, the innermost closes first."""
    for mark in text:
        closes = mark in OPENERS and (mark not in CLOSERS or mark in before)
        if (closes and before[-1:] != OPENERS[mark]) or (not closes and mark in before and mark in CLOSERS):
            return False
        before = opened(mark, before)
    return True


def ending(text: str, before: str) -> str:
    """What makes whole sentences of `text`, where `before` is open: a full stop, and what closes."""
    tail = "" if is_whole(text) else "。"
    closing = ""
    for mark in reversed(before):
        if mark in QUOTES:
            closing += tail
            tail = ""
        closing += CLOSERS[mark]
    return closing + tail


class QuoteRules:
    """Which tokens of a vocabulary the open quotes forbid."""

    def __init__(self, tokenizer: NovelTokenizer) -> None:
        self.marked = [(i, text) for i, text in enumerate(tokenizer.texts) if MARKS & set(text)]
        self.paragraph_id = tokenizer.paragraph_id
        self._forbidden: dict[str, list[int]] = {}

    def forbidden(self, before: str) -> list[int]:
        """Token ids that may not come where `before` is open; no paragraph ends there either."""
        if before not in self._forbidden:
            tokens = [token for token, text in self.marked if not fits(text, before)]
            self._forbidden[before] = tokens + ([self.paragraph_id] if before else [])
        return self._forbidden[before]
