import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, file_name
from xuxie.books.cleaning import clean_book
from xuxie.books.removal import Context, clean


def lines_of(raw: list[str], title: str = "") -> list[str]:
    return clean(raw, Context(title=title))[0]


def make_book(directory: Path, chapters: list[tuple[str, list[str]]]) -> Book:
    book = Book(directory)
    records = tuple(
        Chapter(title=title, file=file_name(number), state="fetched")
        for number, (title, _) in enumerate(chapters, start=1)
    )
    for record, (_, lines) in zip(records, chapters, strict=True):
        book.raw_path(record).parent.mkdir(parents=True, exist_ok=True)
        book.raw_path(record).write_bytes(chapter_bytes(lines))
    book.write_manifest(Manifest(title="雪夜", source="a.txt", chapters=records))
    return book


def cleaned(book: Book) -> list[list[str]]:
    return [book.paragraphs(chapter) for chapter in book.fetched()]


def test_white_space() -> None:
    raw = ["\u3000\u3000话  说\t。\u00a0", "", " \u3000", "\ufeff她\u200b说", "１２Ａ，　　空"]
    assert lines_of(raw) == ["话 说 。", "她说", "１２Ａ，　空"]


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("第一回 雪夜", ["第一回　雪夜"]),
        ("第一回 雪夜", ["第一回", "雪夜"]),
        ("第一回 雪夜", ["《》目录 第一回　雪夜"]),
        ("第一卷 风起 第一回 雪夜", ["第一回 雪夜"]),
        ("第一卷 风起 第一回 雪夜", ["第一卷 风起", "第一回 雪夜"]),
        ("第一卷 风起 第一回 雪夜", ["《》目录 第一卷 风起"]),
        ("雪夜", ["雪夜"]),
        ("第一回 雪夜", ["第一回 雪夜", "第一回 雪夜"]),
    ],
)
def test_the_heading_repeated_goes(title: str, head: list[str]) -> None:
    kept, removed = clean([*head, "话说。", "那年。"], Context(title=title))
    assert kept == ["话说。", "那年。"]
    assert removed == [("heading", line) for line in head]


@pytest.mark.parametrize("first", ["雪", "雪夜里来了一个人。", "第二回 雨"])
def test_a_first_line_that_only_resembles_the_title_stays(first: str) -> None:
    assert lines_of([first, "那年。"], title="雪夜") == [first, "那年。"]


@pytest.mark.parametrize(
    "mark",
    [
        "(本章完)",
        "（完）",
        "（全书完）",
        "【全文完】",
        "全书完",
        "（未完待续）",
        "(本章未完，请点击下一页继续阅读)",
    ],
)
def test_end_marks_go(mark: str) -> None:
    assert lines_of(["话说。", mark]) == ["话说。"]


def test_an_end_mark_behind_prose_goes_alone() -> None:
    assert clean(["话说。(本章完)"], Context()) == (["话说。"], [("end-mark", "(本章完)")])


@pytest.mark.parametrize("line", ["他说完了。", "完", "“完了！”", "这事还没有完", "事情（说来话长）就完了"])
def test_prose_about_ends_stays(line: str) -> None:
    assert lines_of([line]) == [line]


def test_disguised_advertisements_go() -> None:
    assert lines_of(["那年。", 'ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说$天"堂', "老残。"]) == [
        "那年。",
        "老残。",
    ]


def test_an_address_behind_prose_goes_when_several_chapters_advertise_it() -> None:
    assert lines_of(["说罢便去了。www.abcde.com"]) == ["说罢便去了。www.abcde.com"]
    context = study([["说罢便去了。www.abcde.com"], ["www.abcde.com"], ["却说。", "ＷＷＷ.abcde.com"]])
    assert clean(["说罢便去了。www.abcde.com"], context)[0] == ["说罢便去了。"]


def test_lines_that_many_chapters_share_go_and_refrains_stay(tmp_path: Path) -> None:
    shared = [
        "最快更新尽在雪夜书屋",
        "“是。”",
        "“皇上万岁，万万岁！”",
        "毕竟后事如何，且听下回分解。",
        "诗曰",
        "请收藏本站，方便下次阅读！",
    ]
    book = make_book(
        tmp_path, [(f"第{n}章", [f"却说第{n}年。", "他来了。", *shared]) for n in range(1, 11)]
    )
    report = clean_book(book)
    for number, lines in enumerate(cleaned(book), start=1):
        assert lines == [f"却说第{number}年。", "他来了。", *shared[1:5]]
    assert report.count("repeated") == 20


def test_a_song_in_the_midst_of_chapters_stays(tmp_path: Path) -> None:
    filler = [f"却说第{n}句。" for n in range(8)]
    book = make_book(tmp_path, [(f"第{n}章", [*filler, "大风起兮云飞扬", *filler]) for n in range(1, 6)])
    clean_book(book)
    assert all("大风起兮云飞扬" in lines for lines in cleaned(book))


def test_two_chapters_share_nothing_certain(tmp_path: Path) -> None:
    book = make_book(tmp_path, [("一", ["大风起兮云飞扬"]), ("二", ["大风起兮云飞扬"])])
    clean_book(book)
    assert cleaned(book) == [["大风起兮云飞扬"]] * 2


def test_the_report_names_every_removed_line_and_is_the_same_each_time(tmp_path: Path) -> None:
    book = make_book(tmp_path, [(f"第{n}章", ["却说。", "(本章完)"]) for n in range(1, 4)])
    report = clean_book(book)
    path = tmp_path / "cleaning.json"
    first = path.read_bytes()
    assert json.loads(first)["rules"]["end-mark"] == {
        "count": 3,
        "removed": [{"text": "(本章完)", "count": 3}],
    }
    assert [(removal.rule, removal.text, removal.count) for removal in report.removals] == [
        ("end-mark", "(本章完)", 3)
    ]
    assert clean_book(book) == report
    assert path.read_bytes() == first


def test_files_of_no_chapter_go(tmp_path: Path) -> None:
    book = make_book(tmp_path, [("第一章", ["却说。"])])
    stranger = tmp_path / "chapters" / "0099.txt"
    stranger.parent.mkdir()
    stranger.write_text("x", "utf-8")
    clean_book(book)
    assert [path.name for path in stranger.parent.iterdir()] == ["0001.txt"]


LINE = st.text(max_size=40) | st.sampled_from(
    ["(本章完)", "www.abcde.com", "第一章 雪", "说。www.abcde.com", "“是。”"]
)


@given(st.lists(LINE.filter(lambda line: "\n" not in line), max_size=20))
def test_nothing_is_invented_and_all_that_goes_is_reported(raw: list[str]) -> None:
    kept, removed = clean(raw, study([raw] * 3))
    assert all(line == line.strip(" \t\u3000") != "" for line in kept)
    gone = [text for _, text in removed]
    before = sorted("".join("".join(clean_space(line).split()) for line in raw))
    assert before == sorted("".join("".join([*kept, *gone]).split()))
    assert clean(kept, Context())[0] == clean(clean(kept, Context())[0], Context())[0]


def clean_space(line: str) -> str:
    return line.translate(str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
