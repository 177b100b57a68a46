import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xuxie.config import WriteSettings
from xuxie.corpus.sentences import is_whole
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError, MissingStageError
from xuxie.generation import writer as module
from xuxie.generation.whole_window import Decoder
from xuxie.generation.writer import OVERRUN, Context, Writer, with_seed
from xuxie.models import save_model
from xuxie.project import Project

SETTINGS = WriteSettings(length=40, seed=3)
PROMPT = "他推开门，屋里没有人。桌上的灯"


def text_of(writer: Writer, prompt: str, settings: WriteSettings = SETTINGS) -> str:
    return "".join(writer.write(prompt, settings))


def spelled(writer: Writer, ids: list[int]) -> str:
    """Token ids as characters, [EOS] as / and the paragraph mark as ¶."""
    tokenizer = writer.tokenizer
    marks = {tokenizer.eos_id: "/", tokenizer.paragraph_id: "¶", tokenizer.unk_id: "?"}
    return "".join(marks.get(i, tokenizer.texts[i]) for i in ids)


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
    tiny_writer: Writer, prompt: str, source: str, target: str
) -> None:
    window = Context.of(prompt, tiny_writer.tokenizer).window(tiny_writer.shape)
    assert tuple(spelled(tiny_writer, ids) for ids in window) == (source, target)


@pytest.mark.parametrize("prompt", ["", " ", "\n", "　\r\n \t"])
def test_an_empty_prompt_is_refused_before_the_first_piece(tiny_writer: Writer, prompt: str) -> None:
    with pytest.raises(InputError, match="the text to continue is empty"):
        tiny_writer.write(prompt, SETTINGS)


