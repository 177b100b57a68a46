from hypothesis import given
from hypothesis import strategies as st

from xuxie.evaluation.copying import longest_copies

TEXTS = st.text(st.sampled_from("他走了。"), max_size=30)


def slowly(passage: str, texts: list[str]) -> int:
    runs = {passage[i:j] for i in range(len(passage)) for j in range(i + 1, len(passage) + 1)}
    return max((len(run) for run in runs if any(run in text for text in texts)), default=0)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, max_size=4))
def test_the_longest_run_is_what_a_slow_search_finds(passages: list[str], texts: list[str]) -> None:
    assert longest_copies(passages, iter(texts)) == [slowly(passage, texts) for passage in passages]


def test_a_run_lies_within_one_text_and_one_passage() -> None:
    assert longest_copies(["他推开门走了"], ["那天他推开门，", "走了。"]) == [4]
    assert longest_copies(["他推开", "门走了"], ["他推开门走了"]) == [3, 3]
    assert longest_copies(["雨\U00020000雪"], ["夜雨\U00020000雪夜"]) == [3]
