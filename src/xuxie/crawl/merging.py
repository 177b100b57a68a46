"""A catalogue laid over the manifest of an earlier crawl.

    chapters = merge(manifest.chapters, catalogue.entries)

A chapter is known by its address: it keeps its file and its state whatever its place and title become.
Order and titles are the catalogue's.
"""

from collections.abc import Sequence
from dataclasses import replace

from xuxie.books.book import Chapter, file_name
from xuxie.crawl.catalogue import Entry


def merge(old: Sequence[Chapter], entries: Sequence[Entry]) -> tuple[Chapter, ...]:
    """The chapters in reading order; new ones get the next free file.

    Fetched chapters that the catalogue no longer lists stay behind the chapter that they followed;
    unfetched ones are dropped.
    """
    known = {chapter.url: chapter for chapter in old}
    listed = {entry.url for entry in entries}
    number = max((int(chapter.file.removesuffix(".txt")) for chapter in old), default=0)
    chapters: list[Chapter] = []
    for entry in entries:
        before = known.get(entry.url)
        if before is None:
            number += 1
            chapters.append(
                Chapter(title=entry.title, url=entry.url, file=file_name(number), volume=entry.volume)
            )
        else:
            chapters.append(replace(before, title=entry.title, volume=entry.volume))
    return tuple(with_vanished(chapters, old, listed))


def with_vanished(chapters: list[Chapter], old: Sequence[Chapter], listed: set[str]) -> list[Chapter]:
    """`chapters`, and behind each the fetched ones that followed it and are no longer listed."""
    following: dict[str, list[Chapter]] = {}
    anchor = ""
    for chapter in old:
        if chapter.url in listed:
            anchor = chapter.url
        elif chapter.state == "fetched":
            following.setdefault(anchor, []).append(chapter)
    result = list(following.get("", []))
    for chapter in chapters:
        result += [chapter, *following.get(chapter.url, [])]
    return result
