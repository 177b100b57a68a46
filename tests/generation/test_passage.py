from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xuxie.config import WriteSettings
from xuxie.corpus.sentences import is_whole
from xuxie.corpus.tokenizer import build_character_tokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError
from xuxie.generation.passage import OVERRUN, Language, Passage
from xuxie.generation.processors import Logits
from xuxie.generation.quotes import opened

TEXT = "他推开门，屋里没有人。桌上的灯还亮着“谁来过？”《红楼》（热）‘茶’"
TOKENIZER = build_character_tokenizer(Counter(TEXT), eos="[EOS]", paragraph="[PAR]")
LANGUAGE = Language(TOKENIZER, WindowShape(source=40, target=16))
PROMPT = "他推开门，屋里没有人。桌上的灯"
MARKS = {"/": TOKENIZER.eos_id, "¶": TOKENIZER.paragraph_id}
Model = Callable[[Passage], Logits]


def passage_of(prompt: str = PROMPT, *, seed: int = 0, **options: Any) -> Passage:
    free: dict[str, Any] = {"dry_multiplier": 0.0, "no_repeat_ngram": 0}
    return Passage(prompt, WriteSettings(**free | options), LANGUAGE, seed=seed)


def ids(text: str) -> list[int]:
    return [MARKS.get(c) or TOKENIZER.vocabulary()[c] for c in text]


def random_model(seed: int, spread: float = 2.0, favoured: str = "/。") -> Model:
    """Logits that depend on the last tokens of the window alone, as a model's would."""

    def logits(passage: Passage) -> Logits:
        window = [*passage.source, *passage.target][-3:]
        values = np.random.default_rng([seed, *window]).normal(0, spread, TOKENIZER.size)
        values[ids(favoured)] += 2.0
        return values.astype(np.float32)

    return logits


def wanting(text: str) -> Model:
    """A model that wants to write this text (/ is [EOS], ¶ the paragraph mark), at its places."""

    def logits(passage: Passage) -> Logits:
        values = np.zeros(TOKENIZER.size, dtype=np.float32)
        values[ids("有他")] = [2.0, 1.0]  # its second choice and its third
        values[ids(text)[len(passage.written)]] = 30.0
        return values

    return logits


def run(passage: Passage, model: Model) -> list[str]:
    """Write it to its end; the pieces as they came."""
    pieces: list[str] = []
    while not passage.done:
        passage.step(model(passage))
        pieces += [piece.text for piece in passage.take()]
    assert passage.take() == []
    return pieces


phrases = st.sets(st.text(alphabet="他推开有。", min_size=1, max_size=3), max_size=4).map(tuple)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    prompt=st.sampled_from([PROMPT, "他推开门。", "“谁来过", "他问：“谁来过？”\n", "（热", "他\n《红"]),
    length=st.integers(1, 60),
    spread=st.sampled_from([0.5, 2.0, 5.0]),
    ban=phrases,
    stop=phrases,
)
def test_whatever_the_model_wants_a_passage_is_prose(
    seed: int, prompt: str, length: int, spread: float, ban: tuple[str, ...], stop: tuple[str, ...]
) -> None:
    stop = tuple(phrase for phrase in stop if phrase not in ban)
    model, shape = random_model(seed, spread), LANGUAGE.shape
    passage = passage_of(prompt, seed=seed, length=length, temperature=1.5, top_p=1.0, ban=ban, stop=stop)
    pieces: list[str] = []
    while not passage.done:
        window = [*passage.source, *passage.target]
        assert len(passage.source) <= shape.source
        assert len(passage.target) < shape.target
        assert window == passage.context.tokens[-len(window) :]
        passage.step(model(passage))
        pieces += [piece.text for piece in passage.take()]
    text = "".join(pieces)
    assert text == passage.text  # nothing held back was lost, nothing given out was taken back
    assert all(pieces)
    assert not [phrase for phrase in (*ban, *stop) if phrase in text]
    assert "\n\n" not in prompt + text
    assert len(text) <= length + OVERRUN + 8
    assert TOKENIZER.decode(TOKENIZER.encode([text.replace("\n", "")])[0]) == text.replace("\n", "")
    if not stop:
        assert len(text) >= length
    if not stop and not ban:
        assert opened(prompt + text) == ""
        assert is_whole(prompt + text) or passage.context.tokens[-1] == TOKENIZER.eos_id


