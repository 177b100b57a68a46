import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError
from xuxie.generation.context import Context
from xuxie.generation.writer import Writer

SHAPE = WindowShape(source=64, target=32)
sentence_lengths = st.lists(st.integers(1, 40), max_size=20)
shapes = st.builds(WindowShape, source=st.integers(1, 50), target=st.integers(2, 30))


@pytest.fixture(scope="module")
def tokenizer(tiny_writer: Writer) -> NovelTokenizer:
    return tiny_writer.tokenizer


def spelled(tokenizer: NovelTokenizer, ids: list[int]) -> str:
    """Token ids as characters, [EOS] as / and the paragraph mark as ¶."""
    marks = {tokenizer.eos_id: "/", tokenizer.paragraph_id: "¶", tokenizer.unk_id: "?"}
    return "".join(marks.get(i, tokenizer.texts[i]) for i in ids)


def context_of(tokens: list[int]) -> Context:
    context = Context(tokens=[], starts=[0], eos_id=5)
    for token in tokens:
        context.append(token)
    return context


@pytest.mark.parametrize(
    ("prompt", "source", "target"),
    [
        ("他推开门，屋里没有人。", "¶他推开门，屋里没有人。/", ""),
        ("他推开门。桌上的灯", "¶他推开门。/", "桌上的灯"),
        ("桌上的灯", "", "¶桌上的灯"),
        ("灯亮着。\n他问", "¶灯亮着。/", "¶他问"),
        ("灯亮着\n他问", "¶灯亮着/", "¶他问"),  # a paragraph ends a sentence too
        ("灯亮着。\n", "¶灯亮着。/", "¶"),
        ("灯亮着\n", "¶灯亮着/", "¶"),
        ("灯亮着。\n\n", "¶灯亮着。/", "¶"),
        ("\n\n灯亮着。", "¶灯亮着。/", ""),
        ("灯亮着。\r\n他问", "¶灯亮着。/", "¶他问"),
        ("灯亮着。\r他问。\r\n", "¶灯亮着。/¶他问。/", "¶"),
        ("　　灯亮着。 \n　　他问", "¶灯亮着。/", "¶他问"),
        ("“谁来过？”她问。", "¶“谁来过？”/她问。/", ""),
        ("灯亮着，龘。龘", "¶灯亮着，?。/", "?"),
    ],
)
def test_a_prompt_becomes_source_and_target(
    tokenizer: NovelTokenizer, prompt: str, source: str, target: str
) -> None:
    context = Context.of(prompt, tokenizer)
    start, middle = context.window(SHAPE)
    assert spelled(tokenizer, context.tokens[start:middle]) == source
    assert spelled(tokenizer, context.tokens[middle:]) == target


@pytest.mark.parametrize("prompt", ["", " ", "\n", "　\r\n \t"])
def test_an_empty_prompt_is_refused(tokenizer: NovelTokenizer, prompt: str) -> None:
    with pytest.raises(InputError, match="the text to continue is empty"):
        Context.of(prompt, tokenizer)


@given(sentence_lengths, st.integers(0, 60), shapes)
def test_windows_fit_and_begin_with_sentences(lengths: list[int], tail: int, shape: WindowShape) -> None:
    tokens = [token for length in lengths for token in [*[9] * (length - 1), 5]] + [9] * tail
    context = context_of(tokens)
    assert context.starts == [0, *np.cumsum(lengths).tolist()]
    start, middle = context.window(shape)
    assert middle - start <= shape.source
    assert len(tokens) - middle < shape.target  # there is room for the next token
    assert len(tokens) - middle == (tail if tail <= shape.target // 2 else 0)
    assert start in context.starts or middle - start == shape.source
    assert start < middle or middle == 0


@given(st.lists(st.sampled_from([5, 9]), max_size=20), st.data())
def test_rewinding_leaves_no_trace(tokens: list[int], data: st.DataObject) -> None:
    context = context_of(tokens)
    length = data.draw(st.integers(0, len(tokens)))
    fork = context.fork()
    context.rewind(length)
    assert context == context_of(tokens[:length])
    assert fork == context_of(tokens)
