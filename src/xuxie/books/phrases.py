"""Advertisements inserted into lines of prose: found by what many chapters say alike.

    finder = PhraseFinder(rough.count)
    for lines in chapters: finder.look_at(lines)
    finder.phrases() == [("手机用户请浏览mexamplecom阅读", 12, "他说。（手机用户请浏览 m．example．com …")]

A phrase grows from words of novel sites to both sides for as long as its occurrences agree; the prose
around it differs. Width, case, punctuation and lookalike letters make no difference.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from xuxie.books.adverts import (
    SITE_PHRASES,
    SITE_WORDS,
    advert_tail,
    is_advert,
    squeezed,
    squeezed_places,
    words_of_sites,
)

ADDRESS = re.compile(
    r"(?:https?)?(?:www[a-z0-9]{3,24}?(?:com|net|org|info|xyz|top|cc|cn|co|la|me|tv)(?:cn)?"
    r"|(?<![a-z0-9])[a-z0-9]{4,24}?(?:com|net|org|info|xyz|top|cc)(?![a-z0-9]))"
)
ANCHOR = re.compile(f"{SITE_PHRASES.pattern}|{SITE_WORDS.pattern}|{ADDRESS.pattern}")
SEED = 6  # letters and hanzi around an anchor that occurrences must share to be grown
MIN_OCCURRENCES = 5  # fewer may share a neighbour by chance, which would be cut with the phrase
MIN_CHAPTERS = 3
CHAPTER_SHARE = 0.01
AGREED = 0.9  # of the occurrences, for the phrase to go one letter further
MIN_PHRASE, MAX_PHRASE = 8, 80  # letters and hanzi
CERTAIN = 3  # points: a word of sites is worth 1, a phrase 2, an address that is surely advertised 3
QUOTED = 0.3  # of the occurrences: so much of it in quotation marks of its own is somebody speaking
DISGUISED = 0.5  # of the occurrences of an address: written as nobody writes one
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


class PhraseFinder:
    """Collects the lines that may hold an inserted phrase, then tells the phrases.

    `count` says how often a seed was seen, at most; rarer ones are not kept.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self.count = count
        self.chapters = 0
        self.found: list[Found] = []
        self.places: defaultdict[str, list[Place]] = defaultdict(list)

    @staticmethod
    def seeds(lines: Sequence[str]) -> Iterator[str]:
        """The seeds in a chapter's lines, for counting."""
        for line in lines:
            bare = squeezed(line)
            for start in seed_places(bare):
                yield "inside" + bare[start : start + SEED]

    def look_at(self, lines: Sequence[str]) -> None:
        """Keep of a chapter what may be frequent."""
        self.chapters += 1
        for line in lines:
            bare = squeezed(line)
            seeds = {start: bare[start : start + SEED] for start in seed_places(bare)}
            frequent = [
                start for start, seed in seeds.items() if self.count("inside" + seed) >= MIN_OCCURRENCES
            ]
            for start in frequent:
                self.places[seeds[start]].append(Place(len(self.found), start))
            if frequent:
                self.found.append(Found(self.chapters, line, bare))

    def phrases(self) -> list[tuple[str, int, str]]:
        """The phrases that sites inserted, squeezed, with the chapters that have them and a line."""
        claimed: set[Place] = set()
        phrases = []
        for seed in sorted(self.places, key=lambda seed: (-len(self.places[seed]), seed)):
            places = [place for place in self.places[seed] if place not in claimed]
            if not self.enough(places):
                continue
            phrase, places = self.grow(places)
            if not self.enough(places) or not self.is_certain(phrase, places):
                continue
            inside = [place for place in places if len(self.found[place.line].bare) > len(phrase)]
            offsets = range(len(phrase))
            claimed.update(Place(line, start + offset) for line, start in places for offset in offsets)
            if inside:  # else it is a line of its own, and learned as that
                phrases.append((phrase, self.chapters_of(places), self.found[inside[0].line].line))
        return phrases

    def chapters_of(self, places: Sequence[Place]) -> int:
        """In how many chapters occurrences stand."""
        return len({self.found[place.line].chapter for place in places})

    def enough(self, places: Sequence[Place]) -> bool:
        """Whether so many occurrences in so many chapters can be no chance."""
        least = max(MIN_CHAPTERS, CHAPTER_SHARE * self.chapters)
        return len(places) >= MIN_OCCURRENCES and self.chapters_of(places) >= least

    def grow(self, places: list[Place]) -> tuple[str, list[Place]]:
        """The longest phrase around a seed that its occurrences agree on, and those that do."""
        length = SEED
        for step in (0, -1):  # to the right, then to the left
            while length < MAX_PHRASE:
                at = -1 if step else length
                letters = Counter(self.letter(place, at) for place in places)
                letter, count = max(letters.items(), key=lambda item: (item[1], item[0]))
                if not letter or count < AGREED * len(places):
                    break
                places = [
                    Place(place.line, place.start + step)
                    for place in places
                    if self.letter(place, at) == letter
                ]
                length += 1
        first = places[0]
        return self.found[first.line].bare[first.start : first.start + length], places

    def letter(self, place: Place, offset: int) -> str:
        """The letter so far from an occurrence's start; nothing beyond the line."""
        index = place.start + offset
        return self.found[place.line].bare[index : index + 1] if index >= 0 else ""

    def is_certain(self, phrase: str, places: Sequence[Place]) -> bool:
        """Whether a phrase is an advertisement: enough words of sites, and nobody in the story says it."""
        raw = [self.spelling(place, len(phrase)) for place in places]
        spoken = sum(before in tuple("“「『") or after in tuple("”」』") for before, _, after in raw)
        if len(phrase) < MIN_PHRASE or spoken >= QUOTED * len(places):
            return False
        said, words = words_of_sites(phrase)
        points = 2 * said + words
        if address := ADDRESS.search(phrase):
            odd = sum(not AS_TYPED.fullmatch(text) for _, text, _ in raw) if address[0] == phrase else 0
            lines = [self.found[place.line].line for place in places]
            alone = sum(is_advert(line) or advert_tail(line) != "" for line in lines)
            points += CERTAIN if max(odd, alone) >= DISGUISED * len(places) else 1
        return points >= CERTAIN

    def spelling(self, place: Place, length: int) -> tuple[str, str, str]:
        """An occurrence as it is written, with the characters before and after it."""
        line = self.found[place.line].line
        _, origins = squeezed_places(line)
        first, last = origins[place.start], origins[place.start + length - 1] + 1
        return line[max(0, first - 1) : first], line[first:last], line[last : last + 1]


def seed_places(bare: str) -> list[int]:
    """Where in a squeezed line the seeds begin: a seed holds an anchor, or its first letters."""
    starts: set[int] = set()
    for match in ANCHOR.finditer(bare):
        first, last = match.end() - SEED, match.start()
        starts.update(range(first, last + 1) if first <= last else (last,))
    return sorted(start for start in starts if 0 <= start <= len(bare) - SEED)
