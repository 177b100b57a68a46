import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xuxie.generation.sampling import sample

LOGITS = st.lists(st.floats(-20, 20), min_size=2, max_size=12).map(torch.tensor)


def draw(logits: Tensor, count: int, **options: float) -> list[int]:
    generator = torch.Generator().manual_seed(0)
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} | options
    return [sample(logits, generator=generator, **settings) for _ in range(count)]  # type: ignore[arg-type]


def allowed(logits: Tensor, temperature: float, top_k: int, top_p: float) -> set[int]:
    """By the definitions: the k likeliest, then the fewest likeliest that reach p."""
    weights = [math.exp((float(logit) - float(logits.max())) / temperature) for logit in logits]
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    kept = order[: top_k or len(order)]
    total = sum(weights[i] for i in kept)
    nucleus, mass = set(), 0.0
    for i in kept:
        nucleus.add(i)
        mass += weights[i] / total
        if mass >= top_p - 1e-9:
            break
    return nucleus


@given(LOGITS, st.floats(0.1, 5), st.integers(0, 12), st.floats(0.01, 1))
def test_only_tokens_that_the_definitions_allow(
    logits: Tensor, temperature: float, k: int, p: float
) -> None:
    drawn = set(draw(logits, 30, temperature=temperature, top_k=k, top_p=p))
    assert drawn <= allowed(logits, temperature, k, min(1.0, p + 1e-6))


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
        ({"temperature": 0.01}, {0}),
    ],
)
def test_what_is_kept(options: dict[str, float], expected: set[int]) -> None:
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    assert set(draw(logits, 300, **options)) == expected


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_distribution(temperature: float) -> None:
    """Chi-square with 5 degrees of freedom: 20.5 is passed by one fixed seed in a thousand."""
    logits = torch.tensor([1.0, 0.5, 0.0, -0.5, -1.0, 0.7])
    expected = torch.softmax(logits / temperature, dim=0) * 4000
    counts = torch.bincount(torch.tensor(draw(logits, 4000, temperature=temperature)), minlength=6)
    assert float(((counts - expected).square() / expected).sum()) < 20.5


@given(LOGITS)
def test_greedy_takes_the_likeliest(logits: Tensor) -> None:
    assert draw(logits, 2, temperature=0, top_k=3, top_p=0.5) == [int(logits.argmax())] * 2


@given(LOGITS, st.data())
def test_what_is_forbidden_is_never_drawn(logits: Tensor, data: st.DataObject) -> None:
    indices = st.integers(0, len(logits) - 1)
    forbidden = data.draw(st.sets(indices, max_size=len(logits) - 1))
    logits[sorted(forbidden)] = -torch.inf
    for options in ({"temperature": 0.0}, {"temperature": 10.0}, {"top_k": 5}, {"top_p": 0.99}):
        assert not forbidden & set(draw(logits, 20, **options))


@pytest.mark.parametrize("temperature", [1e-5, 1e-300, 5e-324])
def test_the_smallest_temperatures_are_greedy(temperature: float) -> None:
    logits = torch.tensor([5.0, -torch.inf, 9.0, 8.0])
    assert draw(logits, 5, temperature=temperature) == [2] * 5


def test_the_seed_decides() -> None:
    logits = torch.zeros(100)
    assert draw(logits, 20) == draw(logits, 20)
    other = torch.Generator().manual_seed(1)
    assert [sample(logits, temperature=1, top_k=0, top_p=1, generator=other) for _ in range(20)] != draw(
        logits, 20
    )
    assert logits.equal(torch.zeros(100))  # not written to
