"""Cutting a known advertisement out of its line, with all that came with it and nothing else.

    cut("他说。（手机用户请浏览 m．example．com 阅读）她笑了。", ["手机用户请浏览mexamplecom阅读"])
        == ("他说。她笑了。", ["（手机用户请浏览 m．example．com 阅读）"])

Phrases are squeezed (see adverts.py), so width, case, punctuation and lookalike letters make no difference.
"""

import re
from collections.abc import Sequence

from xuxie.books.adverts import squeezed, squeezed_places

BRACKETS = {*zip("（([【《「『“‘<〔", "）)]】》」』”’>〕", strict=True)}
DECORATION = frozenset(" \t\u3000\u00a0*★☆=|#@^&_+■□◆◇●○※")
OF_AN_ADDRESS = re.compile(r"[A-Za-z0-9.:/_\-?=&%．／：]")
LATIN = re.compile("[a-z0-9]")
BEFORE_A_SENTENCE = frozenset("。！？!?…”」』：:；;")
LEFT_BEHIND = frozenset("，。！？,.!?、~～：:；;")


def cut(line: str, phrases: Sequence[str]) -> tuple[str, list[str]]:
    """`line` without the squeezed `phrases`, and what was cut out, in order of cutting."""
    removed = []
    bare = squeezed(line)
    for phrase in phrases:
        while phrase in bare:
            bare, places = squeezed_places(line)
            start = bare.index(phrase)
            first, last = span(line, phrase, places[start], places[start + len(phrase) - 1] + 1)
            removed.append(line[first:last])
            line = line[:first] + line[last:]
            bare = squeezed(line)
    return line, removed


def span(line: str, phrase: str, first: int, last: int) -> tuple[int, int]:
    """What goes with a phrase at line[first:last]: the rest of its address, brackets, punctuation …"""
    while LATIN.match(phrase[0]) and first and OF_AN_ADDRESS.match(line[first - 1]):
        first -= 1
    while LATIN.match(phrase[-1]) and last < len(line) and OF_AN_ADDRESS.match(line[last]):
        last += 1
    before = None
    while before != (first, last):
        before = first, last
        while first and line[first - 1] in DECORATION:
            first -= 1
        while last < len(line) and line[last] in DECORATION:
            last += 1
        if first and last < len(line) and (line[first - 1], line[last]) in BRACKETS:
            first, last = first - 1, last + 1
    if not first or line[first - 1] in BEFORE_A_SENTENCE:
        while last < len(line) and line[last] in LEFT_BEHIND:
            last += 1
    return first, last
