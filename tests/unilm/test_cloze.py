"""The paper's cloze and the rows of [MASK]s: what is drawn, and how often."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xuxie.unilm.examples import IGNORED, Pair, Pairs, collate
from xuxie.unilm.masks import KINDS, compute_attention_mask
from xuxie.unilm.objectives import draw_spans, unilm

PAD, MASK, VOCABULARY = 0, 4, 1000
MANY = collate([([5 + i % 900] * 40, [7 + i % 900] * 60) for i in range(400)], PAD)


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_choose_the_masks(kind: str) -> None:
    weights = [float(k == kind) for k in KINDS]
    example = unilm(MANY, MASK, VOCABULARY, weights, draws(1))
    expected = compute_attention_mask(MANY.segment_ids, MANY.padding, kind)  # type: ignore[arg-type]
    assert example.attention_mask.equal(expected)


def test_the_mixture_is_as_weighted() -> None:
    example = unilm(MANY, MASK, VOCABULARY, (1, 1, 1, 3), draws(2))
    causal = torch.ones(100, 100).tril().bool()
    share = sum(bool(mask.equal(causal)) for mask in example.attention_mask) / 400
    assert abs(share - 1 / 6) < 0.06
    whole = sum(bool(mask.all()) for mask in example.attention_mask) / 400
    assert abs(whole - 1 / 6) < 0.06


def test_fifteen_of_a_hundred_and_what_becomes_of_them() -> None:
    """Section 2.3: 15% of the tokens of both segments; 80% [MASK], 10% random, 10% as they are."""
    example = unilm(MANY, MASK, VOCABULARY, (1, 1, 1, 1), draws(3))
    chosen = example.labels != IGNORED
    assert abs(chosen.float().mean() - 0.145) < 0.01  # spans that overlap are counted once
    assert example.labels[chosen].equal(MANY.input_ids[chosen])
    assert example.input_ids[~chosen].equal(MANY.input_ids[~chosen])
    hidden = example.input_ids[chosen] == MASK
    same = example.input_ids[chosen] == MANY.input_ids[chosen]
    assert abs(hidden.float().mean() - 0.8) < 0.02
    assert abs(same.float().mean() - 0.1) < 0.02
    for half in (chosen[:, :40], chosen[:, 40:]):
        assert abs(half.float().mean() - 0.145) < 0.015


def test_one_draw_of_five_is_longer() -> None:
    chosen = draw_spans(MANY, draws(4)).int()
    padded = torch.nn.functional.pad(chosen, (1, 1))
    begins = (padded[:, 1:] - padded[:, :-1] == 1).sum()
    assert 1.15 < chosen.sum() / begins < 1.55  # 0.8 * 1 + 0.1 * 2 + 0.1 * 3, and spans that touch


ANY = st.lists(
    st.tuples(
        st.lists(st.integers(5, 29), max_size=5), st.lists(st.integers(5, 29), min_size=1, max_size=9)
    ),
    min_size=1,
    max_size=4,
)


def collated(pairs: list[Pair]) -> Pairs:
    return collate(pairs, PAD)


@given(ANY, st.integers(0, 2**32))
def test_something_is_always_predicted_and_padding_never(pairs: list[Pair], seed: int) -> None:
    batch = collated(pairs)
    chosen = draw_spans(batch, draws(seed))
    assert chosen.any()
    assert not (chosen & batch.padding).any()
