import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books import cleaning
from xuxie.books.blanks import tidied
from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, file_name
from xuxie.books.cleaning import Cleaner, clean_book, names_of
from xuxie.books.learning import learn
from xuxie.books.removal import BEHIND_END, END_MARK, ENDS, Context, Known, clean
from xuxie.books.templates import Names
from xuxie.errors import InputError


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


@pytest.mark.parametrize(
    "head", [["雪夜"], ["第一卷 风起", "雪夜"], ["第一卷", "风起", "雪夜"], ["第一卷 风起 雪夜"]]
)
def test_the_heading_may_stand_below_its_volume_s(head: list[str]) -> None:
    context = Context(title="雪夜", volume="第一卷 风起")
    assert clean([*head, "话说。"], context) == (["话说。"], [("heading", line) for line in head])


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
        "（未完待续。）",
        "内容未完，下一页继续阅读",
        "这章没有结束，请点击下一页继续阅读！",
        "小主，这个章节后面还有哦，请点击下一页继续阅读，后面更精彩！",
    ],
)
def test_end_marks_go(mark: str) -> None:
    assert lines_of(["话说。", mark]) == ["话说。"]


@given(st.text(alphabet="完续页读结终本章全未待(（】)。.… \u3000", max_size=8))
def test_no_end_mark_is_overlooked(line: str) -> None:
    """Which lines are looked at closely tells their end; it is never wrong where it says no."""
    line = tidied(line)
    if line and END_MARK.search(line):
        assert line.rstrip(BEHIND_END)[-1:] in ENDS


def test_an_end_mark_behind_prose_goes_alone() -> None:
    assert clean(["话说。(本章完)"], Context()) == (["话说。"], [("end-mark", "(本章完)")])


@pytest.mark.parametrize(
    "line",
    ["他说完了。", "完", "“完了！”", "他翻到下一页继续阅读。", "这事还没有完", "事情（说来话长）就完了"],
)
def test_prose_about_ends_stays(line: str) -> None:
    assert lines_of([line]) == [line]


def test_notices_of_the_site_go_at_the_edges_only() -> None:
    top = ["某某阁 www.moumou.bz，最快更新雪夜 ！", "請記住本站域名: 某某屋"]
    bottom = [
        "章节错误,点此举报(免注册),举报后维护人员会在两分钟内校正章节内容,请耐心等待,并刷新页面。",
        "读雪夜,请记好我们的地址:www.moumou.tw",
    ]
    prose = ["他把地址写在纸上。", "“更新最快的是本站。”她念道。", "雪停了。", "门开着。", "他走了。"]
    assert lines_of([*top, *prose, *bottom]) == prose
    assert lines_of([*prose[:3], bottom[0], *prose[3:], *prose]) == [
        *prose[:3],
        bottom[0],
        *prose[3:],
        *prose,
    ]


@pytest.mark.parametrize(
    "line",
    [
        "久看中文网首发",
        "无限好文，尽在晋江文学城",
        "本书由某某书院首发，请勿转载！",
        "本章节由网友上传，如有侵权请联系我们删除",
        "仅供个人学习交流使用，禁作商业用途",
        "温馨提示：方向键左右(← →)前后翻页，回车键返回列表",
        "Copyright 2020 某某小说网 All Rights Reserved",
    ],
)
def test_what_is_said_of_a_site_at_the_edges_goes(line: str) -> None:
    prose = ["雪停了。", "门开着。", "他走了。", "没有人送他。", "灯还亮着。"]
    assert lines_of([line, *prose]) == prose
    assert lines_of([*prose, line]) == prose


def test_a_line_of_hardly_anything_but_the_words_of_sites_goes_anywhere() -> None:
    prose = ["雪停了。", "门开着。", "他走了。", "没有人送他。", "灯还亮着。"]
    for line in ("一秒记住，本站为您提供热门小说免费阅读。", "某某中文 www.moumou.bz"):
        assert lines_of([*prose, line, *prose]) == [*prose, *prose]
    told = "他在本站读到最新章节，忽然想起那年冬天渡口的雪，想起更新最快的那个春天里的船。"
    assert lines_of([*prose, told, *prose]) == [*prose, told, *prose]


