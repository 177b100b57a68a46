"""The faults that a site can show: their names, what excludes what, and random mixes.

    FAULTS["reversed"]        mix(seed=17) -> frozenset({"reversed", "br-lines", …})

Two faults of one slot exclude each other. A fault that `needs` another brings it along.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that real sites do."""

    room: str  # which part of the site shows it
    slot: str = ""
    needs: str = ""


def room(name: str, slot: str, names: str, needs: str = "") -> dict[str, Fault]:
    """Faults that share a room and a slot."""
    return {fault: Fault(room=name, slot=slot, needs=needs) for fault in names.split()}


FAULTS: dict[str, Fault] = {
    # The catalogue.
    **room("catalogue", "", "latest-block start-link script-links locked-entry no-opengraph list-dates"),
    **room("catalogue", "", "opengraph-html unordered-addresses leave-notes named-chapters"),
    **room("catalogue", "numbering", "volumes jumping-numbers repeated-numbers"),
    **room("catalogue", "order", "reversed repeated-link"),
    **room("catalogue", "list", "list-table list-bare list-paragraphs list-unclosed"),
    **room("catalogue", "links", "relative-links absolute-links base-href protocol-relative-links"),
    **room("catalogue", "addresses", "other-directory query-addresses flat-addresses"),
    **room("catalogue", "paging", "paged-next paged-numbers paged-select"),
    **room("catalogue", "entrance", "full-catalogue-link"),
    **room("catalogue", "loop", "paged-loop", needs="paged-next"),
    # The text of a chapter.
    **room("body", "lines", "br-lines bare-text pre-lines div-lines unclosed-tags"),
    **room("body", "frame", "layout-tables glued-documents"),
    **room("body", "", "numeric-entities inline-tags invisible-characters hidden-decoys huge-page"),
    **room("body", "", "plain-heading heading-repeated end-mark reader-comments repeated-blurb"),
    **room("body", "", "navigation-inside ad-blocks"),
    **room("body", "", "repeated-line-top repeated-line-bottom disguised-adverts advert-tails"),
    **room("body", "pages", "pages-underscore pages-dash pages-directory pages-query"),
    **room("body", "forward", "forward-says-chapter forward-says-page", needs="pages-underscore"),
    **room("body", "", "page-marks unfinished-line", needs="pages-underscore"),
    # Bytes.
    **room("bytes", "encoding", "gbk-declared-gb2312 big5 byte-order-mark utf-8-declared-gbk"),
    **room("bytes", "encoding", "gbk-declared-utf-8 undeclared-gbk undeclared-utf-8 header-against-meta"),
    **room("bytes", "encoding", "gb18030", needs="four-byte-characters"),
    **room("bytes", "", "undecodable-bytes four-byte-characters gzip"),
    # Answers that are not the chapter, and get better.
    **room("answer", "", "rate-page-first status-503-first status-429-seconds status-429-date"),
    **room("answer", "", "truncated-first empty-first stalled-first slow redirect-moved"),
    # Answers that never become the chapter.
    **room("answer", "", "rate-page-always challenge-page login-page paywall-preview error-page-200"),
    **room("answer", "", "empty-page placeholder-page not-found status-503-always truncated-always"),
    **room("answer", "", "same-page same-text wrong-chapter short-page redirect-home redirect-loop"),
    **room("answer", "", "second-page-missing", needs="pages-underscore"),
    **room("answer", "robots", "crawl-delay robots-disallow-some no-robots"),
    **room("answer", "catalogue-answer", "catalogue-503-first catalogue-rate-first"),
    # The whole site.
    **room("whole", "whole", "challenge-everywhere catalogue-login robots-disallow-all"),
    **room("whole", "whole", "catalogue-page-missing", needs="paged-next"),
}
ALONE_ONLY = frozenset(name for name, fault in FAULTS.items() if fault.room == "whole")
COSTLY = frozenset({"stalled-first", "huge-page"})  # seconds; rare in mixes
MOST_ANSWERS = 4


def completed(names: Iterable[str]) -> frozenset[str]:
    """`names` with what they need. Raises KeyError for an unknown one, ValueError for two of one slot."""
    faults = set(names)
    slots = {FAULTS[name].slot for name in faults}
    for name in sorted(faults):
        needed = FAULTS[name].needs
        if needed and FAULTS[needed].slot not in slots - {""}:
            faults.add(needed)
            slots.add(FAULTS[needed].slot)
    taken = [FAULTS[name].slot for name in faults if FAULTS[name].slot]
    if len(taken) != len(set(taken)):
        raise ValueError(f"two faults of one slot: {sorted(faults)}")
    return frozenset(faults)


def mix(seed: int) -> frozenset[str]:
    """A random mix of faults of all rooms, from a few to some twenty."""
    random = Random(seed)
    pool = [name for name in FAULTS if name not in ALONE_ONLY]
    random.shuffle(pool)
    chosen: frozenset[str] = frozenset()
    for name in pool[: random.randint(4, 30)]:
        answers = sum(FAULTS[each].room == "answer" for each in chosen)
        rare = name in COSTLY and random.random() > 0.05
        if rare or (FAULTS[name].room == "answer" and answers == MOST_ANSWERS):
            continue
        try:
            chosen = completed(chosen | {name})
        except ValueError:  # its slot is taken
            continue
    return chosen
