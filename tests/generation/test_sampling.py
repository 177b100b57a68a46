import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import (
    LogitsProcessor,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from xuxie.errors import InputError
from xuxie.generation.history import History
from xuxie.generation.processors import Bias, Logits, NoRepeatNgram
from xuxie.generation.sampling import Distribution, Sampler, Shape, draw, likeliest, log_softmax

numbers = st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=12)
some_logits = numbers.map(lambda values: np.array(values, dtype=np.float32))
distinct = st.lists(st.integers(-200, 200), min_size=2, max_size=12, unique=True).map(
    lambda values: np.array(values, dtype=np.float32) / 10
)
shapes = st.builds(
    Shape,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    top_k=st.integers(0, 12),
    top_p=st.sampled_from([0.01, 0.5, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)


def sampler(
    shape: Shape, *, vocabulary: int = 12, seed: int = 0, alternatives: int | None = None
) -> Sampler:
    history = History(vocabulary=vocabulary, orders=(1,))
    return Sampler([NoRepeatNgram(2)], history, shape, seed=seed, alternatives=alternatives)


def dense(distribution: Distribution, size: int) -> Logits:
    probabilities = np.zeros(size, dtype=np.float32)
    probabilities[distribution.tokens] = distribution.probabilities
    return probabilities


@given(distinct, st.floats(0.1, 5), st.integers(0, 12), st.floats(0.05, 1), st.floats(0, 1))
def test_the_distribution_is_that_of_transformers(
    logits: Logits, temperature: float, k: int, p: float, min_p: float
) -> None:
    steps: list[LogitsProcessor] = [TemperatureLogitsWarper(temperature)]
    steps += [TopKLogitsWarper(k)] if k else []
    steps += [TopPLogitsWarper(p), MinPLogitsWarper(min_p)]
    scores = torch.from_numpy(logits.astype(np.float64))[None]
    for step in steps:
        if isinstance(step, TopPLogitsWarper):  # where the share is reached to a hair, either is right
            mass = torch.softmax(scores[0], dim=-1).sort(descending=True).values.cumsum(dim=-1)
            assume(((mass - p).abs() > 1e-5).all() or p == 1)
        if isinstance(step, MinPLogitsWarper):
            weights = torch.exp(scores[0] - scores.max())
            assume(((weights - min_p).abs() > 1e-5)[weights < 1].all())
        scores = step(torch.zeros(1, 1, dtype=torch.long), scores)
    expected = torch.softmax(scores[0], dim=-1).numpy()
    shape = Shape(temperature=temperature, top_k=k, top_p=p, min_p=min_p)
    np.testing.assert_allclose(
        dense(shape.distribution(logits), len(logits)), expected, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {0, 1, 2, 3}),
        ({"top_k": 2}, {0, 1}),
        ({"top_k": 1}, {0}),
        ({"top_k": 99}, {0, 1, 2, 3}),
        ({"top_p": 0.4}, {0}),
        ({"top_p": 0.5}, {0, 1}),
        ({"top_p": 0.75}, {0, 1, 2}),
        ({"top_p": 1e-9}, {0}),
        ({"top_k": 3, "top_p": 0.6}, {0, 1}),  # of what top-k left, 0.44 and 0.33
        ({"min_p": 0.6}, {0, 1}),
        ({"min_p": 1.0}, {0}),
        ({"top_p": 0.8, "min_p": 0.45}, {0, 1, 2}),
        ({"temperature": 0.01, "top_p": 0.999}, {0}),
        ({"temperature": 0}, {0}),
    ],
)
def test_what_is_kept(options: dict[str, float], expected: set[int]) -> None:
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.1], dtype=np.float32))
    shape = Shape(**options)  # type: ignore[arg-type]
    assert set(shape.distribution(logits).tokens.tolist()) == expected


@given(some_logits, shapes, st.floats(0, 1, exclude_max=True))
def test_distributions_sum_to_one_and_hold_the_likeliest(
    logits: Logits, shape: Shape, point: float
) -> None:
    distribution = shape.distribution(logits)
    assert len(set(distribution.tokens.tolist())) == len(distribution.tokens)
    assert abs(float(distribution.probabilities.sum()) - 1) < 1e-5
    assert logits[distribution.tokens].max() == logits.max()
    assert draw(distribution, point) in distribution.tokens


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_what_is_drawn_follows_the_distribution(temperature: float, top_p: float) -> None:
    """Chi-square with at most 5 degrees of freedom: 20.5 is passed by one fixed seed in a thousand."""
    logits = np.array([1.0, 0.5, 0.0, -0.5, -1.0, 0.7], dtype=np.float32)
    one = sampler(Shape(temperature=temperature, top_p=top_p))
    expected = dense(one.distribution(logits), 6) * 4000
    counts = np.bincount([one.sample(logits).token for _ in range(4000)], minlength=6)
    kept = expected > 0
    assert counts[~kept].sum() == 0
    assert float(((counts - expected)[kept] ** 2 / expected[kept]).sum()) < 20.5