@pytest.mark.parametrize("line", ["正文 第三章 雪夜归人", "某某长篇小说名 第三章 雪夜归人"])
def test_a_title_behind_other_words_goes(line: str) -> None:
    assert lines_of([line, "雪停了。"], "第三章 雪夜归人") == ["雪停了。"]


def test_disguised_advertisements_go() -> None:
    assert lines_of(["那年。", 'ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说$天"堂', "老残。"]) == [
        "那年。",
        "老残。",
    ]


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
    assert report.count("boilerplate") == 20


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
    assert json.loads(first)["rules"]["boilerplate"] == {
        "count": 3,
        "removed": [{"text": "(本章完)", "count": 3}],
    }
    assert [(removal.rule, removal.text, removal.count) for removal in report.removals] == [
        ("boilerplate", "(本章完)", 3)
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


def test_an_address_behind_prose_goes_when_several_chapters_advertise_it(tmp_path: Path) -> None:
    tail = "说罢便去了。www.abcde.com"
    assert lines_of([tail]) == [tail]
    chapters = [("一", [tail]), ("二", ["却说。", "www.abcde.com"]), ("三", ["却说。", "ＷＷＷ.abcde.com"])]
    book = make_book(tmp_path, chapters)
    clean_book(book)
    assert cleaned(book) == [["说罢便去了。"], ["却说。"], ["却说。"]]


def test_without_relearning_the_rules_of_the_book_are_applied(tmp_path: Path) -> None:
    chapters = [(f"第{n}章", [f"却说第{n}年。", "雪夜书屋最快更新"]) for n in range(1, 6)]
    clean_book(make_book(tmp_path, chapters))
    rules = (tmp_path / "cleaning-rules.json").read_bytes()
    added = [*chapters, *((f"第{n}章", [f"却说第{n}年。", "青灯书屋最快更新"]) for n in range(6, 16))]
    book = make_book(tmp_path, added)
    clean_book(book, relearn=False)
    assert (tmp_path / "cleaning-rules.json").read_bytes() == rules
    assert [len(lines) for lines in cleaned(book)] == [1] * 5 + [2] * 10
    clean_book(book)
    assert [len(lines) for lines in cleaned(book)] == [1] * 15
    assert (tmp_path / "cleaning-rules.json").read_bytes() != rules


def test_without_rules_they_are_learned(tmp_path: Path) -> None:
    book = make_book(tmp_path, [(f"第{n}章", [f"却说第{n}年。", "雪夜书屋最快更新"]) for n in range(1, 6)])
    clean_book(book, relearn=False)
    assert [len(lines) for lines in cleaned(book)] == [1] * 5


def test_damaged_rules_are_told_and_learned_anew_by_cleaning(tmp_path: Path) -> None:
    book = make_book(tmp_path, [("第一章", ["却说。"])])
    clean_book(book)
    path = tmp_path / "cleaning-rules.json"
    good = path.read_bytes()
    for content in (b"", b"{}]", b'{"version": 2}', b'{"rules": [{"where": "sky"}]}', b"\xff"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="xuxie clean"):
            clean_book(book, relearn=False)
        clean_book(book)
        assert path.read_bytes() == good


@pytest.mark.parametrize(
    ("pattern", "goes", "stays"),
    [
        ("本章由网友上传", "本章由网友上传！", "本章由网友上传吧"),
        ("*手机用户请浏览*", "亲，手机 用户请浏览ｍ站", "手机用户"),
        ("转载*请注明", "转载，务必，请注明", "请注明转载"),
        ("一*二*三", "一一二三三", "一三二"),
        ("关门*关门", "关门，关门", "关门"),
    ],
)
def test_lines_that_the_site_s_rules_drop(pattern: str, goes: str, stays: str) -> None:
    known = Known(drop=[pattern])
    assert clean([goes, stays], Context(known=known)) == ([stays], [("site-rules", goes)])


def test_what_the_site_s_rules_drop_is_in_the_report(tmp_path: Path) -> None:
    book = make_book(tmp_path, [("第一章", ["却说。", "请注明"])])
    assert clean_book(book, drop=["请注明"]).count("site-rules") == 1
    assert cleaned(book) == [["却说。"]]
    assert clean_book(book).count("site-rules") == 0


def test_the_whole_title_goes_wherever_it_stands_alone() -> None:
    raw = [
        "话说。",
        "第一章 雪夜",
        "那年，",
        "正文 第一章 雪夜",
        "第一章雪夜。",
        "雪夜",
        "第一章",
        "第二章 雪夜",
    ]
    kept = ["话说。", "那年，", "第一章雪夜。", "雪夜", "第一章", "第二章 雪夜"]
    assert lines_of(raw, title="第一章 雪夜") == kept
    assert lines_of(["话说。", "雪夜", "第一章"], title="雪夜") == ["话说。", "雪夜", "第一章"]


def test_headings_of_pages_go_wherever_they_stand() -> None:
    raw = [
        "第一章 雪夜第(1/3)页",
        "话说。",
        "第一章 雪夜（2/3）",
        "那年，第一章 雪夜",
        "第一章 雪夜(第3页)",
        "1/3",
    ]
    assert lines_of(raw, title="第一章 雪夜") == ["话说。", "那年，第一章 雪夜", "1/3"]


def test_a_chapter_of_nothing_but_boilerplate_is_left_as_it_is(tmp_path: Path) -> None:
    chapters = [(f"第{n}章", [f"却说第{n}年。", "本站最快更新"]) for n in range(1, 6)]
    book = make_book(tmp_path, [*chapters, ("请假", ["本站最快更新"])])
    clean_book(book)
    assert cleaned(book)[-1] == ["本站最快更新"]


LINE = st.text(max_size=40) | st.sampled_from(
    [
        "(本章完)",
        "www.abcde.com",
        "第一章 雪",
        "说。www.abcde.com",
        "“是。”",
        "说，一秒记住本站小说网，再说。",
    ]
)


@given(st.lists(LINE.filter(lambda line: "\n" not in line), max_size=20))
def test_nothing_is_invented_and_all_that_goes_is_reported(raw: list[str]) -> None:
    stripped = clean(raw, Context())[0]
    rules = learn(lambda: [("第一章 雪", stripped)] * 5, Names())
    kept, removed = clean(raw, Context(known=Known(rules)))
    assert all(line == line.strip(" \t\u3000") != "" for line in kept)
    gone = [text for _, text in removed]
    before = sorted("".join("".join(clean_space(line).split()) for line in raw))
    assert before == sorted("".join("".join([*kept, *gone]).split()))
    assert clean(kept, Context())[0] == clean(clean(kept, Context())[0], Context())[0]


def clean_space(line: str) -> str:
    return line.translate(str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u2060\u00ad"))


@pytest.mark.parametrize("room", [cleaning.MAX_KEPT, 0])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_cleaned_early_in_any_order_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, room: int
) -> None:
    monkeypatch.setattr(cleaning, "MAX_KEPT", room)
    random = Random(seed)
    chapters = [
        (
            f"第{n}章 雪{n}",
            [
                *(["一秒记住【青灯小说网】，为您提供精彩小说阅读。"] if n % 3 or seed else []),
                *(f"却说第{n}年第{line}日，他来了。" for line in range(random.randint(3, 20))),
                f"他看了{n}夜小说，手机用户请浏览m点qingdeng点com阅读，天亮了。",
                *(["（本章完）"] if n > 40 else []),
            ],
        )
        for n in range(1, 91)
    ]
    late, early = make_book(tmp_path / "late", chapters), make_book(tmp_path / "early", chapters)
    report = clean_book(late)
    assert report.count("boilerplate") > 50
    manifest = early.manifest()
    cleaner = Cleaner(early, names_of(manifest))
    for chapter in random.sample(manifest.chapters, 70):
        draft = cleaner.draft(chapter, early.raw(chapter))
        early.clean_path(chapter).parent.mkdir(exist_ok=True)
        early.clean_path(chapter).write_bytes(draft)
    assert cleaner.finish(manifest) == report
    files = [path.relative_to(late.directory) for path in sorted(late.directory.rglob("*.*"))]
    assert len(files) == 3 + 2 * 90
    for file in files:
        assert (early.directory / file).read_bytes() == (late.directory / file).read_bytes()