@given(
    st.lists(st.integers(1, 40), max_size=20),
    st.integers(0, 60),
    st.builds(WindowShape, source=st.integers(1, 50), target=st.integers(2, 30)),
)
def test_windows_fit_and_end_where_the_text_ends(lengths: list[int], tail: int, shape: WindowShape) -> None:
    tokens = [token for length in lengths for token in [*[9] * (length - 1), 5]] + [9] * tail
    context = Context(tokens=[], starts=[0], eos_id=5)
    for token in tokens:
        context.append(token)
    assert context.starts == [0, *np.cumsum(lengths).tolist()]
    source, target = context.window(shape)
    assert len(source) <= shape.source
    assert len(target) < shape.target  # there is room for the [MASK]
    assert [*source, *target] == tokens[len(tokens) - len(source) - len(target) :]
    assert target == ([9] * tail if tail <= shape.target // 2 else [])
    middle = len(tokens) - len(target)
    assert middle - len(source) in context.starts or len(source) == shape.source
    assert source or middle == 0


def test_the_window_never_outgrows_the_model(tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, tokens = [], []

    class Watched(Decoder):
        def logits(self) -> torch.Tensor:
            sizes.append((len(self.source), len(self.target) + 1))
            tokens.append([*self.source, *self.target])
            return super().logits()

    monkeypatch.setattr(module, "Decoder", Watched)
    text = text_of(tiny_writer, PROMPT, WriteSettings(length=150, seed=1, temperature=2.0, top_p=1.0))
    shape = tiny_writer.shape
    assert len(text) >= 150
    assert max(source for source, _ in sizes) <= shape.source
    assert max(target for _, target in sizes) == shape.target
    assert len({source for source, _ in sizes}) > 2  # it has moved on
    written = [*Context.of(PROMPT, tiny_writer.tokenizer).tokens]
    for before, after in pairwise(tokens):
        assert before == written[-len(before) :]
        written.append(after[-1])


def test_the_seed_decides(tiny_writer: Writer) -> None:
    first = text_of(tiny_writer, PROMPT)
    assert text_of(tiny_writer, PROMPT) == first
    assert text_of(tiny_writer, PROMPT, dataclasses.replace(SETTINGS, seed=4)) != first
    greedy = WriteSettings(length=20, temperature=0, seed=1)
    assert text_of(tiny_writer, PROMPT, greedy) == text_of(
        tiny_writer, PROMPT, dataclasses.replace(greedy, seed=2)
    )


def test_a_seed_is_drawn_where_none_is_given() -> None:
    drawn = {with_seed(WriteSettings()).seed for _ in range(5)}
    assert len(drawn) == 5
    assert all(seed is not None and 0 <= seed < 2**53 for seed in drawn)
    assert with_seed(SETTINGS) == SETTINGS


@pytest.mark.parametrize("length", [1, 10, 60])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_ends_at_a_sentence_end_or_within_the_overrun(
    tiny_writer: Writer, length: int, seed: int
) -> None:
    text = text_of(tiny_writer, PROMPT, WriteSettings(length=length, seed=seed, temperature=1.5, top_p=1.0))
    assert length <= len(text) <= length + OVERRUN


def test_it_stops_at_the_first_sentence_end_behind_the_length(
    tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tiny_writer.tokenizer
    planned = iter([*tokenizer.encode(["灯亮着。"])[0], tokenizer.eos_id] * 5)
    monkeypatch.setattr(module, "sample", lambda logits, **_: next(planned))
    assert text_of(tiny_writer, PROMPT, WriteSettings(length=5, seed=0)) == "灯亮着。灯亮着。"
    assert is_whole("灯亮着。灯亮着。")


def test_a_sentence_without_end_is_cut(tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    (lamp,) = tiny_writer.tokenizer.encode(["灯"])[0]
    monkeypatch.setattr(module, "sample", lambda logits, **_: lamp)
    assert text_of(tiny_writer, PROMPT, WriteSettings(length=7, seed=0)) == "灯" * (7 + OVERRUN)


@pytest.mark.parametrize("prompt", [PROMPT, "灯亮着。", "灯亮着。\n", "灯亮着。\n\n"])
def test_no_special_tokens_nor_empty_lines_in_the_text(
    tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch, prompt: str
) -> None:
    class Inclined(Decoder):
        def logits(self) -> torch.Tensor:
            logits = super().logits()
            logits[[tiny_writer.tokenizer.eos_id, tiny_writer.tokenizer.paragraph_id]] += 9.0
            return logits

    monkeypatch.setattr(module, "Decoder", Inclined)
    pieces = list(tiny_writer.write(prompt, WriteSettings(length=80, seed=2, temperature=3.0, top_p=1.0)))
    text = "".join(pieces)
    assert all(pieces)
    assert "[" not in text
    assert "\n" in text
    assert "\n\n" not in prompt.rstrip("\n") + text
    if prompt.endswith("\n"):
        assert not text.startswith("\n")


def test_no_empty_sentences_and_paragraphs_open_between_sentences(
    tiny_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the model wants nothing else."""
    tokenizer, drawn = tiny_writer.tokenizer, []

    class Wishing(Decoder):
        def logits(self) -> torch.Tensor:
            logits = super().logits()
            logits[[tokenizer.eos_id, tokenizer.paragraph_id, tokenizer.mask_id, tokenizer.unk_id]] = 100.0
            return logits

        def append(self, token: int) -> None:
            drawn.append(token)
            super().append(token)

    monkeypatch.setattr(module, "Decoder", Wishing)
    text_of(tiny_writer, "灯亮着。", WriteSettings(length=20, seed=0))
    marks = spelled(tiny_writer, drawn)
    assert "//" not in marks
    assert "¶¶" not in marks
    assert "¶/" not in marks
    assert marks.count("¶") > 3
    assert all(marks[i - 1] == "/" for i, mark in enumerate(marks) if mark == "¶" and i)
    assert not {tokenizer.mask_id, tokenizer.unk_id} & set(drawn)


def test_unknown_characters_in_the_prompt_are_fine(tiny_writer: Writer) -> None:
    text = text_of(tiny_writer, "龘\U00020089\x00[EOS] hello 😀")
    assert len(text) >= 40
    assert "龘" not in text


def test_a_prompt_longer_than_the_window(tiny_writer: Writer) -> None:
    prompt = "他推开门，屋里没有人。" * 300
    expected = "他推开门，屋里没有人。" * 20
    assert text_of(tiny_writer, prompt) == text_of(tiny_writer, expected)


def test_a_writer_is_loaded_from_a_project(tiny_writer: Writer, tmp_path: Path) -> None:
    project = Project(tmp_path / "a")
    with pytest.raises(MissingStageError, match=r"there is no model in .*: make it with  xuxie train"):
        Writer.load(project)
    save_model(project.model, tiny_writer.model, tiny_writer.tokenizer, tiny_writer.record)
    assert text_of(Writer.load(project), PROMPT) == text_of(tiny_writer, PROMPT)
