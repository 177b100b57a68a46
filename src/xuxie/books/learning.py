"""What a book's chapters have in common that is not the novel: learned from all of them.

    rules = learn(lambda: ((chapter.title, lines_of(chapter)) for chapter in chapters), names)

Repetition alone proves nothing, for refrains, verses and letters repeat as well. What goes must be shared
by many chapters and also speak of the site or the file (templates.py, adverts.py), or stand outside of
what does. Chapters are read three times, one at a time: first everything is counted roughly, in memory that
does not grow with the book; then what may be frequent is looked at closely; last, lines that do not go as a
whole but may hold a phrase that was inserted.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from xuxie.books.adverts import (
    MAX_ADVERT,
    address_in,
    advert_tail,
    is_advert,
    may_advertise,
    site_points,
    squeezed,
)
from xuxie.books.cleaning_rules import CleaningRules, Kept, LearnedRule, Where
from xuxie.books.phrases import PhraseFinder
from xuxie.books.sketch import Sketch
from xuxie.books.templates import (
    BOOK,
    DATE,
    PLACEHOLDER,
    TITLE,
    Names,
    frame_points,
    is_made_of_names,
    template,
)

RawChapters = Callable[[], Iterable[tuple[str, Sequence[str]]]]  # titles and lines, anew at each call
Key = tuple[Where, str]

EDGE_LINES = 6  # from the top or the bottom of a chapter
MIN_CHAPTERS = 3  # that must share anything
EDGE_SHARE = 0.2  # of the chapters, for a line at their edge
MOST_CHAPTERS = 0.5  # for a line that speaks of no site: only their titles, or its place, tell of it
LINE_SHARE = 0.01  # of the chapters, for a line anywhere
MOSTLY = 0.8  # of the occurrences
MIN_TEMPLATE = 2  # letters and hanzi
MAX_EDGE_LINE = 100  # characters
MAX_KEPT = 50
WHOLE_LINES: tuple[Where, ...] = ("top", "bottom", "line")
OF_HEADINGS = "第章节節回卷集部话話"  # a line of no more and numbers may be a heading of the story
EDGE_POINTS, SENTENCE_POINTS, ANYWHERE_POINTS = 2, 4, 4  # that prove a line no prose
SPEECH = re.compile(r"^[“「『‘\"—-]|[：:]$")
QUOTED = re.compile("[“”「」『』]")
SENTENCE = frozenset("。！？!?…；;，,、：:”」』~～")  # one of them ends a sentence, or a clause


def learn(chapters: RawChapters, names: Names) -> CleaningRules:
    """The rules for a book whose chapters' lines have been stripped."""
    rough, total = Sketch(), 0
    finder = PhraseFinder(rough.count)
    for title, lines in chapters():
        total += 1
        for where, pattern in {*keys_of(lines, title, names)}:
            rough.add(where + pattern)
        for seed in finder.seeds(lines):
            rough.add(seed)
    if total < MIN_CHAPTERS or rough.highest < MIN_CHAPTERS:
        return CleaningRules(chapters=total, names=names, rules=host_rules(names))
    shared = Shared(rough, total)
    for title, lines in chapters():
        shared.look_at(title, lines, names)
    learned, kept = shared.rules()
    edges = {rule.pattern for rule in learned if rule.where in ("top", "bottom")}
    anywhere = {rule.pattern for rule in learned if rule.where == "line"}

    def goes(title: str, line: str) -> bool:
        return edge_key(line, title, names) in edges or line_key(line, title, names) in anywhere

    for title, lines in chapters():
        finder.look_at(title, lines, goes)
    learned += [
        LearnedRule(where="inside", pattern=phrase, example=example, chapters=count)
        for phrase, count, example in finder.phrases()
    ]
    order = (*WHOLE_LINES, "inside", "address")
    learned.sort(key=lambda rule: (order.index(rule.where), -rule.chapters, rule.pattern))
    return CleaningRules(
        chapters=total, names=names, rules=(*learned, *host_rules(names)), kept=tuple(kept[:MAX_KEPT])
    )


def host_of(names: Names) -> str:
    """The site's own name as advertisements have it, squeezed; nothing for an IP address or a bare name."""
    host = names.host.removeprefix("www.")
    return squeezed(host) if "." in host and not host.rpartition(".")[2].isdigit() else ""


def host_rules(names: Names) -> tuple[LearnedRule, ...]:
    """What need not be learned: the address of the site that the book comes from."""
    host = host_of(names)
    return (LearnedRule(where="address", pattern=host, example=names.host, chapters=0),) if host else ()


def telling_lines(lines: Sequence[str]) -> list[str]:
    """Of a chapter's lines those from which `learn` learns the same; "" stands for prose at the edges."""
    edges = {*range(EDGE_LINES), *range(len(lines) - EDGE_LINES, len(lines))}
    told = ["" if is_prose(line) else line for line in lines]
    return [line for place, line in enumerate(told) if line or place in edges]


def is_prose(line: str) -> bool:
    """Whether a line can be neither a frame nor an advertisement."""
    if may_advertise(line):
        return False
    return (
        line[-1:] in SENTENCE
        or len(line) > MAX_EDGE_LINE
        or bool(SPEECH.search(line) or QUOTED.search(line))
    )


