"""What each rule of cleaning takes out of a chapter.

    clean(["第一章 雪夜", "那年。（本章完）"], Context(title="第一章 雪夜"))
        == (["那年。"], [("heading", "第一章 雪夜"), ("end-mark", "（本章完）")])

A rule is a pure function of a chapter's lines and of what is known (`Context`), and returns the lines with
what it removed; RULES lists them in order.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xuxie.books.adverts import (
    HANZI,
    address_in,
    advert_tail,
    beyond_sites,
    is_advert,
    is_notice,
    may_advertise,
    site_words,
    speaks_for_a_site,
    squeezed,
    without_brackets,
)
from xuxie.books.blanks import tidied
from xuxie.books.cleaning_rules import CleaningRules
from xuxie.books.cutting import cut
from xuxie.books.learning import EDGE_LINES, edge_key, is_prose, line_key
from xuxie.books.repeated_titles import without_titles
from xuxie.books.sayings import is_saying

END_MARK = re.compile(
    r"[（(【\[]\s*(?:本章|本回|本卷|全书|全書|全文|本书)?\s*(?:已?完|终|終|未完待续|待续|未完待續|完结)\s*[。.…]*\s*[）)】\]]\s*[。.]?$"
    r"|^(?:本章完|全书完|全書完|全文完|未完待续|本章未完)[。.…]*$"
    r"|[（(]?\s*本[章节節][还還]?未完[，,\s]*[请請]?(?:点击|點擊|翻)?(?:下一)?[页頁](?:继续|繼續)?(?:阅读|閱讀|观看)?[。.！!]?\s*[)）]?$"
    r"|^[^“”「」]{0,24}(?:[请請]|点击|點擊|未完|结束|結束)[^“”「」]{0,6}(?:下一?|翻)[页頁](?:继续|繼續)(?:阅读|閱讀|观看)(?:[，,！!。.~]|后面更精彩|後面更精彩)*$"
)
# Behind the words of an end mark stands at most this; and with these characters they end.
BEHIND_END, ENDS = " \u3000。.…！!)）】]~，,", frozenset("完终終续續结页頁读讀看彩")
NOTICES = 3  # lines at each end of a chapter that may speak to the readers of a site


class Known:
    """What cleaning knows of a whole book: learned rules, and lines that its site's rules drop."""

    def __init__(self, rules: CleaningRules | None = None, drop: Sequence[str] = ()) -> None:
        rules = rules or CleaningRules()
        self.names = rules.names
        self.top, self.bottom, self.lines = (
            frozenset(rules.patterns(where)) for where in ("top", "bottom", "line")
        )
        self.inside, self.addresses = rules.patterns("inside"), rules.patterns("address")
        self.drop = [[squeezed(piece) for piece in line.split("*")] for line in drop]

    def same_as(self, other: "Known") -> bool:
        """Whether cleaning by the one does what cleaning by the other does."""
        return vars(self) == vars(other)

    def advertises(self, address: str) -> bool:
        """Whether the book is known to advertise an address."""
        return any(known in address for known in self.addresses)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule may know: the chapter's title, its volume's, and what is known of the whole book."""

    title: str = ""
    volume: str = ""
    known: Known = field(default_factory=Known)


Rule = Callable[[list[str], Context], tuple[list[str], list[str]]]


def spaces(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Strip, drop invisible characters and empty lines, make runs of spaces one; nothing visible goes."""
    text = "".join(lines)
    if text.isprintable() and " " not in text and all(lines):  # most chapters: there is nothing to do
        return lines, []
    tidy = (line if line.isprintable() and " " not in line else tidied(line) for line in lines)
    return [line for line in tidy if line], []


