"""What sites say to their readers in English and Vietnamese, as whole lines of a chapter.

    is_saying("This chapter is updated by lamp.example.com")

By how such lines begin and the address in them, else by their own words; what might be prose stays.
"""

import re

DOMAINS = "com|net|org|info|xyz|top|cc|me|io|co|app|vip|site|online|club|pub|vn"
ADDRESS = rf"\b(?:[a-z0-9-]{{1,30}}(?:\.|\sdot\s)){{1,3}}(?:{DOMAINS})\b"
MAX_SAYING = 200  # characters
OPENINGS = (
    r"(?:please |kindly )?(?:visit|read|find|follow|enjoy|search|discover|experience|check out|get)",
    r"(?:please |kindly )?(?:explore|continue|support|bookmark|new|latest|most up-?to-?date|updated?)",
    r"this (?:chapter|content|novel|story|text|book|translation)|published|translated",
    r"the (?:source|content|original|latest|newest|most|rest|next)|for (?:more|the|new|latest|better)",
    r"you(?:['’]re| are) reading|thank you for reading",
    r"bạn đang đọc|truyện được|chương này|đọc (?:full|truyện|tại)|nguồn",
)
AROUND_AN_ADDRESS = re.compile(
    rf"\W*(?:{'|'.join(OPENINGS)})\b[^\n]{{0,120}}{ADDRESS}[^\n]{{0,60}}", re.IGNORECASE
)
BY_THEIR_WORDS = re.compile(
    r"\W*(?:if you find any errors?\b.{0,160}\breport\b.{0,60}"
    r"|(?:tip\W*)?you can use (?:the )?left, right\b.{0,80}"
    r"|(?:use|press) (?:the )?(?:left|arrow)\b.{0,40}\b(?:prev|next|chapters?)\b.{0,20}"
    r"|sponsored content|advertisements?|(?:story|article) continues below"
    r"|prev(?:ious)?(?: chapter)?\W+(?:(?:table of contents|toc|index|home)\W+)?next(?: chapter)?)\W*",
    re.IGNORECASE,
)
READING = re.compile(
    r"novel|chapter|stor(?:y|ies)|content|update|website|\bsite\b|source|read|truyện|chương|đọc|nguồn",
    re.IGNORECASE,
)
SPEECH = re.compile('[“”"「」『』]')


def is_saying(line: str) -> bool:
    """Whether a whole line is such a one; never what is said between quotation marks."""
    if len(line) > MAX_SAYING or SPEECH.search(line):
        return False
    if AROUND_AN_ADDRESS.fullmatch(line):
        return READING.search(line) is not None
    return BY_THEIR_WORDS.fullmatch(line) is not None