@given(some_logits, shapes, st.data())
def test_what_is_forbidden_is_never_drawn(logits: Logits, shape: Shape, data: st.DataObject) -> None:
    indices = st.integers(0, len(logits) - 1)
    forbidden = data.draw(st.sets(indices, max_size=len(logits) - 1))
    one = Sampler([Bias(dict.fromkeys(forbidden, -np.inf))], History(vocabulary=12), shape, seed=0)
    assert not forbidden & {one.sample(logits).token for _ in range(20)}


@pytest.mark.parametrize("temperature", [0.0, 1e-5, 1e-300, 5e-324])
def test_the_smallest_temperatures_are_greedy(temperature: float) -> None:
    one = sampler(Shape(temperature=temperature))
    logits = np.array([5.0, -np.inf, 9.0, 8.0], dtype=np.float32)
    assert {one.sample(logits).token for _ in range(5)} == {2}


def test_the_seed_decides_and_looking_changes_nothing() -> None:
    logits = np.zeros(12, dtype=np.float32)
    one, same, other = sampler(Shape()), sampler(Shape()), sampler(Shape(), seed=1)
    drawn = [one.sample(logits).token for _ in range(20)]
    again = []
    for _ in range(20):
        same.distribution(logits)
        again.append(same.sample(logits).token)
    assert again == drawn
    assert [other.sample(logits).token for _ in range(20)] != drawn
    assert logits.tolist() == [0] * 12  # not written to


def test_forks_share_the_past_but_no_randomness() -> None:
    logits = np.zeros(12, dtype=np.float32)
    one = sampler(Shape())
    for token in (3, 4, 3):
        one.append(token)
    forks = [one.fork(seed) for seed in (1, 1, 2)]
    texts = []
    for fork in forks:
        assert 4 not in fork.distribution(logits + 0).tokens[dense(fork.distribution(logits), 12) > 0]
        texts.append([fork.sample(logits).token for _ in range(20)])
    assert texts[0] == texts[1] != texts[2]
    forks[0].append(5)
    forks[0].rewind(2)
    assert (forks[0].history.tokens, one.history.tokens) == ([3, 4], [3, 4, 3])


@given(some_logits, st.integers(0, 12))
def test_log_probabilities_are_the_models_own(logits: Logits, count: int) -> None:
    expected = torch.log_softmax(torch.from_numpy(logits).double(), dim=-1)
    np.testing.assert_allclose(log_softmax(logits), expected, atol=1e-4)
    choice = sampler(Shape(temperature=0.5, top_k=2), alternatives=count).sample(logits)
    assert choice.log_probability == pytest.approx(float(expected[choice.token]), abs=1e-4)
    best = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:count]
    weights = np.exp(log_softmax(logits))
    if len(set(weights.tolist())) == len(weights) and weights.min() > 0:
        assert [token for token, _ in choice.alternatives] == best
    for token, value in choice.alternatives:
        assert value == pytest.approx(float(expected[token]), abs=1e-4)


def test_without_being_asked_no_log_probabilities_are_given() -> None:
    assert sampler(Shape()).sample(np.zeros(12, dtype=np.float32))[1:] == (None, ())


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12), st.integers(1, 12))
def test_likeliest_are_as_many_as_asked_in_falling_order(weights: list[float], count: int) -> None:
    found = likeliest(np.array(weights, dtype=np.float32), lambda some: len(some) >= count)
    order = sorted(range(len(weights)), key=lambda token: (-weights[token], token))
    positive = [token for token in order if weights[token] > 0]
    assert found.tolist() == positive[: len(found)]
    assert len(found) >= min(count, len(positive))


@pytest.mark.parametrize(
    ("value", "message"), [(-np.inf, "nothing may be written here"), (np.nan, "its weights are damaged")]
)
def test_where_there_is_nothing_to_draw_it_says_so(value: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sampler(Shape()).sample(np.full(12, value, dtype=np.float32))
