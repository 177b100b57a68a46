from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.sections import ImportedBook
from xuxie.books.txt import parse_txt

PROSE = "　　却说那年有个游客，名叫老残。"


def titles(book: ImportedBook) -> list[str]:
    return [chapter.title for chapter in book.chapters]


def visible(text: str) -> str:
    return "".join(text.split())


def everything(book: ImportedBook) -> str:
    parts = list(book.preamble)
    for chapter in book.chapters:
        parts += [chapter.volume, chapter.title, *chapter.paragraphs]
    return visible("".join(parts))


def volumes(book: ImportedBook) -> list[tuple[str, str]]:
    return [(chapter.volume, chapter.title) for chapter in book.chapters]


def test_chapters_paragraphs_and_names() -> None:
    head = "《老残游记》\r\n作者：刘鹗\r\n\r\n第一回 土不制水\r\n　　话说。\r\n"
    text = head + "\u3000\r\n    那年。\t\r\n第二回 历山\r\n　　老残。"
    book = parse_txt(text, "x.txt")
    assert (book.title, book.author) == ("老残游记", "刘鹗")
    assert book.preamble == ["《老残游记》", "作者：刘鹗"]
    assert titles(book) == ["第一回 土不制水", "第二回 历山"]
    assert [chapter.paragraphs for chapter in book.chapters] == [["话说。", "那年。"], ["老残。"]]


def test_names_in_other_manners() -> None:
    chapter = "\n\n第一回 雪\n话说。\n"
    assert parse_txt("老残游记\n\n[清]刘鹗" + chapter, "lcyj.txt").author == "刘鹗"
    assert parse_txt("老残游记\n\n【清】 刘鹗 著" + chapter, "lcyj.txt").author == "刘鹗"
    assert parse_txt("老残游记\n\n[清]刘鹗" + chapter, "lcyj.txt").title == "老残游记"
    assert parse_txt("书名：雪夜\n作者:某人" + chapter, "a.txt").title == "雪夜"
    assert parse_txt("雪夜" + chapter, "雪夜-某人.txt").title == "雪夜"
    book = parse_txt("第一回 雪\n话说。", "《雪夜》（校对版）作者：某人.txt")
    assert (book.title, book.author) == ("雪夜", "某人")
    assert parse_txt("第一回 雪\n话说。", "雪夜.v1.txt").title == "雪夜.v1"


def test_a_contents_page_is_no_chapters() -> None:
    contents = "第一回　土不制水\n第二回　历山山下\n第三回　金线东来\n"
    text = (
        "老残游记\n"
        + contents
        + "".join(f"\n{line.replace('　', ' ')}\n{PROSE}\n" for line in contents.splitlines())
    )
    book = parse_txt(text, "老残游记.txt")
    assert titles(book) == ["第一回 土不制水", "第二回 历山山下", "第三回 金线东来"]
    assert book.preamble == ["老残游记", *contents.splitlines()]
    assert all(chapter.paragraphs == [PROSE.strip()] for chapter in book.chapters)


def test_a_preface_between_contents_and_text_is_a_chapter_when_long() -> None:
    head = "目录\n第一章 雪\n第二章 雨\n"
    body = f"第一章 雪\n{PROSE}\n第二章 雨\n{PROSE}\n"
    short = parse_txt(head + "这是一本书。\n" + body, "雪夜.txt")
    assert titles(short) == ["第一章 雪", "第二章 雨"]
    assert "这是一本书。" in short.preamble
    assert short.title == "雪夜"
    long = parse_txt(head + f"{PROSE}\n" * 40 + body, "雪夜.txt")
    assert titles(long) == ["雪夜", "第一章 雪", "第二章 雨"]
    assert len(long.chapters[0].paragraphs) >= 40


def test_a_text_without_headings_is_one_chapter() -> None:
    book = parse_txt("从前有座山。\n\n山里有座庙。\n", "故事.txt")
    assert titles(book) == ["故事"]
    assert book.chapters[0].paragraphs == ["从前有座山。", "山里有座庙。"]
    assert book.preamble == []