def test_the_seed_decides() -> None:
    model = random_model(0)
    texts = ["".join(run(passage_of(seed=seed, temperature=1.5), model)) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("options", "wanted", "expected"),
    [
        ({"length": 5}, "有人。/有人。/有人。/", "有人。有人。"),
        ({"length": 3}, "有人。/", "有人。"),
        ({"length": 1}, "有人。/¶有", "有人。"),
        ({"length": 5}, "有。/¶有人。/", "有。\n有人。"),
        ({"length": 5}, "“有人。/有人。”/", "“有人。有人。”"),  # not in the middle of a speech
        ({"length": 3, "stop": ("\n",)}, "有。/¶有人。/", "有。"),
        ({"length": 9, "stop": ("人。",)}, "有有有人。/", "有有有"),
        ({"length": 9, "stop": ("人上", "上")}, "有人有人上。/", "有人有"),
        (
            {"length": 4, "ban": ("人。",)},
            "有有人。。/",
            "有有有。。",
        ),  # begun again with the second choice
        ({"length": 4, "ban": ("人",)}, "有人。。/", "有有。。"),
        ({"length": 4, "ban": ("人", "有有")}, "人人。。/", "他有。。"),
        ({"length": 4, "min_sentence": 3}, "有/人/。/。/", None),
    ],
)
def test_what_is_written(options: dict[str, Any], wanted: str, expected: str | None) -> None:
    passage = passage_of("他推开门。", temperature=0.0, **options)
    if expected is None:  # [EOS] was refused twice: its second choice came instead
        assert "".join(run(passage, wanting("有/有。/"))) == "有有有。"
    else:
        assert "".join(run(passage, wanting(wanted))) == expected


def test_a_sentence_without_end_is_ended_with_its_quotes() -> None:
    text = "".join(run(passage_of(length=7, temperature=0.0), wanting("“" + "灯" * 200)))
    assert text == "“" + "灯" * (6 + OVERRUN) + "。”"


def test_a_stream_holds_back_what_may_still_be_taken_back() -> None:
    passage = passage_of(temperature=0.0, ban=("有人开门",), stop=("人开灯",), length=9)
    model, shown = wanting("桌有人开推。。。。/"), []
    while not passage.done:
        passage.step(model(passage))
        shown.append("".join(piece.text for piece in passage.take()))
    assert shown == ["桌", "", "", "", "有人开推", "。", "。", "。", "。", ""]


@pytest.mark.parametrize(
    ("prompt", "ban", "wanted", "expected"),
    [
        ("他推开门", ("开门他没",), "他没有人。/", "有没有人。"),
        ("他推开门", ("门他",), "他没有人。/", "有没有人。"),
        ("他推开门", ("推开", "开门他没"), "他没有人。/", "有没有人。"),  # 推开 is the prompt's own
        ("他推开门", ("门没",), "有没没人。/", "有没没人。"),
        ("他推开门", ("推开门没有人",), "有没有人。/", "有没有人。"),
    ],
)
def test_a_phrase_that_the_prompt_begins_is_not_completed(
    prompt: str, ban: tuple[str, ...], wanted: str, expected: str
) -> None:
    passage = passage_of(prompt, temperature=0.0, ban=ban, length=4)
    assert "".join(run(passage, wanting(wanted))) == expected


def test_a_rewind_goes_back_over_a_window_that_has_moved() -> None:
    ban = "有人推开门他没有人"
    passage = passage_of("他推开门。", temperature=0.0, ban=(ban,), length=20)
    sources = [passage.source]
    model = wanting("桌上的灯还亮着。/" + ban + "。" * 30 + "/")
    while not passage.done:
        passage.step(model(passage))
        if passage.source is not sources[-1]:
            sources.append(passage.source)
        window = [*passage.source, *passage.target]
        assert window == passage.context.tokens[-len(window) :]
        assert len(passage.target) < LANGUAGE.shape.target
    assert len(sources) > 2
    assert passage.text.startswith("桌上的灯还亮着。他人推开门他没有人。")


