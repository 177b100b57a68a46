"""What the objectives make of pairs: which tokens are taken, how often, and no row too many.

That masks and losses are right is held by test_reference.py.
"""

import torch
from hypothesis import given
from hypothesis import strategies as st

from unilm.batches import MASK, PAD, PAIRS
from xuxie.unilm.examples import IGNORED, Pair, collate
from xuxie.unilm.objectives import left_to_right, masked, pseudo_masked

ANY_PAIRS = st.lists(
    st.tuples(
        st.lists(st.integers(5, 29), max_size=6), st.lists(st.integers(5, 29), min_size=1, max_size=6)
    ),
    min_size=1,
    max_size=5,
)


def test_collate_pads_behind() -> None:
    pairs = collate([([5, 6, 7], [8, 9]), ([], [10])], pad_id=3)
    assert pairs.input_ids.tolist() == [[5, 6, 7, 8, 9], [10, 3, 3, 3, 3]]
    assert pairs.segment_ids.tolist() == [[0, 0, 0, 1, 1], [1, 0, 0, 0, 0]]
    assert pairs.padding.int().tolist() == [[0, 0, 0, 0, 0], [0, 1, 1, 1, 1]]


@given(ANY_PAIRS, st.floats(0.01, 1), st.integers(0, 2**32))
def test_masked_takes_target_tokens_only_and_at_least_one(
    pairs: list[Pair], rate: float, seed: int
) -> None:
    collated = collate(pairs, PAD)
    example = masked(collated, MASK, rate, torch.Generator().manual_seed(seed))
    chosen = example.labels != IGNORED
    assert chosen.any()
    assert not (chosen & (collated.segment_ids == 0)).any()
    assert example.labels[chosen].equal(collated.input_ids[chosen])
    assert (example.input_ids[chosen] == MASK).all()
    assert example.input_ids[~chosen].equal(collated.input_ids[~chosen])
    if rate == 1:
        assert chosen.equal(collated.segment_ids == 1)
    again = masked(collated, MASK, rate, torch.Generator().manual_seed(seed))
    assert again.input_ids.equal(example.input_ids)


def test_masked_keeps_its_rate_and_differs_between_seeds() -> None:
    pairs = collate([([5] * 10, [6] * 200)] * 100, PAD)
    one, two = (masked(pairs, MASK, 0.8, torch.Generator().manual_seed(seed)) for seed in (1, 2))
    share = (one.labels != IGNORED).sum().item() / 20_000
    assert abs(share - 0.8) < 0.01  # 3.5 standard deviations
    assert not one.input_ids.equal(two.input_ids)
    all_of_them = masked(pairs, MASK, 1.0, torch.Generator())
    assert (all_of_them.labels != IGNORED).sum() == 20_000


def test_masked_takes_one_where_chance_takes_none() -> None:
    example = masked(collate([([5, 6], [7, 8])], PAD), MASK, 1e-9, torch.Generator().manual_seed(0))
    assert (example.labels != IGNORED).sum() == 1
    assert (example.labels[0, :2] == IGNORED).all()


@given(ANY_PAIRS)
def test_pseudo_masked_is_no_longer_than_it_must_be(pairs: list[Pair]) -> None:
    collated = collate(pairs, PAD)
    example = pseudo_masked(collated, MASK)
    length = collated.input_ids.shape[1]
    columns = int((collated.segment_ids == 1).any(dim=0).sum())
    assert example.input_ids.shape == (len(pairs), length + columns)
    assert example.attention_mask.shape == (len(pairs), length + columns, length + columns)
    predicted = example.labels != IGNORED
    assert int(predicted.sum()) == sum(len(target) for _, target in pairs)
    assert (example.input_ids[predicted] == MASK).all()
    assert not predicted[:, :length].any()


def test_an_example_moves_as_a_whole() -> None:
    example = left_to_right(collate(PAIRS, PAD)).to("meta")
    assert {tensor.device.type for tensor in vars(example).values()} == {"meta"}
