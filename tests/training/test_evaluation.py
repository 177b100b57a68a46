import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from transformers import BertForMaskedLM

from xuxie.config import CorpusSettings, Objective
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.split import Part
from xuxie.corpus.windows import Window, WindowShape, measuring_windows
from xuxie.project import Project
from xuxie.training.evaluation import Score, by_length, evaluate_chapters, foresee, pair_of
from xuxie.unilm.masks import additive_mask, compute_attention_mask
from xuxie.unilm.model import new_model

SHAPE = WindowShape(source=24, target=12)
CHAPTERS = [
    [f"第{n}夜，雨下得很大，他坐了一夜。" * (n % 3 + 1), f"“你数到{n}了么？”她问。", "他点点头，没有说话。"]
    for n in range(1, 11)
]


@pytest.fixture
def corpus(tmp_path: Path, write_book: Callable[[Path, Sequence[Sequence[str]]], Project]) -> Corpus:
    project = write_book(tmp_path / "a", CHAPTERS)
    build_corpus([project], CorpusSettings())
    return Corpus(project.corpus)


def a_model(corpus: Corpus) -> BertForMaskedLM:
    torch.manual_seed(0)
    model = new_model(
        vocabulary_size=corpus.tokenizer.size, layers=1, hidden_size=16, heads=2, positions=36
    )
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data *= 8
    return model


def evaluate(model: BertForMaskedLM, corpus: Corpus, part: Part, most_tokens: int | None = None) -> Score:
    """The score of all chapters together."""
    return sum(evaluate_chapters(model, corpus, part, SHAPE, most_tokens).values(), start=Score())


@torch.no_grad()
@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_score_is_that_of_a_slow_loop(corpus: Corpus, part: Part) -> None:
    model = a_model(corpus).eval()
    bits, mask_id = 0.0, corpus.tokenizer.mask_id
    for window in measuring_windows(corpus, corpus.sections(part), SHAPE):
        given = window.start == window.middle  # the first token of a section
        for place in range(window.middle + given, window.end):
            ids = torch.tensor([[*corpus.ids(window.start, place), mask_id]])
            segments = torch.tensor([[int(i >= window.middle) for i in range(window.start, place + 1)]])
            mask = additive_mask(compute_attention_mask(segments), torch.float32)
            logits = model(input_ids=ids, attention_mask=mask, token_type_ids=segments).logits[0, -1]
            bits -= torch.log_softmax(logits.double(), dim=0)[int(corpus.tokens[place])].item() / math.log(
                2
            )
    score = evaluate(model, corpus, part)
    assert score.bits == pytest.approx(bits, rel=1e-5)
    index = {"validation": 4, "test": 9}[part]
    assert score.characters == len("".join(CHAPTERS[index]))
    assert score.bits_per_character == score.bits / score.characters


def test_a_uniform_model_by_hand(corpus: Corpus) -> None:
    model = a_model(corpus)
    for parameter in model.parameters():
        parameter.data.zero_()
    model.train()
    score = evaluate(model, corpus, "test")
    assert model.training  # left as it was
    (section,) = corpus.sections("test")
    tokens = section.end - section.start - 1  # the first is given
    expected = math.log2(corpus.tokenizer.size) * tokens / len("".join(CHAPTERS[9]))
    assert score.bits_per_character == pytest.approx(expected)


def test_an_empty_part_has_no_score(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "sections", lambda part: [])
    assert evaluate_chapters(a_model(corpus), corpus, "validation", SHAPE) == {}


def test_less_work_takes_windows_evenly_spread(corpus: Corpus) -> None:
    model = a_model(corpus)
    whole = evaluate(model, corpus, "train")
    some = evaluate(model, corpus, "train", most_tokens=100)
    least = evaluate(model, corpus, "train", most_tokens=1)
    enough = evaluate(model, corpus, "train", most_tokens=10_000)
    assert enough == whole
    assert 0 < least.characters <= SHAPE.target
    assert 40 < some.characters <= 120
    assert some == evaluate(model, corpus, "train", most_tokens=100)


def test_batches_of_like_length_hold_every_window() -> None:
    windows = [Window(start=n, middle=n + n % 7, end=n + n % 7 + n % 5 + 1) for n in range(50)]
    batches = by_length(windows)
    assert sorted(map(repr, (window for batch in batches for window in batch))) == sorted(
        map(repr, windows)
    )
    assert by_length([]) == []
    long = [Window(start=0, middle=3000, end=6000)] * 2
    assert [len(batch) for batch in by_length(long)] == [1, 1]


def test_chapters_make_the_whole(corpus: Corpus) -> None:
    model = a_model(corpus)
    chapters = evaluate_chapters(model, corpus, "train", SHAPE)
    assert list(chapters) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert [score.characters for score in chapters.values()] == [
        len("".join(CHAPTERS[place])) for place in chapters
    ]
    whole = evaluate(model, corpus, "train")
    assert whole.bits == pytest.approx(sum(score.bits for score in chapters.values()))


def test_a_character_without_a_token_is_spelled_out(corpus: Corpus) -> None:
    """Where every token has the same chance: leaving a character out saves little and costs much."""
    model = a_model(corpus).eval()
    for parameter in model.parameters():
        parameter.data.zero_()
    tokenizer = corpus.tokenizer
    (rain,) = tokenizer.encode(["雨"])[0]
    (known,), (unknown,) = (
        foresee(model, tokenizer, [([rain], [token])], "pseudo-masked")
        for token in (rain, tokenizer.unk_id)
    )
    assert known.bits.tolist() == pytest.approx([math.log2(tokenizer.size)])
    assert unknown.bits.tolist() == pytest.approx([math.log2(tokenizer.size) + math.log2(1_112_064)])
    assert known.characters == unknown.characters == 1
    assert known.confidence.tolist() == pytest.approx([1 / tokenizer.size])


@pytest.mark.parametrize("objective", ["pseudo-masked", "shifted", "left-to-right"])
def test_what_is_foreseen_of_each_pair(corpus: Corpus, objective: Objective) -> None:
    model = a_model(corpus).eval()
    windows = list(measuring_windows(corpus, corpus.sections("test"), SHAPE))
    pairs = [pair_of(corpus, window) for window in windows]
    together = foresee(model, corpus.tokenizer, pairs, objective)
    for pair, foreseen in zip(pairs, together, strict=True):
        (alone,) = foresee(model, corpus.tokenizer, [pair], objective)
        assert foreseen.bits == pytest.approx(alone.bits, rel=1e-4)
        assert foreseen.right.tolist() == alone.right.tolist()
        assert len(foreseen.bits) == len(pair[1]) - (not pair[0])


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_what_is_given_is_a_paragraphs_mark_and_no_character(corpus: Corpus, part: Part) -> None:
    for window in measuring_windows(corpus, corpus.sections(part), SHAPE):
        if window.start == window.middle:
            assert corpus.tokens[window.start] == corpus.tokenizer.paragraph_id
