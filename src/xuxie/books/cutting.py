"""Cutting a known advertisement out of its line, with all that came with it and nothing else.

    cut("他说。（手机用户请浏览 m．example．com 阅读）她笑了。", ["手机用户请浏览mexamplecom阅读"])
        == ("他说。她笑了。", ["（手机用户请浏览 m．example．com 阅读）"])

Phrases are squeezed (see adverts.py), so width, case, punctuation and lookalike letters make no difference;
only a mark that a phrase ends with is meant as it is.
"""

import re
from collections.abc import Mapping, Sequence

from xuxie.books.adverts import squeezed, squeezed_places

QUOTES = "“”‘’「」『』"  # may be left open: speech goes on in the next paragraph
OPENING = dict(zip("）)]】》」』”’>〕", "（([【《「『“‘<〔", strict=True))  # of each closing bracket
CLOSING = {opening: closing for closing, opening in OPENING.items()}
DECORATION = frozenset(" \t\u3000\u00a0*★☆=|#@^&_+■□◆◇●○※")
BEFORE_AN_ADDRESS = re.compile(r"(?:https?\s?[:：]\s?[/／]{1,2}\s?)?(?:[A-Za-z0-9]{1,12}[.．])*$")
BEHIND_AN_ADDRESS = re.compile(r"(?:[:：]\d{2,5})?(?:[/／][A-Za-z0-9.．/／_?=&%-]*)?")
LATIN = re.compile("[a-z0-9]")
BEFORE_A_SENTENCE = frozenset("。！？!?…”」』：:；;")
LEFT_BEHIND = frozenset("，。！？,.!?、~～：:；;")  # with an advertisement


def cut(line: str, phrases: Sequence[str]) -> tuple[str, list[str]]:
    """`line` without the squeezed `phrases`, and what was cut out, in order of cutting."""
    removed = []
    bare = squeezed(line)
    for pattern in phrases:
        phrase = squeezed(pattern)
        while phrase and phrase in bare:
            bare, places = squeezed_places(line)
            start = bare.index(phrase)
            last = places[start + len(phrase) - 1] + 1
            last += line[last : last + 1] == pattern.removeprefix(phrase) != ""
            first, last = span(line, phrase, places[start], last)
            removed.append(line[first:last])
            line = line[:first] + line[last:]
            bare = squeezed(line)
    return line, removed


def span(line: str, phrase: str, first: int, last: int) -> tuple[int, int]:
    """What goes with a phrase at line[first:last]: the rest of its address, brackets, punctuation …"""
    if LATIN.match(phrase[0]) and (address := BEFORE_AN_ADDRESS.search(line[:first])):
        first = address.start()
    if LATIN.match(phrase[-1]) and (address := BEHIND_AN_ADDRESS.match(line, last)):
        last = address.end()
    before = None
    while before != (first, last):
        before = first, last
        while first and line[first - 1] in DECORATION:
            first -= 1
        while last < len(line) and line[last] in DECORATION:
            last += 1
        inside, left, right = line[first:last], line[first - 1 : first], line[last : last + 1]
        behind = after_punctuation(line, last)  # （…！）
        if left and CLOSING.get(left) == line[behind : behind + 1]:
            first, last = first - 1, behind + 1
            continue
        outside = line[:first] + line[last:]
        first -= is_open(inside, left, CLOSING) or is_stray(outside, left, CLOSING)
        last += is_open(inside, right, OPENING) or is_stray(outside, right, OPENING)
    if not first or line[first - 1] in BEFORE_A_SENTENCE:
        last = after_punctuation(line, last)
    return first, last


def after_punctuation(line: str, place: int) -> int:
    """The place behind the punctuation that stands at `place`."""
    while place < len(line) and line[place] in LEFT_BEHIND:
        place += 1
    return place


def is_open(text: str, bracket: str, others: Mapping[str, str]) -> bool:
    """Whether `bracket` belongs to one in `text` that is not closed (or opened) there."""
    return bracket in others and text.count(others[bracket]) > text.count(bracket)


def is_stray(text: str, bracket: str, others: Mapping[str, str]) -> bool:
    """Whether `bracket` has no other one in `text`, so that it came with what is cut out."""
    return bracket in others and bracket not in QUOTES and text.count(bracket) > text.count(others[bracket])
