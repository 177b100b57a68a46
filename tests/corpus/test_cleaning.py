import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.corpus.cleaning import RULES, clean
from xuxie.corpus.glyphs import missing_glyphs
from xuxie.corpus.lines import join_lines, wrapped_at

PROSE = [
    "却说那日大雪，他推开门，屋里没有人。",
    "她问：“①是什么，②又是什么？”",
    "第①章讲的是：①下雨；②下雪。",
    "右调〔西江月〕：后生〔走〕将进来道。",
    "建安三年（公元一九八年）十二月，本篇之外还有一篇。",
    "此言一出，众人皆惊——注意，谁也没有说话。",
    "人参二钱 白术二钱土炒 云苓三钱",
    "He said: “go on”, and went.",
    "滚滚长江东逝水　浪花淘尽英雄",
    "＊＊＊",
    "他说：Ｈｅｌｌｏ，１２３！",
]


def removed(*paragraphs: str) -> dict[str, list[str]]:
    _, gone = clean(paragraphs)
    result: dict[str, list[str]] = {}
    for rule, text in gone.elements():
        result.setdefault(rule, []).append(text)
    return result


def test_prose_stays_as_it_is() -> None:
    assert clean(PROSE) == (PROSE, {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("他坐了下来①，没有说话。", "他坐了下来，没有说话。"),
        ("他坐了下来[12]，没有说话②", "他坐了下来，没有说话"),
        ("“走。”（注3）他说。", "“走。”他说。"),
        ("他走了（编者注：去了北平）。", "他走了。"),
        ("等到亮钟［亮钟：意指天将亮的时分。］以后无信。", "等到亮钟以后无信。"),
        ("他说， “走。” 她没动。", "他说，“走。” 她没动。"),
        ("他 推 开 门 ， 屋 里 没 有 人 。", "他推开门，屋里没有人。"),
        ('开头&lt;FONTface="楷体_gb2312"&gt;正文</p>。', "开头正文。"),
        (
            "越仙\ue24b而进，□【左“鱼”右“便”】提督，建文四年□月。",
            "越仙\ufffd而进，\ufffd提督，建文四年\ufffd月。",
        ),
        ("把头**保儿管了，囗【月赞】。", "把头\ufffd\ufffd保儿管了，\ufffd。"),
    ],
)
def test_within_a_paragraph(before: str, after: str) -> None:
    assert clean([before])[0] == [after]


def test_notes_behind_a_chapter() -> None:
    chapter = ["他走了。", "且听下回分解。注解：", "储君——继承皇位的人。", "薨——诸侯或大官死。"]
    assert clean(chapter)[0] == ["他走了。", "且听下回分解。"]
    assert removed(*chapter) == {"notes": ["注解：", *chapter[2:]]}
    prose = ["他翻到书后的注解：", "上面写着许多人的名字，他一个也不认识。", "他合上了书。"]
    assert clean(prose) == (prose, {})


def test_footnotes_go_where_a_mark_refers_to_them() -> None:
    chapter = ["原来是金陵①人，她父亲做过刺史②。", "①金陵：古邑名。", "②刺史：官名。"]
    assert clean(chapter)[0] == ["原来是金陵人，她父亲做过刺史。"]
    rules = ["①不许说话；", "②不许走动。"]  # nothing refers to them
    assert clean(rules) == (rules, {})
    with_prose = ["一张大挑①。", "①大挑：选官的一种制度。" + "正说之间，老尼姑领着徒弟来了。" * 5]
    assert "老尼姑" in "".join(clean(with_prose)[0])


@pytest.mark.parametrize(
    "line",
    [
        "（原载1922年3月15日《创造》季刊第1卷第1期）",
        "微雪的早晨本篇原题为《微雪的早晨》；最初在《教育杂志》上发表。",
        "[此回无总批]",
    ],
)
def test_editors_lines(line: str) -> None:
    assert removed("他走了。", line) == {"editors": [line]}


def test_a_table_of_contents() -> None:
    headings = [f"第{n}回 风雪山神庙" for n in "一二三四五"]
    assert removed("目录", *headings, "话说。") == {"contents": headings}
    assert clean([*headings[:2], "话说。"]) == ([*headings[:2], "话说。"], {})


TEXT = "那年冬天雪下得很大路上没有一个人他推开门屋里也没有人桌上的灯还亮着茶也是热的，" * 4 + "她问谁来过。"


@given(st.integers(20, 40))
def test_wrapped_lines_are_joined(width: int) -> None:
    lines = [TEXT[i : i + width] for i in range(0, len(TEXT), width)]
    joined, joints = join_lines(lines)
    if wrapped_at(lines) is None:
        assert (joined, joints) == (lines, [])
    else:
        assert joined == [TEXT]
        assert len(joints) == len(lines) - 1


def test_a_width_is_seen() -> None:
    assert wrapped_at([TEXT[i : i + 30] for i in range(0, len(TEXT), 30)]) == 30
    assert join_lines([TEXT[:30], TEXT[30:]])[1] == []  # two lines tell no width


def test_verse_and_short_lines_are_not_joined() -> None:
    verse = ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"] * 4
    assert clean(verse) == (verse, {})


def test_latin_words_are_not_fused() -> None:
    line = "the snow fell on the road all that winter and nobody"
    assert join_lines([line] * 8)[0] == [" ".join([line] * 8)]


CHAPTERS = st.lists(
    st.text(
        st.sampled_from("他说走①②注解：——。，；“”［］（）*□囗 　第一回&lt;p>原载编者按\ue000"), max_size=30
    ),
    max_size=8,
)


@given(CHAPTERS)
def test_nothing_is_added_or_moved(paragraphs: list[str]) -> None:
    """What stays is a subsequence of what was, bar the marks for missing glyphs; and clean text stays."""
    cleaned, _ = clean(paragraphs)
    assert all(cleaned)
    rest = iter("".join(paragraphs))
    assert all(character in rest for character in "".join(cleaned).replace("\ufffd", ""))


@given(CHAPTERS)
def test_what_goes_is_reported(paragraphs: list[str]) -> None:
    lines = [line for line in paragraphs if line]
    for _, rule in RULES:
        after, gone = rule(lines)
        assert (after != lines) <= bool(gone) or [a.strip() for a in lines] == after
        lines = after


def test_missing_glyphs_keep_their_number() -> None:
    assert missing_glyphs(["〓\ue000\U000f1234", "＊＊＊"]) == (
        ["\ufffd\ufffd\ufffd", "＊＊＊"],
        ["〓", "\ue000", "\U000f1234"],
    )
