import pytest

from xuxie.books.templates import Names, frame_points, is_made_of_names, template

NAMES = Names(book="雪夜", author="佚名")
TITLE = "第三章 风起"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "《雪夜》 第三章 风起 更新时间：2020-01-02 12:30 字数：3021",
            "{book}{title}更新时间{date}字数{number}",
        ),
        ("风起_雪夜_某某小说网", "{title}{book}某某小说网"),
        ("第十五章 佚名 著", "第{number}章{author}著"),
        ("２０１２年３月４日", "{date}"),
        ("ＷＷＷ．ＡＢＣ．ＣＯＭ", "wwwabccom"),
        ("＊＊＊", ""),
        ("他走了。", "他走了"),
    ],
)
def test_what_differs_is_a_placeholder(line: str, expected: str) -> None:
    assert template(line, TITLE, NAMES) == expected


def test_lines_of_different_chapters_become_equal() -> None:
    lines = [
        template(f"正在阅读：第{n}章 {name}（{n}/300）", f"第{n}章 {name}", NAMES)
        for n, name in ((7, "雪"), (12, "长夜"), (211, "归来去"))
    ]
    assert len(set(lines)) == 1


def test_a_name_of_one_letter_is_no_name() -> None:
    assert template("雪一直下", "雪", Names(book="下")) == "雪一直下"


@pytest.mark.parametrize(
    ("line", "points"),
    [
        ("更新时间：2020-01-02", 3),
        ("2020-01-02 12:30:59", 2),
        ("2020年1月2日 12:30 晴", 0),
        ("下一章", 2),
        ("大江东去浪淘尽", 0),
        ("【状态：健康】【等级：7】", 0),
    ],
)
def test_points_of_a_frame(line: str, points: int) -> None:
    assert frame_points(line, template(line, TITLE, NAMES)) == points


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [
        ("{book}", True),
        ("{book}{title}", True),
        ("作者{author}", True),
        ("{author}", False),
        ("{title}", False),
    ],
)
def test_lines_made_of_names(pattern: str, is_one: bool) -> None:
    assert is_made_of_names(pattern) is is_one