def boilerplate(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Lines that were learned: at the chapter's edges, or anywhere."""
    known, last = context.known, len(lines) - EDGE_LINES

    def goes(place: int, line: str) -> bool:
        near_top, near_bottom = known.top and place < EDGE_LINES, known.bottom and place >= last
        if near_top or near_bottom:
            key = edge_key(line, context.title, known.names)
            if (near_top and key in known.top) or (near_bottom and key in known.bottom):
                return True
        return bool(known.lines) and line_key(line, context.title, known.names) in known.lines

    gone = [
        (not is_prose(line) if place < EDGE_LINES or place >= last else may_advertise(line))
        and goes(place, line)
        for place, line in enumerate(lines)
    ]
    return parted(lines, gone if not all(gone) else [False] * len(lines))  # no chapter is all boilerplate


def dropped(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Lines that the rules of the site say to drop."""
    patterns = context.known.drop
    if not patterns:
        return lines, []
    return parted(lines, [any(fits(squeezed(line), pieces) for pieces in patterns) for line in lines])


def inserted(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Phrases that were learned, cut out of their lines."""
    if not context.known.inside:
        return lines, []
    kept, removed = [], []
    for line in lines:
        if not may_advertise(line):  # so it holds no phrase that was learned
            kept.append(line)
            continue
        rest, gone = cut(line, context.known.inside)
        if gone and not beyond_sites(rest):
            rest, gone = "", [line]
        elif gone and is_advert(line) and (site_words(rest) or not HANZI.search(rest)):
            rest, gone = "", [line]  # the site's name beside its address
        removed.extend(gone)
        if rest := rest.strip():
            kept.append(rest)
    return kept, removed


def adverts(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """Lines that are web addresses, and notices of the site's at both ends of the chapter.

    Behind prose, only addresses that the book is known to advertise.
    """

    def tail(line: str) -> str:
        if is_advert(line) or is_saying(line) or speaks_for_a_site(line):
            return line
        found = advert_tail(line)
        return found if found and context.known.advertises(address_in(found)) else ""

    if not any(map(may_advertise, lines)):
        return lines, []
    kept, removed = [], []
    for line in lines:
        rest, brackets = without_brackets(line) if may_advertise(line) else (line, [])
        if brackets and any(map(str.isalnum, rest)):
            removed.extend(brackets)
            kept.append(rest.rstrip())
        else:
            kept.append(line)
    kept, tails = cut_tails(kept, tail, may_advertise)
    kept, notices = without_notices(kept)
    return kept, removed + tails + notices


def without_notices(lines: list[str]) -> tuple[list[str], list[str]]:
    """`lines` without what sites tell their readers at both ends; no chapter is all notices."""
    first, last = 0, len(lines)
    while first < min(NOTICES, last) and is_notice(lines[first]):
        first += 1
    while last > max(first, len(lines) - NOTICES) and is_notice(lines[last - 1]):
        last -= 1
    return (lines[first:last], lines[:first] + lines[last:]) if first < last else (lines, [])


def heading(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """The chapter's title, or its volume's, repeated by the first lines; anywhere with a page's number."""
    return without_titles(lines, context.title, context.volume)


def end_marks(lines: list[str], context: Context) -> tuple[list[str], list[str]]:
    """`(本章完)`, `（完）` and their like, at the end of any line."""

    def tail(line: str) -> str:
        match = END_MARK.search(line)
        return match[0] if match else ""

    return cut_tails(lines, tail, lambda line: line.rstrip(BEHIND_END)[-1:] in ENDS)


RULES: tuple[tuple[str, Rule], ...] = (
    ("spaces", spaces),
    ("boilerplate", boilerplate),
    ("site-rules", dropped),
    ("inserted", inserted),
    ("advert", adverts),
    ("heading", heading),
    ("end-mark", end_marks),
)


def parted(lines: list[str], gone: Sequence[bool]) -> tuple[list[str], list[str]]:
    """The lines that stay, and those that go."""
    if not any(gone):
        return lines, []
    stay = [line for line, goes in zip(lines, gone, strict=True) if not goes]
    return stay, [line for line, goes in zip(lines, gone, strict=True) if goes]


def fits(bare: str, pieces: Sequence[str]) -> bool:
    """Whether a squeezed line is these pieces, in order, with anything between two of them."""
    first, *others = pieces
    if not others:
        return bare == first
    if not (bare.startswith(first) and bare.endswith(others[-1])):
        return False
    place, end = len(first), len(bare) - len(others[-1])
    for piece in others[:-1]:
        found = bare.find(piece, place, max(place, end))
        if found < 0:
            return False
        place = found + len(piece)
    return place <= end


def cut_tails(
    lines: list[str], tail_of: Callable[[str], str], may_have: Callable[[str], object]
) -> tuple[list[str], list[str]]:
    """Each line that `may_have` a tail without it, and the tails; lines that were all tail are gone."""
    kept, removed = [], []
    for line in lines:
        if not may_have(line) or not (tail := tail_of(line)):
            kept.append(line)
            continue
        removed.append(tail)
        if rest := line.removesuffix(tail).rstrip():
            kept.append(rest)
    return kept, removed


def clean(
    lines: list[str], context: Context, rules: Sequence[tuple[str, Rule]] = RULES
) -> tuple[list[str], list[tuple[str, str]]]:
    """A chapter's lines after all rules, and what went: (rule, text)."""
    removed: list[tuple[str, str]] = []
    for name, rule in rules:
        lines, gone = rule(lines, context)
        removed.extend((name, text) for text in gone)
    return lines, removed
