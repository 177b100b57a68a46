import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.corpus.sentences import is_whole
from xuxie.generation.quotes import CLOSERS, OPENERS, ending, fits, opened

marks = st.text(alphabet="".join(CLOSERS) + "".join(OPENERS) + "他。，", max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说", ""),
        ("他说：“", "“"),
        ("他说：“《红楼", "“《"),
        ("“走。”", ""),
        ("“‘走", "“‘"),
        ("“‘走”", ""),  # what was left open inside is closed with it
        ("走”“", "“"),  # one too many closes nothing
        ('他说："', '"'),
        ('他说："走"', ""),
        ("「『", "「『"),
        ("“一段话\n“又一段", "“"),
        ("“一段话\n", ""),
    ],
)
def test_what_is_open(text: str, expected: str) -> None:
    assert opened(text) == expected


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("他", "“", True),
        ("“", "", True),
        ("“", "“", False),
        ("‘", "“", True),
        ("”", "“", True),
        ("”", "“‘", False),
        ("”", "", False),
        ("”", "「", False),
        ("》", "《", True),
        ('"', "", True),
        ('"', '"', True),
        ('"', '"“', False),
        ("”“", "“", True),
        ("”““", "“", False),
    ],
)
def test_what_fits(text: str, before: str, expected: bool) -> None:
    assert fits(text, before) == expected


def balanced(text: str) -> bool:
    """By a stack of closers that are awaited."""
    awaited: list[str] = []
    for mark in text:
        if awaited and mark == awaited[-1]:
            awaited.pop()
        elif mark in CLOSERS:
            awaited.append(CLOSERS[mark])
        elif mark in OPENERS:
            return False
    return not awaited


@given(marks)
def test_what_fits_and_is_ended_is_balanced_and_whole(text: str) -> None:
    written = state = ""
    for mark in text:
        if fits(mark, state):
            written += mark
            state = opened(mark, state)
    assert state == opened(written)
    whole = written + ending(written, state)
    assert balanced(whole)
    assert opened(whole) == ""
    assert is_whole(whole) or '"' in whole  # in a mixture with ASCII quotes nobody can tell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他走了", "。"),
        ("他走了。", ""),
        ("“走吧", "。”"),
        ("“走吧。", "”"),
        ("他看《红楼", "》。"),
        ("“我看《红楼", "》。”"),
        ("“‘走", "。’”"),
        ("", "。"),
    ],
)
def test_how_a_sentence_is_ended(text: str, expected: str) -> None:
    assert ending(text, opened(text)) == expected