def test_chapters_know_their_volumes() -> None:
    text = f"第一卷 风起\n第一章 雪\n{PROSE}\n第二章 雨\n{PROSE}\n第二卷 云涌\n\n第一章 雷\n{PROSE}\n"
    assert volumes(parse_txt(text, "a")) == [
        ("第一卷 风起", "第一章 雪"),
        ("第一卷 风起", "第二章 雨"),
        ("第二卷 云涌", "第一章 雷"),
    ]


def test_a_prologue_before_the_volumes_lies_in_none() -> None:
    text = f"楔子\n{PROSE}\n第一卷 风起\n第一章 雪\n{PROSE}\n第二卷 云涌\n第二章 雷\n{PROSE}\n"
    assert volumes(parse_txt(text, "a")) == [
        ("", "楔子"),
        ("第一卷 风起", "第一章 雪"),
        ("第二卷 云涌", "第二章 雷"),
    ]


def test_volumes_that_hold_the_text_are_chapters() -> None:
    text = f"第一卷　蒋兴哥重会珍珠衫\n{PROSE}\n第二卷　陈御史巧勘金钗钿\n{PROSE}\n"
    assert titles(parse_txt(text, "a")) == ["第一卷　蒋兴哥重会珍珠衫", "第二卷　陈御史巧勘金钗钿"]


def test_prose_that_begins_like_a_heading_stays_prose() -> None:
    prose = f"{PROSE}\n　　第四回中既将薛家母子表明，此回不写。\n　　第三节去。\n　　尾声\n{PROSE}\n"
    text = f"第四回 护官符\n{prose}第五回 梦\n{PROSE}\n"
    book = parse_txt(text, "a")
    assert titles(book) == ["第四回 护官符", "第五回 梦"]
    assert len(book.chapters[0].paragraphs) == 5


def test_a_doubtful_heading_counts_when_it_carries_on_the_count() -> None:
    text = f"第一章雪夜\n{PROSE}\n第二章中秋\n{PROSE}\n第九章中的事\n{PROSE}\n第三章雨\n{PROSE}\n"
    assert titles(parse_txt(text, "a")) == ["第一章雪夜", "第二章中秋", "第三章雨"]


def test_an_appendix_between_two_chapters_belongs_to_the_first() -> None:
    text = f"第一回 雪\n{PROSE}\n附录 年表\n{PROSE}\n第二回 雨\n{PROSE}\n附录 后事\n{PROSE}\n"
    assert titles(parse_txt(text, "a")) == ["第一回 雪", "第二回 雨", "附录 后事"]


def test_a_junk_prefix_stays_in_the_text_and_out_of_the_title() -> None:
    book = parse_txt("《》目录 第一回　灵根\n　　诗曰。\n", "a")
    assert titles(book) == ["第一回　灵根"]
    assert book.chapters[0].paragraphs == ["《》目录 第一回　灵根", "诗曰。"]


LINES = st.sampled_from(
    [
        *(
            "第一章 雪",
            "第二章 雨",
            "第一卷 风起",
            "第二卷",
            "第三节 夜",
            "楔子",
            "尾声",
            "附录 年表",
            "目录",
            "《书》",
        ),
        *(
            "作者：某人",
            "　　却说那年。",
            "",
            "　",
            "“是。”",
            "第三节去。",
            "《》目录 第二章 雨",
            "第二章中秋",
            "雪夜",
        ),
    ]
)


@given(st.lists(LINES | st.text(max_size=30), max_size=40))
def test_no_character_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    book = parse_txt(text, "雪夜.txt")
    kept = everything(book)
    for character in set(visible(text.lstrip("\ufeff"))):
        assert kept.count(character) >= text.lstrip("\ufeff").count(character)
    for chapter in book.chapters:
        assert all(paragraph == paragraph.strip() != "" for paragraph in chapter.paragraphs)