def test_where_all_is_banned_it_says_so() -> None:
    passage = passage_of(ban=tuple(TEXT), temperature=0.0)
    with pytest.raises(InputError, match="nothing may be written here"):
        run(passage, random_model(0))


def test_endless_rewinding_is_given_up() -> None:
    """Phrases of every pair of characters leave one character to write, which then may not come twice."""
    pairs = [a + b for a in "他推开门屋" for b in "他推开门屋"]
    passage = passage_of(ban=tuple(pairs), length=5, temperature=0.0)

    def model(passage: Passage) -> Logits:
        values = np.full(TOKENIZER.size, -np.inf, dtype=np.float32)
        values[ids("他推开门屋")] = 1.0
        return values

    with pytest.raises(InputError, match="nothing may be written here"):
        run(passage, model)


def test_forks_share_what_was_written_and_go_their_own_way() -> None:
    model = random_model(1)
    passage = passage_of(temperature=1.5, length=30)
    for _ in range(5):
        passage.step(model(passage))
    begun = "".join(written.piece.text for written in passage.written)
    forks = [passage.fork([0, number]) for number in range(4)]
    texts = {"".join(run(fork, model)) for fork in forks}
    assert len(texts) == 4
    assert all(text.startswith(begun) for text in texts)
    assert "".join(run(passage, model)).startswith(begun)
    again = passage_of(temperature=1.5, length=30)
    assert "".join(run(again, model)) == passage.text


def test_log_probabilities_stand_with_the_characters() -> None:
    passage = passage_of("他推开门。", temperature=0.0, length=3, logprobs=2)
    model = wanting("有人。/")
    while not passage.done:
        passage.step(model(passage))
    pieces = passage.take()
    assert [piece.text for piece in pieces] == list("有人。")
    for piece in pieces:
        assert piece.log_probability == pytest.approx(0, abs=1e-3)
        assert piece.alternatives[0] == (piece.text, piece.log_probability)
        assert len(piece.alternatives) == 2


def ngrams(text: Iterable[str], size: int) -> list[tuple[str, ...]]:
    characters = list(text)
    return [tuple(characters[i : i + size]) for i in range(len(characters) - size + 1)]


def test_no_ngram_of_characters_comes_twice() -> None:
    model = random_model(2, favoured="有人")
    options: dict[str, Any] = {"temperature": 0.3, "length": 100}
    loops = "".join(run(passage_of(**options), model))
    assert len(set(ngrams(loops, 3))) < len(ngrams(loops, 3))
    text = "".join(run(passage_of(no_repeat_ngram=3, **options), model))
    plain = [gram for gram in ngrams(text, 3) if gram[-1] not in "，。“”？《》（）‘’\n"]
    assert len(set(plain)) == len(plain)


@pytest.mark.parametrize("forbidden", ["/¶，。？“”‘’《》（）", "/¶。？“”‘’《》（）"])
def test_by_default_a_model_that_goes_in_circles_is_led_out(forbidden: str) -> None:
    """In clauses without a mark, which DRY sees, or in short ones with marks between, which it does not."""

    def model(passage: Passage) -> Logits:
        values = np.random.default_rng(passage.context.tokens[-1]).normal(0, 1, TOKENIZER.size)
        values[ids("，")] = 3.0 if passage.context.tokens[-1] % 4 == 0 else -9.0
        values[ids(forbidden)] = -9.0
        return values.astype(np.float32)

    def share(**options: Any) -> float:
        passage = passage_of(temperature=0.0, length=150, **options)
        grams = ngrams("".join(run(passage, model)), 12)
        return 1 - len(set(grams)) / len(grams)

    usual = WriteSettings()
    assert share() > 0.5
    options = {"dry_multiplier": usual.dry_multiplier, "no_repeat_ngram": usual.no_repeat_ngram}
    assert share(**options) < 0.15  # what ends in a mark may still be repeated
