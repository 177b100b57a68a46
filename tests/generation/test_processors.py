import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    LogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from xuxie.generation.history import History
from xuxie.generation.processors import (
    LONGEST_MATCH,
    Bias,
    CountPenalty,
    Dry,
    Exempt,
    Logits,
    NoRepeatNgram,
    Processor,
    RepetitionPenalty,
)

VOCABULARY = 5
written = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=40)
values = st.lists(st.floats(-20, 20, width=32), min_size=VOCABULARY, max_size=VOCABULARY)
logits = values.map(lambda numbers: np.array(numbers, dtype=np.float32))


def processed(processor: Processor, before: Logits, tokens: list[int], window: int = 0) -> Logits:
    history = History(vocabulary=VOCABULARY, window=window, orders=range(1, 8))
    for token in tokens:
        history.append(token)
    after = before.copy()
    processor(after, history)
    return after


def by_transformers(processor: LogitsProcessor, before: Logits, tokens: list[int]) -> Logits:
    result = processor(torch.tensor([tokens]), torch.from_numpy(before.copy())[None])
    return np.asarray(result[0].numpy())


@given(logits, written, st.floats(0.5, 3))
def test_repetition_penalty_is_that_of_transformers(before: Logits, tokens: list[int], x: float) -> None:
    expected = by_transformers(RepetitionPenaltyLogitsProcessor(x), before, tokens)
    np.testing.assert_allclose(processed(RepetitionPenalty(x), before, tokens), expected, rtol=1e-6)


@given(logits, written, st.floats(1, 3))
def test_repetition_penalty_raises_nothing(before: Logits, tokens: list[int], penalty: float) -> None:
    assert (processed(RepetitionPenalty(penalty), before, tokens) <= before).all()


@given(logits, written, st.integers(0, 10), st.floats(-2, 2), st.floats(-2, 2))
def test_presence_and_frequency_by_definition(
    before: Logits, tokens: list[int], window: int, presence: float, frequency: float
) -> None:
    after = processed(CountPenalty(presence, frequency), before, tokens, window)
    seen = tokens[-window:] if window else tokens
    for token in range(VOCABULARY):
        count = seen.count(token)
        expected = before[token] - frequency * count - (presence if count else 0)
        np.testing.assert_allclose(after[token], expected, rtol=1e-5, atol=1e-5)


@given(logits, written, st.integers(1, 6))
def test_no_repeat_ngram_is_that_of_transformers(before: Logits, tokens: list[int], size: int) -> None:
    expected = by_transformers(NoRepeatNGramLogitsProcessor(size), before, tokens)
    assert processed(NoRepeatNgram(size), before, tokens).tolist() == expected.tolist()


@given(logits, st.dictionaries(st.integers(0, VOCABULARY - 1), st.floats(-9, 9), min_size=1))
def test_bias_is_that_of_transformers(before: Logits, biases: dict[int, float]) -> None:
    sequences: list[list[list[int] | float]] = [[[token], value] for token, value in biases.items()]
    expected = by_transformers(SequenceBiasLogitsProcessor(sequences), before, [0])
    np.testing.assert_allclose(processed(Bias(biases), before, []), expected, rtol=1e-6)


@given(logits, st.sets(st.integers(0, VOCABULARY - 1), min_size=1))
def test_an_infinite_bias_suppresses_as_transformers_does(before: Logits, tokens: set[int]) -> None:
    expected = by_transformers(SuppressTokensLogitsProcessor(sorted(tokens)), before, [0])
    forbidden = Bias(dict.fromkeys(tokens, -np.inf))
    assert processed(forbidden, before, []).tolist() == expected.tolist()


def dry_by_definition(tokens: list[int], breakers: set[int], allowed: int) -> dict[int, int]:
    """Of every token that may follow: the longest m such that the last m tokens stood before it."""
    longest: dict[int, int] = {}
    for token in set(range(VOCABULARY)) - breakers:
        for m in range(1, len(tokens)):
            last = tokens[-m:]
            before = [tokens[i : i + m] for i in range(len(tokens) - m) if tokens[i + m] == token]
            if not breakers & set(last) and last in before and m >= allowed:
                longest[token] = m
    return longest


@given(logits, written, st.sets(st.integers(0, VOCABULARY - 1), max_size=2), st.integers(1, 5))
def test_dry_by_definition(before: Logits, tokens: list[int], breakers: set[int], allowed: int) -> None:
    after = processed(Dry(0.8, 1.5, allowed, breakers), before, tokens)
    expected = before.copy()
    for token, length in dry_by_definition(tokens, breakers, allowed).items():
        expected[token] -= 0.8 * 1.5 ** (length - allowed)
    np.testing.assert_allclose(after, expected, rtol=1e-4, atol=1e-4)


def test_dry_looks_no_further_back_than_the_window() -> None:
    before = np.zeros(VOCABULARY, dtype=np.float32)
    tokens = [1, 2, 3, 4, 1, 2]
    dry = Dry(1.0, 2.0, 2, ())
    assert processed(dry, before, tokens).tolist() == [0, 0, 0, -1, 0]
    assert processed(dry, before, tokens, window=6).tolist() == [0, 0, 0, -1, 0]
    assert processed(dry, before, tokens, window=5).tolist() == [0, 0, 0, 0, 0]


def test_dry_of_an_endless_loop_is_finite() -> None:
    after = processed(Dry(0.8, 1.75, 2, ()), np.zeros(VOCABULARY, dtype=np.float32), [1] * 500)
    assert after[1] == np.float32(-0.8 * 1.75 ** (LONGEST_MATCH - 2))


@given(logits, written)
def test_exempt_tokens_keep_their_logits(before: Logits, tokens: list[int]) -> None:
    harsh = (RepetitionPenalty(2.0), CountPenalty(1.0, 1.0), NoRepeatNgram(1))
    after = processed(Exempt(np.array([1, 3]), harsh), before, tokens)
    full = before.copy()
    for processor in harsh:
        full = processed(processor, full, tokens)
    full[[1, 3]] = before[[1, 3]]
    assert after.tolist() == full.tolist()
