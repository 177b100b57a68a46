"""Phrases to look for in a growing text, and how much of its end may still become one.

phrases = Phrases(["不禁", "不由得"])
phrases.find("他不禁")        # 1
phrases.held("他不由")        # 2: 不由 may go on to 不由得
"""

from collections.abc import Iterable


class Phrases:
    """A set of strings. `texts` are looked up whole, as they are."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = frozenset(texts)
        self._beginnings = {text[:length] for text in self.texts for length in range(1, len(text))}
        self._longest = max(map(len, self._beginnings), default=0)

    def find(self, text: str, behind: int = 0) -> int | None:
        """Where the first phrase in `text` begins that ends behind so many characters; None without one."""
        starts = ((phrase, max(0, behind + 1 - len(phrase))) for phrase in self.texts)
        return min((place for phrase, at in starts if (place := text.find(phrase, at)) >= 0), default=None)

    def held(self, text: str) -> int:
        """How many of the last characters of `text` are the beginning of a phrase."""
        for length in range(min(self._longest, len(text)), 0, -1):
            if text[-length:] in self._beginnings:
                return length
        return 0
