import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.headings import chapter_number, entry_number, fold, recognise, to_int


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("第一章", 1),
        ("第071回 猛都监兴师剿寇", 71),
        ("　　第 一 回 灵虚子投师学法", 1),
        ("第一百二十回　甄士隐详说太虚情", 120),
        ("第廿三回 西厢记妙词通戏语", 23),
        ("第卅三章 雪", 33),
        ("第１２章　风", 12),
        ("第一○五回 亚侠女", 105),
        ("第一一〇回 蒋平", 110),
        ("第一百零五回 x", 105),
        ("第一百六回　王敖反间", 106),
        ("第两千零一章 终局", 2001),
        ("第十节", 10),
        ("第3集 雨", 3),
        ("第二部 归来", 2),
        ("第一折 楔", 1),
        ("第五節 夜", 5),
        ("第七話 海", 7),
        ("卷一 天地", 1),
        ("卷下", 3),
        ("第一章恶魔", 1),
        ("第一章：风", 1),
        ("第一章 你好，世界！", 1),
        ("【第一章】风起", 1),
        ("☆、第一章 风", 1),
        ("正文 第十章 归", 10),
        ("第二卷 云涌 第十章 归来", 10),
        ("Chapter 12", 12),
        ("CHAPTER XIV. The Sea", 14),
        ("楔子", None),
        ("序章 雪夜", None),
        ("序", None),
        ("自序", None),
        ("前言", None),
        ("引子", None),
        ("尾声", None),
        ("尾聲", None),
        ("后记", None),
        ("番外二 他", None),
        ("附录：年表", None),
        ("跋", None),
    ],
)
def test_headings(line: str, number: int | None) -> None:
    heading = recognise(line)
    assert heading is not None
    assert heading.number == number
    assert heading.line == line.strip()
    assert chapter_number(line) == number


def test_a_junk_prefix_is_no_part_of_the_title() -> None:
    heading = recognise("《》目录 第一回　灵根育孕源流出　心性修持大道生")
    assert heading is not None
    assert heading.title == "第一回　灵根育孕源流出　心性修持大道生"
    assert heading.number == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "　",
        "第四回中既将薛家母子在荣府中寄居等事略已表明，此回暂可不写了。",
        "第三节去。",
        "第二十三折胁坑，第二十四犁舌坑，",
        "第二卷是掌珠的七绝四首：",
        "第一次见面",
        "第二天",
        "跋扈将军素横行，履霜全不戒坚冰！",
        "序幕拉开了",
        "后记得来",
        "前言：这是一本书。",
        "Chapters of my life",
        "第一章" + "很长" * 60,
        "他说第一章 很好",
    ],
)
def test_prose(line: str) -> None:
    assert recognise(line) is None


@pytest.mark.parametrize("line", ["第三节课上，老师来了", "第一集团军", "第一章中秋", "第一章的秘密"])
def test_what_only_the_count_can_tell_is_doubtful(line: str) -> None:
    heading = recognise(line)
    assert heading is not None
    assert heading.doubtful


def test_ranks_go_from_coarse_to_fine() -> None:
    headings = [recognise(line) for line in ("第一部", "第一卷", "第一章", "第一节")]
    ranks = [heading.rank for heading in headings if heading]
    assert len(ranks) == 4
    assert ranks == sorted(set(ranks))


def test_a_number_in_a_title_that_is_no_clean_heading() -> None:
    assert chapter_number("第四回中，此回暂可不写了。") == 4
    assert chapter_number("归来") is None


def chinese(number: int) -> str:
    """An independent writer of numbers up to 9999."""
    digits, text, gap = "零一二三四五六七八九", "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + digits[digit] + name
            gap = False
        else:
            gap = True
    return text


@given(st.integers(1, 9999))
def test_numbers_in_every_writing(number: int) -> None:
    for numeral in (chinese(number), str(number), f"{number:05d}", " ".join(str(number))):
        assert to_int(numeral) == number
        assert chapter_number(f"第{numeral}章 雪") == number
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))
    assert chapter_number(f"第{full_width}回") == number


@given(st.text(max_size=120))
def test_any_line_is_judged_without_complaint(line: str) -> None:
    heading = recognise(line)
    assert heading is None or heading.title in line
    chapter_number(line)


def test_fold_forgets_width_case_and_punctuation() -> None:
    assert fold("第１回　Ａ！") == fold("第1回 a")


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("Ch.7 The lamp", 7),
        ("Vol. 2 Chap. 7 - The lamp", 7),
        ("Ep. 7", 7),
        ("Capítulo 7: La lámpara", 7),
        ("Chuong 7", 7),
        ("Глава 7. Лампа", 7),
        ("제7화 등불", 7),
        ("7화", 7),
        ("章七 灯", 7),
        ("章二十一", 21),
        ("Bach 7", None),
        ("7회장", None),
        ("章七灯", None),
    ],
)
def test_a_lists_entry_may_be_numbered_in_other_ways(title: str, number: int | None) -> None:
    assert entry_number(title) == number
