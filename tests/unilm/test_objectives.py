"""What is trained on is what generation meets: the objectives against step-by-step runs of the model."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import BertForMaskedLM

from xuxie.unilm.examples import IGNORED, Pair, collate
from xuxie.unilm.model import new_model, predict
from xuxie.unilm.objectives import left_to_right, masked, measured, pseudo_masked, shifted

PAD, MASK, VOCABULARY = 0, 4, 30
PAIRS: list[Pair] = [
    ([5, 6, 7], [8, 9]),
    ([], [10, 11, 12, 13]),
    ([14], [15]),
    ([16, 17, 18, 19, 20, 21], [22, 23, 24, 25, 26]),
    ([27, 27], [28, 29, 28]),
]
ANY_PAIRS = st.lists(
    st.tuples(
        st.lists(st.integers(5, 29), max_size=6), st.lists(st.integers(5, 29), min_size=1, max_size=6)
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def model() -> BertForMaskedLM:
    torch.manual_seed(0)
    model = new_model(
        vocabulary_size=VOCABULARY, layers=2, hidden_size=16, heads=2, positions=16, dropout=0.0, pad_id=PAD
    )
    model.eval()
    for parameter in model.parameters():  # larger than they begin, so that every position matters
        if parameter.dim() > 1:
            parameter.data *= 10
    return model


def alone(model: BertForMaskedLM, source: list[int], target: list[int]) -> Tensor:
    """The logits at the last position of one sequence without padding, by a full mask made with loops."""
    ids = torch.tensor([source + target])
    length = ids.shape[1]
    allowed = torch.full((1, 1, length, length), torch.finfo(torch.float32).min)
    for query in range(length):
        for key in range(length):
            if key < len(source) or (len(source) <= key <= query):
                allowed[0, 0, query, key] = 0
    segments = torch.tensor([[0] * len(source) + [1] * len(target)])
    logits: Tensor = model(input_ids=ids, attention_mask=allowed, token_type_ids=segments).logits
    return logits[0, -1]


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


@torch.no_grad()
def test_pseudo_masked_is_what_generation_meets(model: BertForMaskedLM) -> None:
    logits, labels = predict(model, pseudo_masked(collate(PAIRS, PAD), MASK))
    row = 0
    for source, target in PAIRS:
        for t, token in enumerate(target):
            expected = alone(model, list(source), [*target[:t], MASK])
            torch.testing.assert_close(logits[row], expected, rtol=1e-4, atol=1e-4)
            assert labels[row] == token
            row += 1
    assert row == len(logits) == len(labels)
    assert logits.std() > 0.1


@torch.no_grad()
def test_shifted_is_what_generation_without_masks_meets(model: BertForMaskedLM) -> None:
    """Each target token foreseen at the token before it, source two-way: seen to fail with the mask made
    left-to-right, and with the labels not shifted.
    """
    logits, labels = predict(model, shifted(collate(PAIRS, PAD)))
    row = 0
    for source, target in PAIRS:
        for t, token in enumerate(target):
            if not source and not t:
                continue  # nothing is before it
            torch.testing.assert_close(
                logits[row], alone(model, list(source), list(target[:t])), rtol=1e-4, atol=1e-4
            )
            assert labels[row] == token
            row += 1
    assert row == len(logits) == len(labels)


@torch.no_grad()
def test_left_to_right_is_measured_on_the_target(model: BertForMaskedLM) -> None:
    pairs = collate(PAIRS, PAD)
    everything, all_labels = predict(model, left_to_right(pairs))
    logits, labels = predict(model, measured("left-to-right", pairs, MASK))
    assert labels.tolist() == [
        token for source, target in PAIRS for token in (target if source else target[1:])
    ]
    whole = torch.cat(
        [torch.tensor([i >= max(len(s), 1) for i in range(1, len(s) + len(t))]) for s, t in PAIRS]
    )
    torch.testing.assert_close(logits, everything[whole])
    assert all_labels[whole].equal(labels)


@torch.no_grad()
def test_left_to_right_is_a_causal_run(model: BertForMaskedLM) -> None:
    logits, labels = predict(model, left_to_right(collate(PAIRS, PAD)))
    row = 0
    for source, target in PAIRS:
        ids = [*source, *target]
        causal = torch.full((len(ids), len(ids)), torch.finfo(torch.float32).min).triu(1)[None, None]
        segments = torch.tensor([[0] * len(source) + [1] * len(target)])
        expected = model(
            input_ids=torch.tensor([ids]), attention_mask=causal, token_type_ids=segments
        ).logits[0]
        for t, token in enumerate(ids[1:]):
            torch.testing.assert_close(logits[row], expected[t], rtol=1e-4, atol=1e-4)
            assert labels[row] == token
            row += 1
    assert row == len(labels)


@torch.no_grad()
@pytest.mark.parametrize("objective", ["masked", "pseudo-masked", "left-to-right"])
def test_no_prediction_depends_on_a_later_character(model: BertForMaskedLM, objective: str) -> None:
    source, target = [5, 6, 7, 8], [9, 10, 11, 12, 13]

    def run(changed: list[int]) -> Tensor:
        pairs = collate([(source, changed), ([14] * 6, [15] * 6)], PAD)
        if objective == "masked":
            example = masked(pairs, MASK, 0.6, torch.Generator().manual_seed(3))
        else:
            example = pseudo_masked(pairs, MASK) if objective == "pseudo-masked" else left_to_right(pairs)
        logits = torch.full((*example.labels.shape, VOCABULARY), torch.nan)
        predicted = example.labels != IGNORED
        logits[predicted], _ = predict(model, example)
        place = example.position_ids[0]
        return torch.stack([logits[0, i] for i in place.argsort(stable=True) if predicted[0, i]])

    before = run(target)
    assert len(before) > 1
    for t in range(len(target)):
        after = run([*target[:t], 20, *target[t + 1 :]])
        if objective == "pseudo-masked":
            assert before[: t + 1].equal(after[: t + 1])  # what stands at t is foreseen without seeing it
            assert not before[t + 1 :].numel() or not before[t + 1].equal(after[t + 1])
        elif objective == "left-to-right":
            known = len(source) + t  # the predictions made at positions before the changed one
            assert before[:known].equal(after[:known])
        else:
            drawn = torch.rand((2, 12), generator=torch.Generator().manual_seed(3))[0, 4:9] < 0.6
            known = int(drawn[: t + 1].sum())
            assert before[:known].equal(after[:known])


@torch.no_grad()
@pytest.mark.parametrize("objective", ["pseudo-masked", "left-to-right"])
def test_padding_changes_nothing(model: BertForMaskedLM, objective: str) -> None:
    def run(pairs: list[Pair]) -> Tensor:
        collated = collate(pairs, PAD)
        example = pseudo_masked(collated, MASK) if objective == "pseudo-masked" else left_to_right(collated)
        return predict(model, example)[0]

    together = run(PAIRS)
    single = torch.cat([run([pair]) for pair in PAIRS])
    torch.testing.assert_close(together, single, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_padding_changes_nothing_for_masked(model: BertForMaskedLM) -> None:
    def run(pairs: list[Pair]) -> Tensor:
        return predict(model, masked(collate(pairs, PAD), MASK, 1.0, torch.Generator()))[0]

    torch.testing.assert_close(run(PAIRS), torch.cat([run([p]) for p in PAIRS]), rtol=1e-5, atol=1e-5)


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
