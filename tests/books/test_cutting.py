import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books import cutting
from xuxie.books.adverts import squeezed, squeezed_places
from xuxie.books.cutting import cut

PHRASES = ["手机用户请浏览mexamplecom阅读", "wwwabcdecom", "一秒记住本站"]


@pytest.mark.parametrize(
    ("line", "rest", "removed"),
    [
        (
            "他说。（手机用户请浏览 m．example．com 阅读）她笑了。",
            "他说。她笑了。",
            ["（手机用户请浏览 m．example．com 阅读）"],
        ),
        (
            "他走了http://ＷＷＷ.abcdE.com/1/2.html过去。",
            "他走了过去。",
            ["http://ＷＷＷ.abcdE.com/1/2.html"],
        ),
        ("他说。一秒记住本站，她笑了。", "他说。她笑了。", ["一秒记住本站，"]),
        ("他走了一秒记住本站，她笑了。", "他走了，她笑了。", ["一秒记住本站"]),
        ("一秒记住【本站】！！她笑了。", "她笑了。", ["一秒记住【本站】！！"]),
        ("★一秒·记·住·本·站★", "", ["★一秒·记·住·本·站★"]),
        ("他说一秒记住本站他说一秒记住本站", "他说他说", ["一秒记住本站", "一秒记住本站"]),
        ("他说——一秒记住本站——她笑了。", "他说————她笑了。", ["一秒记住本站"]),
        ("“一秒记住本站”", "", ["“一秒记住本站”"]),
        ("他一秒记住本的", "他一秒记住本的", []),
    ],
)
def test_an_advertisement_goes_with_what_came_with_it(line: str, rest: str, removed: list[str]) -> None:
    assert cut(line, PHRASES) == (rest, removed)


@given(st.text("他说。，（）“”—…走 ", max_size=30), st.text("他说。，（）“”—…走 ", max_size=30))
def test_no_letter_around_it_goes(before: str, after: str) -> None:
    rest, removed = cut(before + "一秒记住本站" + after, PHRASES)
    assert [c for c in rest if c.isalnum()] == [c for c in before + after if c.isalnum()]
    assert len(removed) == 1
    assert sorted(rest + removed[0]) == sorted(before + "一秒记住本站" + after)


def steps(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much work it is to cut a line: the lines of code that are run, and the characters squeezed."""
    count = 0

    def counted(squeeze: Callable[[str], Any]) -> Callable[[str], Any]:
        def counting(text: str) -> Any:
            nonlocal count
            count += len(text)
            return squeeze(text)

        return counting

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line" and frame.f_globals["__name__"] == cutting.__name__
        return trace

    monkeypatch.setattr(cutting, "squeezed", counted(squeezed))
    monkeypatch.setattr(cutting, "squeezed_places", counted(squeezed_places))
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        cut(line, PHRASES)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "form",
    [
        lambda n: "一秒记住本站" * n,
        lambda n: "他说。一秒记住本站，她笑了。" * n,
        lambda n: "（" * n + "一秒记住本站" + "，" * n,
        lambda n: "（一秒记住本站" * n + "）" * n,
        lambda n: "★" * n + "一秒记住本站" + "★" * n,
        lambda n: "a." * n + "wwwabcdecom" + "/a" * n,
        lambda n: "www.abcde.com/" * n,
    ],
)
def test_twice_the_line_is_twice_the_work(
    form: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once, twice = (steps(form(count), monkeypatch) for count in (200, 400))
    assert once > 200
    assert twice < 2.1 * once
