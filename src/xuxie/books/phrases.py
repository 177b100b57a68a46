"""Advertisements inserted into lines of prose: found by what many chapters say alike.

    finder = PhraseFinder(rough.count)
    for lines in chapters: finder.look_at(title, lines, goes)
    finder.phrases() == [("手机用户请浏览mexamplecom阅读", 12, "他说。（手机用户请浏览 m．example．com …")]

A phrase grows from words of novel sites to both sides for as long as its occurrences agree; the prose
around it differs. Width, case, punctuation and lookalike letters make no difference.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from xuxie.books.adverts import (
    SITE_PHRASES,
    SITE_WORDS,
    advert_tail,
    is_advert,
    may_advertise,
    squeezed,
    squeezed_places,
    words_of_sites,
)
from xuxie.books.cutting import LEFT_BEHIND

ADDRESS = re.compile(
    r"(?:https?)?(?:www[a-z0-9]{3,24}?(?:com|net|org|info|xyz|top|cc|cn|co|la|me|tv)(?:cn)?"
    r"|(?<![a-z0-9])[a-z0-9]{4,24}?(?:com|net|org|info|xyz|top|cc)(?![a-z0-9]))"
)
ANCHOR = re.compile(f"{SITE_PHRASES.pattern}|{SITE_WORDS.pattern}|{ADDRESS.pattern}")
SEED = 6  # letters and hanzi around an anchor that occurrences must share to be grown
MIN_OCCURRENCES = 4  # fewer may share a neighbour by chance, which would be cut with the phrase
MIN_CHAPTERS = 3
CHAPTER_SHARE = 0.01
AGREED = 0.9  # of the occurrences, for the phrase to go one letter further
BRANCH = 0.25  # of the occurrences that go on with the same two letters: a phrase of their own
MIN_PHRASE, MAX_PHRASE = 8, 80  # letters and hanzi
CERTAIN = 4  # points: a word of sites is worth 1, a phrase 2, an address 1, or 4 when surely advertised
SPOKEN = 0.3  # of the occurrences: with so many quotation marks it is somebody in the story who says it
DISGUISED = 0.5  # of the occurrences of an address: written as nobody writes one
SPEECH = re.compile("[“”「」『』]")
SENTENCE_END = re.compile("[。！？!?…”」』]")
LATIN_PAIR = re.compile("[a-z0-9]{2}")
AS_TYPED = re.compile(r"[A-Za-z0-9.:/_-]*")


class Place(NamedTuple):
    """An occurrence: a line (an index into the finder's), and where in it, squeezed."""

    line: int
    start: int


class Found(NamedTuple):
    """A line with an anchor in it, and the chapter that it stands in."""

    chapter: int
    line: str
    bare: str  # squeezed
    breaks: frozenset[int]  # before which of its letters a sentence ends


class PhraseFinder:
    """Collects the lines that may hold an inserted phrase, then tells the phrases.

    `count` says how often a seed was seen, at most; rarer ones are not kept.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self.count = count
        self.chapters = 0
        self.found: list[Found] = []
        self.seen: Counter[str] = Counter()  # occurrences of a seed, also in lines that go as a whole
        self.places: defaultdict[str, list[Place]] = defaultdict(list)

    @staticmethod
    def seeds(lines: Sequence[str]) -> Iterator[str]:
        """The seeds in a chapter's lines, for counting."""
        for line in filter(may_advertise, lines):
            yield from seeds_in(squeezed(line)).values()

    def look_at(self, title: str, lines: Sequence[str], goes: Callable[[str, str], bool]) -> None:
        """Keep of a chapter what may be frequent.

        `goes` says of a chapter's title and a line whether the whole line goes anyway.
        """
        self.chapters += 1
        for line in filter(may_advertise, lines):
            bare = squeezed(line)
            seeds = seeds_in(bare)
            frequent = [start for start, seed in seeds.items() if self.count(seed) >= MIN_OCCURRENCES]
            self.seen.update(seeds[start] for start in frequent)
            if frequent and not goes(title, line):
                for start in frequent:
                    self.places[seeds[start]].append(Place(len(self.found), start))
                self.found.append(Found(self.chapters, line, bare, breaks_in(line)))

    def phrases(self) -> list[tuple[str, int, str]]:
        """The phrases that sites inserted, squeezed, with the chapters that have them and a line."""
        claimed: set[Place] = set()
        phrases: dict[str, tuple[int, str]] = {}
        for seed in sorted(self.places, key=lambda seed: (-self.seen[seed], seed)):
            free = [place for place in self.places[seed] if place not in claimed]
            for phrase, places in self.grow(free) if self.enough(free) else ():
                if not self.is_certain(phrase, places):
                    continue
                offsets = range(len(phrase))
                claimed.update(Place(line, start + offset) for line, start in places for offset in offsets)
                inside = [place for place in places if len(self.found[place.line].bare) > len(phrase)]
                if inside:  # else it is a line of its own, and learned as that
                    pattern = phrase + self.ending(phrase, inside)
                    phrases[pattern] = self.chapters_of(places), self.found[inside[0].line].line
        return [(phrase, chapters, line) for phrase, (chapters, line) in phrases.items()]

    def chapters_of(self, places: Sequence[Place]) -> int:
        """In how many chapters occurrences stand."""
        return len({self.found[place.line].chapter for place in places})

    def enough(self, places: Sequence[Place]) -> bool:
        """Whether so many occurrences in so many chapters can be no chance."""
        least = max(MIN_CHAPTERS, CHAPTER_SHARE * self.chapters)
        return len(places) >= MIN_OCCURRENCES and self.chapters_of(places) >= least

    def grow(self, places: list[Place]) -> Iterator[tuple[str, list[Place]]]:
        """The longest phrases around a seed that enough of its occurrences agree on, with these."""
        open_ends = [(places, SEED, 1)]  # occurrences, length, direction
        while open_ends:
            places, length, direction = open_ends.pop()
            while length < MAX_PHRASE and (on := self.going_on(places, length, direction, 1)):
                agreeing = on[max(on, key=lambda letter: (len(on[letter]), letter))]
                if len(agreeing) < AGREED * len(places):
                    break
                places, length = agreeing, length + 1
            branches = [
                group
                for group in self.going_on(places, length, direction, 2).values()
                if len(group) >= max(MIN_OCCURRENCES, BRANCH * len(places))
            ]
            taken = {place for group in branches for place in group}
            back = 0 if direction > 0 else 2
            rest = [place for place in places if Place(place.line, place.start - back) not in taken]
            if length < MAX_PHRASE:
                open_ends.extend((group, length + 2, direction) for group in branches)
            if direction > 0 and rest:
                open_ends.append((rest, length, -1))
            elif self.enough(rest):
                yield self.found[rest[0].line].bare[rest[0].start : rest[0].start + length], rest

    def going_on(
        self, places: Sequence[Place], length: int, direction: int, count: int
    ) -> dict[str, list[Place]]:
        """The occurrences by the next `count` letters, grown by these; none beyond its sentence."""
        grown: dict[str, list[Place]] = {}
        for line, start in places:
            first = start + length if direction > 0 else start - count
            crossed = first if direction > 0 else first + 1
            letters = self.found[line].bare[max(0, first) : first + count] if first >= 0 else ""
            if len(letters) == count and self.found[line].breaks.isdisjoint(
                range(crossed, crossed + count)
            ):
                grown.setdefault(letters, []).append(Place(line, min(start, first)))
        return grown

    def is_certain(self, phrase: str, places: Sequence[Place]) -> bool:
        """Whether a phrase is an advertisement: enough words of sites, and nobody in the story says it."""
        raw = list(self.spellings(places, len(phrase)))
        spoken = sum(SPEECH.search("".join(around)) is not None for around in raw)
        if len(phrase) < MIN_PHRASE or spoken >= SPOKEN * len(places):
            return False
        said, words = words_of_sites(phrase)
        points = 2 * said + words
        if address := ADDRESS.search(phrase):
            odd = sum(not AS_TYPED.fullmatch(text) for _, text, _ in raw) if address[0] == phrase else 0
            alone = sum(
                count
                for index, count in Counter(place.line for place in places).items()
                if is_advert(line := self.found[index].line) or advert_tail(line)
            )
            points += CERTAIN if max(odd, alone) >= DISGUISED * len(places) else 1
        return points >= CERTAIN

    def ending(self, phrase: str, places: Sequence[Place]) -> str:
        """The punctuation that nearly all occurrences end with, if there is one."""
        marks = Counter(behind[:1] for _, _, behind in self.spellings(places, len(phrase)))
        mark = max(marks, key=lambda mark: (marks[mark], mark))
        surely = marks[mark] >= max(MIN_OCCURRENCES, AGREED * len(places))
        return mark if surely and mark in LEFT_BEHIND else ""

    def spellings(self, places: Sequence[Place], length: int) -> Iterator[tuple[str, str, str]]:
        """Each occurrence as it is written, with the character before and the two after it.

        Occurrences in one line stand together, so that no line is gone through twice.
        """
        for index, together in groupby(places, key=attrgetter("line")):
            line = self.found[index].line
            _, origins = squeezed_places(line)
            for place in together:
                first, last = origins[place.start], origins[place.start + length - 1] + 1
                yield line[max(0, first - 1) : first], line[first:last], line[last : last + 2]


@lru_cache(maxsize=128)  # what many chapters share is asked for in each
def seeds_in(bare: str) -> dict[int, str]:
    """The seeds of a squeezed line by where they begin: a seed holds an anchor, or its first letters."""
    starts: set[int] = set()
    for match in ANCHOR.finditer(bare):
        first, last = match.end() - SEED, match.start()
        starts.update(range(first, last + 1) if first <= last else (last,))
    return {
        start: "inside" + bare[start : start + SEED]
        for start in sorted(starts)
        if 0 <= start <= len(bare) - SEED
    }


@lru_cache(maxsize=128)
def breaks_in(line: str) -> frozenset[int]:
    """Before which letters of a squeezed line a sentence ends; 。 may be the dot of an address."""
    bare, places = squeezed_places(line)
    return frozenset(
        index
        for index, (before, here) in enumerate(pairwise(places), start=1)
        if SENTENCE_END.search(line, before + 1, here)
        and not LATIN_PAIR.fullmatch(bare[index - 1 : index + 1])
    )
