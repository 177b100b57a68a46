"""From a list as the page shows it to reading order: volumes, lists that run backwards, newest on top.

    reading_order([Link("第2章"), Link("第1章")]) == [("", Link("第1章")), ("", Link("第2章"))]

The page's order holds unless the list itself says that it runs backwards: by the numbers of its
chapters, else by those of their addresses, else by the words that begin and end a book. Single numbers
that jump or repeat change nothing.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from xuxie.books.headings import entry_number
from xuxie.crawl.addresses import split_url
from xuxie.crawl.links import NUMBER, Caption, Link
from xuxie.crawl.volumes import Run, split_runs, volume_number

Direction = Literal[-1, 0, 1]
STEP = 3  # two neighbours whose numbers differ by more say nothing about the order
CLEAR = 0.8  # of the pairs that say something
SURE = 0.9  # of the pairs of addresses, which say less
ENOUGH = 3  # pairs that decide for a part of the list by itself
VOLUME_NUMBER = re.compile(r"卷\s?[上中下]")
OPENING = re.compile(r"楔子|序[章言幕]?$|^序|引子|前言|第[一1]章|prologue", re.IGNORECASE)
CLOSING = re.compile(r"大结局|大結局|尾[声聲]|[终終]章|完本感言|[后後][记記]|番外|epilogue", re.IGNORECASE)


def reading_order(
    items: Sequence[Link | Caption],
    title: str = "",
    *,
    first: str = "",
    newest: str = "",
    partial: bool = False,
) -> list[tuple[str, Link]]:
    """The links in reading order, each with the name of its volume.

    `title` is the book's; `first` and `newest` are what the page says elsewhere of the first chapter
    (its address) and of the newest (its address or title). Of a `partial` list, which has more pages, the
    newest chapters that stand apart are left out.
    """
    runs, trailing = split_runs(items, title)
    whole = direction(runs, first, newest)
    if whole < 0 and trailing and not runs[0].volume:  # backwards, captions and all
        names = [run.volume for run in runs]
        for run, name in zip(runs, [*names[1:], trailing], strict=True):
            run.volume = name
    runs = [part for run in runs for part in restarts(run, backwards=whole < 0)]
    turned = 0
    for run in runs:
        own = votes(run.numbers)
        way = own if len(run.links) > ENOUGH and own else whole
        if way < 0:
            run.links.reverse()
            turned += len(run.links)
    if descending(runs, turned=2 * turned > sum(len(run.links) for run in runs)):
        runs.reverse()
    rest, latest = newest_apart(runs)
    return [(run.volume, link) for run in (rest if partial else rest + latest) for link in run.links]


def direction(runs: Sequence[Run], first: str, newest: str) -> Direction:
    """-1 when the list runs backwards: by numbers, by what the page says, by addresses, by words."""
    pairs = [pair for run in runs for pair in steps(run.numbers)]
    if found := decided(pairs, CLEAR, least=2):
        return found
    links = [link for run in runs if not run.latest for link in run.links]
    if len(links) < 2 or any(pairs):  # numbers that contradict each other: the page's order holds
        return 0
    top, bottom = ({links[place].url, links[place].text} for place in (0, -1))
    if (first in bottom) != (newest in bottom) or (first in top) != (newest in top):
        return -1 if first in bottom or newest in top else 1
    if found := decided([compared(a, b) for a, b in neighbours(addresses(links))], SURE, least=ENOUGH):
        return found
    return -1 if CLOSING.search(links[0].text) and OPENING.search(links[-1].text) else 0


def votes(numbers: Sequence[int]) -> Direction:
    """What the numbers of one run say about its direction."""
    return decided(steps(numbers), CLEAR, least=ENOUGH)


def steps(numbers: Sequence[int]) -> list[int]:
    """1 or -1 for every two neighbours whose numbers are close."""
    return [compared(a, b) for a, b in neighbours(numbers) if 0 < abs(a - b) <= STEP]


def neighbours(values: Sequence[int]) -> list[tuple[int, int]]:
    """Every two neighbours."""
    return list(itertools.pairwise(values))


def compared(first: int, second: int) -> int:
    """1 when the second is larger, -1 when it is smaller."""
    return (second > first) - (second < first)


def decided(pairs: Sequence[int], share: float, *, least: int) -> Direction:
    """The direction of at least `share` of the pairs that have one; 0 when they are fewer than `least`."""
    up, down = pairs.count(1), pairs.count(-1)
    if up + down < least or max(up, down) < share * (up + down):
        return 0
    return 1 if up > down else -1


def addresses(links: Sequence[Link]) -> list[int]:
    """The last numbers in the addresses, as far as they have one."""
    found = [
        NUMBER.findall(f"{path}?{query}") for _, path, query in (split_url(link.url) for link in links)
    ]
    return [int(numbers[-1][-18:]) for numbers in found if numbers]


def restarts(run: Run, *, backwards: bool) -> list[Run]:
    """The parts of a run that runs backwards, cut where the numbers go up again."""
    if not backwards:
        return [run]
    parts = [Run(volume=run.volume, latest=run.latest)]
    last: int | None = None
    for link in run.links:
        number = entry_number(link.text)
        if number is not None:
            if (last is not None and number > last + STEP) or (last == 1 and number > 1):
                parts.append(Run(volume=run.volume, latest=run.latest))
            last = number
        parts[-1].links.append(link)
    return parts


def descending(runs: Sequence[Run], *, turned: bool) -> bool:
    """Whether the runs themselves stand backwards; `turned`: most of them ran backwards inside."""
    runs = [run for run in runs if not run.latest]
    if len(runs) < 2:
        return False
    volumes = [number for run in runs if run.volume and (number := volume_number(run.volume)) is not None]
    by_volume = strictly(unrepeated(volumes))
    by_number = strictly_apart([run.numbers for run in runs if len(run.numbers) > 1])
    by_address = strictly([int(median(found)) for run in runs if (found := addresses(run.links))])
    if turned:
        return next((way < 0 for way in (by_volume, by_number, by_address) if way), True)
    # Where the chapters stand in order, only several signs that agree turn the volumes.
    return (by_volume < 0 and by_address <= 0) or (by_number < 0 and by_address < 0)


def unrepeated(values: Sequence[int]) -> list[int]:
    """`values` without immediate repeats: a volume may stand in several lists."""
    return [value for place, value in enumerate(values) if not place or value != values[place - 1]]


def strictly(values: Sequence[int]) -> Direction:
    """1 when `values` only rise, -1 when they only fall."""
    return decided([compared(a, b) or 2 for a, b in neighbours(values)], 1.0, least=max(1, len(values) - 1))


def strictly_apart(groups: Sequence[Sequence[int]]) -> Direction:
    """The direction of groups of numbers that do not overlap."""
    if len(groups) < 2:
        return 0
    pairs = list(itertools.pairwise(groups))
    if all(max(first) < min(second) for first, second in pairs):
        return 1
    return -1 if all(min(first) > max(second) for first, second in pairs) else 0


def newest_apart(runs: list[Run]) -> tuple[list[Run], list[Run]]:
    """All runs but those of the newest chapters, which some sites show on top only; and these."""
    if len(runs) < 2:
        return runs, []
    latest = [run for run in runs if run.latest and not is_oldest(run, runs)]
    rest = [run for run in runs if run not in latest]
    first, others = runs[0], [number for run in runs[1:] for number in run.numbers]
    if not latest and others and first.numbers and first.links[0].block != runs[1].links[0].block:
        above = min(first.numbers) > max(others) and not first.volume and len(first.links) <= len(others)
        latest, rest = ([first], runs[1:]) if above else ([], runs)
    if not rest:
        return runs, []
    for run in latest:
        run.volume = rest[-1].volume
        pairs = steps(run.numbers) or [compared(a, b) for a, b in neighbours(addresses(run.links))]
        if pairs.count(-1) > pairs.count(1):
            run.links.reverse()
    return rest, latest


def is_oldest(run: Run, runs: Sequence[Run]) -> bool:
    """Whether a run's chapters come before those of all others, whatever its caption says."""
    others = [number for other in runs if other is not run for number in other.numbers]
    return bool(run.numbers and others) and max(run.numbers) < min(others)


def chosen(items: Sequence[Link | Caption], kept: Callable[[Link], bool]) -> list[Link | Caption]:
    """`items` from the last captions before the first link kept to the first ones behind the last."""
    places = [place for place, item in enumerate(items) if isinstance(item, Link) and kept(item)]
    if not places:
        return []
    first, last = places[0], places[-1] + 1
    while first and isinstance(items[first - 1], Caption):
        first -= 1
    while last < len(items) and isinstance(items[last], Caption):
        last += 1
    return [item for item in items[first:last] if isinstance(item, Caption) or kept(item)]
