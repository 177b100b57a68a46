import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.corpus.sentences import is_whole, sentence_ends, split_sentences

# What a novel is made of, so that quotes, marks and text meet in every order.
TEXTS = st.text(
    st.sampled_from("他说走。！？!?｡…—～~“”‘’「」『』（）《》\"'，：；、 　a.1"), max_size=40
) | st.text(max_size=20)


@pytest.mark.parametrize(
    "sentences",
    [
        ["他说：“走吧。”", "她没动。"],
        ["他推开门。", "屋里没有人。"],
        ["他推开门，屋里没有人"],
        ["真的？！", "真的！！", "走吧"],
        ["真的?!", "走!"],
        ["他走了……又回来了。"],  # an ellipsis in mid-sentence
        ["“他走了……”", "她说。"],
        ["“他走了……他又……”", "她说。"],
        ["“走！——”", "他喊。"],
        ["走！……", "他喊。"],
        ["他——他来了！"],
        ['"走吧。"', "她没动。"],
        ['她说："走吧。"', '他说："好。"'],
        ['"走吧……"', "她没动。"],
        ['他想……"走吧。"', "她没动。"],
        ["「他说：『走。』」", "她没动。"],
        ["“他说：‘走。’”", "她没动。"],
        ["（他没来。）", "她也没来。"],
        ["他没来。", "（她也没来。）", "雨停了。"],
        ["他没来（她也没来！），雨停了。", "没人。"],
        ["包公听了（他却来了。）不好言明。", "退下。"],
        ["他没来（她也没来。）"],
        ["（他没来。", "她也没来。）", "雨停了。"],
        ["他没来（她也没来。", "雨停了。"],  # a bracket that never closes
        ["他读过《谁之罪？》一书。", "她没有。"],
        ["《救救孩子！》是谁写的？"],
        ["“我只是——”", "他说不下去。"],
        ["他——就是那个人——走了。"],
        ["滚滚长江东逝水　", "浪花淘尽英雄　", "是非成败转头空"],
        ["春眠不觉晓，处处闻啼鸟。", "夜来风雨声，花落知多少。"],
        ["第一回　甄士隐梦幻识通灵。"],
        ["《还灯记》连载到第八年。", "没有人见过先生。"],
        ["ｶﾚﾊｷﾀ｡", "ソウカ。"],
        ["他读了3.14遍。"],
        ["他问：“真的？”。", "没人答。"],
        ['他问："真的？"！', "没人答。"],
        [],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    assert split_sentences("".join(sentences)) == sentences


@pytest.mark.parametrize(
    "text", ["他走了。", "“走！”", "走吧?", '"走吧。"', "“他走了……”", "（他没来。）", "走！——"]
)
def test_whole(text: str) -> None:
    assert is_whole(text)
    assert is_whole("他走了，" + text)


@pytest.mark.parametrize(
    "text", ["", "他走了", "他走了，", "他走了……", "他走了。又", "“走。”他", "他说：“"]
)
def test_unfinished(text: str) -> None:
    assert not is_whole(text)


@given(TEXTS)
def test_sentences_make_the_text_and_none_is_empty(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join(sentences) == text
    assert all(sentences)


@pytest.mark.parametrize(
    "piece", ["…", "…。", "。”", '。"', "“", "！……", "“……", "（。）", "（", "他——”", "他　"]
)
def test_long_runs_of_marks_take_little_time(piece: str) -> None:
    text = piece * 20_000
    began = time.process_time()
    assert "".join(split_sentences(text)) == text
    assert time.process_time() - began < 2


@given(TEXTS)
def test_ends_are_in_order_and_end_whole_sentences(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert is_whole(text) == (bool(text) and ends[-1:] == [len(text)])
    if ends or "\u3000" not in text:  # else it may be verse
        assert len(split_sentences(text)) == len(ends) + (bool(text) and not is_whole(text))


@given(st.lists(TEXTS.map(lambda text: text.replace("\n", "")).filter(bool), max_size=5))
def test_sentences_and_paragraphs_make_the_chapter(paragraphs: list[str]) -> None:
    joined = "\n".join("".join(split_sentences(paragraph)) for paragraph in paragraphs)
    assert joined.split("\n") == (paragraphs or [""])


@given(TEXTS)
def test_no_sentence_begins_with_what_closes_one(text: str) -> None:
    """Once a sentence has ended, its closing quotes and brackets belong to it."""
    for sentence in split_sentences(text)[1:]:
        assert sentence[0] not in "”’」』）】〉》〕］)]。！？!?｡"