def keys_of(lines: Sequence[str], title: str, names: Names) -> Iterator[Key]:
    """All that a chapter may share with others: edge lines, lines of sites, advertised addresses."""
    top, bottom = lines[:EDGE_LINES], lines[-EDGE_LINES:][::-1]
    for where, edge in (("top", top), ("bottom", bottom)):
        for line in filter(None, edge):  # most are prose, and blank here
            if key := edge_key(line, title, names):
                yield where, key  # type: ignore[misc]  # a Where, which the loop widens
    for line in filter(may_advertise, lines):
        if key := line_key(line, title, names):
            yield "line", key
        if address := advertised(line):
            yield "address", address


def edge_key(line: str, title: str, names: Names) -> str:
    """The template of a line at an edge; "" for what is too long, spoken, or a sentence of the story."""
    if not line or len(line) > MAX_EDGE_LINE or SPEECH.search(line):
        return ""
    if (line[-1:] in SENTENCE or QUOTED.search(line)) and site_points(line) < SENTENCE_POINTS:
        return ""
    key = template(line, title, names)
    says = BOOK in key or DATE in key or PLACEHOLDER.sub("", key).strip(OF_HEADINGS)
    return key if says and len(key) >= MIN_TEMPLATE else ""


def line_key(line: str, title: str, names: Names) -> str:
    """The template of a line that speaks of a site, wherever it stands; else nothing."""
    if site_points(line) < ANYWHERE_POINTS or len(line) > MAX_ADVERT or SPEECH.search(line):
        return ""
    return template(line, title, names)


@lru_cache(maxsize=256)  # asked for by two passes, of lines that many chapters share
def advertised(line: str) -> str:
    """The address that a line, or its tail, advertises."""
    return address_in(line if is_advert(line) else advert_tail(line))


class Shared:
    """What the chapters share, counted closely."""

    def __init__(self, rough: Sketch, total: int) -> None:
        self.rough = rough
        self.total = total
        self.counts: Counter[Key] = Counter()  # chapters
        self.elsewhere: Counter[str] = Counter()  # chapters with the line between their edges
        self.outside: defaultdict[Key, Counter[Key]] = defaultdict(Counter)
        self.examples: dict[Key, str] = {}

    def least(self, where: Where) -> float:
        """How many chapters must share a thing of that kind."""
        share = EDGE_SHARE if where in ("top", "bottom") else LINE_SHARE if where == "line" else 0.0
        return max(MIN_CHAPTERS, share * self.total)

    def look_at(self, title: str, lines: Sequence[str], names: Names) -> None:
        """Count what a chapter has of all that may be frequent."""
        found: set[Key] = set()
        edges: tuple[tuple[Where, Sequence[str]], ...] = (
            ("top", lines[:EDGE_LINES]),
            ("bottom", lines[-EDGE_LINES:][::-1]),
        )
        for where, edge in edges:
            outer: list[Key] | None = []  # None behind a line that is not shared
            for line in edge:
                key: Key = (where, edge_key(line, title, names))
                if not key[1] or not self.may_be_frequent(key):
                    outer = None
                    continue
                self.examples.setdefault(key, line)
                found.add(key)
                if outer is not None:
                    self.outside[key].update(set(outer) - {key})
                    outer.append(key)
        for line in filter(may_advertise, lines):
            for where, pattern in (("line", line_key(line, title, names)), ("address", advertised(line))):
                if pattern and self.may_be_frequent((where, pattern)):
                    self.examples.setdefault((where, pattern), line)
                    found.add((where, pattern))
        between = {squeezed(line) for line in lines[EDGE_LINES:-EDGE_LINES] if not is_prose(line)}
        self.elsewhere.update(
            text for text in between if self.may_be_frequent(("top", text), ("bottom", text))
        )
        self.counts.update(found)

    def may_be_frequent(self, *keys: Key) -> bool:
        """Whether one of `keys` may be shared by enough chapters."""
        return any(self.rough.count(where + pattern) >= self.least(where) for where, pattern in keys)

    def rules(self) -> tuple[list[LearnedRule], list[Kept]]:
        """What goes, and what at the edges must stay for want of proof."""
        frequent = [key for key, count in self.counts.items() if count >= self.least(key[0])]
        at_edge = [key for key in frequent if key[0] in ("top", "bottom") and self.mostly_at_edge(key)]
        certain = {key for key in at_edge if self.is_boilerplate(key)}
        certain |= {key for key in at_edge if self.stands_outside(key, certain)}
        accepted = [key for key in frequent if key in certain or key[0] in ("line", "address")]
        learned = [
            LearnedRule(where=where, pattern=text, example=self.examples[where, text], chapters=count)
            for where, text in accepted
            if (count := self.counts[where, text])
        ]
        kept = {
            self.examples[key]: self.counts[key]
            for key in at_edge
            if key not in certain and key[1] not in {text for _, text in certain}
        }
        ordered = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
        return learned, [Kept(example=example, chapters=count) for example, count in ordered]

    def mostly_at_edge(self, key: Key) -> bool:
        """Whether a line rarely stands between the edges."""
        return self.counts[key] >= MOSTLY * (self.counts[key] + self.elsewhere[key[1]])

    def is_boilerplate(self, key: Key) -> bool:
        """Whether a shared line at an edge speaks of the site or the file."""
        if frame_points(self.examples[key], key[1]) >= EDGE_POINTS or is_made_of_names(key[1]):
            return True
        return TITLE in key[1] and self.counts[key] >= MOST_CHAPTERS * self.total

    def stands_outside(self, key: Key, certain: set[Key]) -> bool:
        """Whether a line of most chapters stands between their edge and one that is certain."""
        beyond = max((self.outside[inner][key] for inner in certain if inner[0] == key[0]), default=0)
        return beyond >= max(MOSTLY * self.counts[key], MOST_CHAPTERS * self.total)
