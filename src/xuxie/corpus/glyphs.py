"""Characters that a text has lost: □ stands for them, a private code, or a description in brackets.

    missing_glyphs(["□【左“鱼”右“便”】提督"]) == (["\\ufffd提督"], ["□【左“鱼”右“便”】"])

All become U+FFFD, which no vocabulary of xuxie holds: the model reads [UNK] there, learns that a character
stands there, and never writes one. The text around it stays whole.
"""

import re

MISSING = "\ufffd"

HAN = "\u3400-\u9fff"
DESCRIBED = re.compile(
    r"[□囗]?[【〔\[［(（][^】〕\]］)）]{0,4}左“.{1,6}”.{0,20}?[】〕\]］)）]"
    rf"|[□囗][【〔\[［][{HAN}]{{1,4}}[】〕\]］]"
    rf"|<[{HAN}]{{2,3}}>"
)
CENSORED = re.compile(
    rf"(?<=[{HAN}])[*＊]+(?=[{HAN}，。！？；：、”])|(?<=[，。！？；：、“])[*＊]+(?=[{HAN}])"
)
GLYPH = re.compile(r"[□囗▢〓\ue000-\uf8ff\U000f0000-\U0010fffd]")


def missing_glyphs(paragraphs: list[str]) -> tuple[list[str], list[str]]:
    """The paragraphs with U+FFFD for every character that is missing, and what stood there."""
    found: list[str] = []

    def note(match: re.Match[str]) -> str:
        found.append(match[0])
        return MISSING * (len(match[0]) if match.re is CENSORED else 1)

    replaced = []
    for line in paragraphs:
        for pattern in (DESCRIBED, CENSORED, GLYPH):
            line = pattern.sub(note, line)
        replaced.append(line)
    return replaced, found
