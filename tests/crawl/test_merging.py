from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.book import Chapter
from xuxie.crawl.catalogue import Entry
from xuxie.crawl.merging import merge

numbers = st.lists(st.integers(1, 12), unique=True, max_size=12)


def entries(order: list[int]) -> list[Entry]:
    return [Entry(title=f"第{n}章", url=f"https://example.com/{n}.html") for n in order]


def fetched(chapters: tuple[Chapter, ...]) -> list[Chapter]:
    return [replace(chapter, state="fetched", sha256=chapter.file) for chapter in chapters]


@given(numbers, numbers)
def test_known_chapters_keep_their_file_and_nothing_fetched_is_lost(
    before: list[int], after: list[int]
) -> None:
    old = fetched(merge([], entries(before)))
    merged = merge(old, entries(after))
    assert len({chapter.file for chapter in merged}) == len(merged)
    assert {chapter.url: chapter.file for chapter in old}.items() <= {c.url: c.file for c in merged}.items()
    listed = [entry.url for entry in entries(after)]
    assert [chapter.url for chapter in merged if chapter.url in listed] == listed
    assert merge(merged, entries(after)) == merged


@given(numbers, numbers)
def test_what_was_never_fetched_may_vanish(before: list[int], after: list[int]) -> None:
    merged = merge(merge([], entries(before)), entries(after))
    assert [chapter.url for chapter in merged] == [entry.url for entry in entries(after)]


def test_vanished_chapters_stay_behind_the_one_they_followed() -> None:
    old = fetched(merge([], entries([1, 2, 3, 4])))
    titles = [chapter.title for chapter in merge(old, entries([5, 3, 2]))]
    assert titles == ["第1章", "第5章", "第3章", "第4章", "第2章"]


def test_a_failed_chapter_keeps_its_file() -> None:
    old = [replace(chapter, state="failed", reason="404") for chapter in merge([], entries([1, 2]))]
    assert [chapter.file for chapter in merge(old, entries([3, 2, 1]))] == [
        "0003.txt",
        "0002.txt",
        "0001.txt",
    ]
