"""Cutting a known advertisement out of its line, with all that came with it and nothing else.

    cut("他说。（手机用户请浏览 m．example．com 阅读）她笑了。", ["手机用户请浏览mexamplecom阅读"])
        == ("他说。她笑了。", ["（手机用户请浏览 m．example．com 阅读）"])

Phrases are squeezed (see adverts.py), so width, case, punctuation and lookalike letters make no difference;
only a mark that a phrase ends with is meant as it is. A line is gone through once for each phrase that it
holds, however long it is and however often it holds it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from xuxie.books.adverts import squeezed, squeezed_places

QUOTES = "“”‘’「」『』"  # may be left open: speech goes on in the next paragraph
OPENING = dict(zip("）)]】》」』”’>〕", "（([【《「『“‘<〔", strict=True))  # of each closing bracket
CLOSING = {opening: closing for closing, opening in OPENING.items()}
BRACKETS = OPENING.keys() | CLOSING.keys()
DECORATION = frozenset(" \t\u3000\u00a0*★☆=|#@^&_+■□◆◇●○※")
BEFORE_AN_ADDRESS = re.compile(r"(?:https?\s?[:：]\s?[/／]{1,2}\s?)?(?:[A-Za-z0-9]{1,12}[.．])*$")
BEHIND_AN_ADDRESS = re.compile(r"(?:[:：]\d{2,5})?(?:[/／][A-Za-z0-9.．/／_?=&%-]*)?")
LONGEST_BEFORE = 80  # characters that may belong to an address before the known part of it
LATIN = re.compile("[a-z0-9]")
BEFORE_A_SENTENCE = frozenset("。！？!?…”」』：:；;")
LEFT_BEHIND = frozenset("，。！？,.!?、~～：:；;")  # with an advertisement


def cut(line: str, phrases: Sequence[str]) -> tuple[str, list[str]]:
    """`line` without the squeezed `phrases`, and what was cut out, in order of cutting."""
    removed: list[str] = []
    bare = squeezed(line)
    for pattern in phrases:
        phrase = squeezed(pattern)
        if phrase and phrase in bare:
            mark = pattern.removeprefix(phrase)
            scissors = Scissors(line)
            for first, last in occurrences(line, phrase):
                scissors.cut_out(phrase, first, last + (mark != "" and line.startswith(mark, last)))
            line = scissors.rest()
            removed += scissors.removed
            bare = squeezed(line)
    return line, removed


def occurrences(line: str, phrase: str) -> Iterator[tuple[int, int]]:
    """Where in a line a squeezed phrase stands, from left to right; no two overlap."""
    bare, places = squeezed_places(line)
    start = bare.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        yield places[start], places[end - 1] + 1
        start = bare.find(phrase, end)


class Scissors:
    """Goes through a line from left to right, and cuts; every character is moved once or twice."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.kept: list[str] = []  # what stays of line[:next]
        self.next = 0
        self.removed: list[str] = []
        self.outside = Counter(filter(BRACKETS.__contains__, line))  # of all that is not removed

    def rest(self) -> str:
        """The line without what was cut out."""
        return "".join(self.kept) + self.line[self.next :]

    def cut_out(self, phrase: str, first: int, last: int) -> None:
        """Cut out a phrase at line[first:last]: with the rest of its address, brackets, punctuation …"""
        if first < self.next:  # it went with the one before
            return
        self.kept += self.line[self.next : first]
        self.next = first
        self.before: list[str] = []  # what is taken of `kept`, backwards
        self.inside: Counter[str] = Counter()  # the brackets of what is taken
        self.take_right(last - first)
        if LATIN.match(phrase[0]):
            address = BEFORE_AN_ADDRESS.search("".join(self.kept[-LONGEST_BEFORE:]))
            self.take_left(len(address[0]) if address else 0)
        if LATIN.match(phrase[-1]) and (address := BEHIND_AN_ADDRESS.match(self.line, last)):
            self.take_right(len(address[0]))
        self.widen()
        if not self.kept or self.kept[-1] in BEFORE_A_SENTENCE:
            self.take_right(after_punctuation(self.line, self.next) - self.next)
        self.removed.append("".join(reversed(self.before)) + self.line[first : self.next])

    def widen(self) -> None:
        """Take decoration and brackets on both sides, for as long as there are any that came with it."""
        behind = self.next  # the punctuation that follows: （…！）
        while True:
            while self.left() in DECORATION:
                self.take_left(1)
            while self.right() in DECORATION:
                self.take_right(1)
            behind = after_punctuation(self.line, max(behind, self.next))
            left, right = self.left(), self.right()
            if left and CLOSING.get(left) == self.line[behind : behind + 1]:
                self.take_left(1)
                self.take_right(behind + 1 - self.next)
                continue
            goes_left, goes_right = self.came_along(left, CLOSING), self.came_along(right, OPENING)
            self.take_left(goes_left)
            self.take_right(goes_right)
            if not (goes_left or goes_right):
                return

    def left(self) -> str:
        """The character before what is taken, "" for none."""
        return self.kept[-1] if self.kept else ""

    def right(self) -> str:
        """The character behind what is taken, "" for none."""
        return self.line[self.next : self.next + 1]

    def came_along(self, bracket: str, others: Mapping[str, str]) -> bool:
        """Whether `bracket` belongs to one that is taken, or to none in the rest of the line."""
        if bracket not in others:
            return False
        other = others[bracket]
        stray = bracket not in QUOTES and self.outside[bracket] > self.outside[other]
        return stray or self.inside[other] > self.inside[bracket]

    def take_left(self, count: int) -> None:
        """Take `count` characters more of what was kept."""
        for _ in range(count):
            self.before.append(self.kept.pop())
            self.note(self.before[-1])

    def take_right(self, count: int) -> None:
        """Take `count` characters more of what follows."""
        for _ in range(count):
            self.note(self.line[self.next])
            self.next += 1

    def note(self, character: str) -> None:
        """Keep the counts of brackets true for a character that is taken."""
        if character in BRACKETS:
            self.inside[character] += 1
            self.outside[character] -= 1


def after_punctuation(line: str, place: int) -> int:
    """The place behind the punctuation that stands at `place`."""
    while place < len(line) and line[place] in LEFT_BEHIND:
        place += 1
    return place
