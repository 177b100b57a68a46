"""The masks, against the paper read with loops, and against attention written out by hand."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM

from unilm.reference import slow_logits
from xuxie.unilm.masks import (
    KINDS,
    additive_mask,
    compute_attention_mask,
    compute_pseudo_mask,
)

# Rows of (source, target, padding) lengths, made equally long by padding.
SHAPES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4).filter(
    lambda rows: any(source + target for source, target in rows)
)


def layout(rows: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Segment ids and padding of a batch."""
    length = max(source + target for source, target in rows)
    segments = [[0] * s + [1] * t + [0] * (length - s - t) for s, t in rows]
    padding = [[False] * (s + t) + [True] * (length - s - t) for s, t in rows]
    return torch.tensor(segments), torch.tensor(padding)


def may_see(query: int, key: int, source: int, target: int) -> bool:
    """Section 2.3 of the paper: the source sees the source; a target what is left of it, and itself."""
    if query < source:
        return key < source
    return key < source or (key <= query and key < source + target)


def test_the_matrix_of_the_docstring() -> None:
    drawn = [
        [int(cell) for cell in line.split()[1:]]
        for line in (compute_attention_mask.__doc__ or "").splitlines()
        if len(line.split()) == 6 and set(line.split()) <= {"0", "1"}
    ]
    assert len(drawn) == 5
    assert compute_attention_mask(torch.tensor([[0, 0, 0, 1, 1]])).int().tolist() == [drawn]
    assert drawn == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_source_only_is_bidirectional_and_target_only_is_causal() -> None:
    assert compute_attention_mask(torch.zeros(1, 4, dtype=torch.long)).all()
    assert compute_attention_mask(torch.ones(1, 4, dtype=torch.long))[0].equal(
        torch.ones(4, 4).tril().bool()
    )


@given(SHAPES)
def test_the_mask_is_the_papers(rows: list[tuple[int, int]]) -> None:
    segments, padding = layout(rows)
    mask = compute_attention_mask(segments, padding)
    assert mask.dtype == torch.bool
    assert mask.shape == (*segments.shape, segments.shape[1])
    for row, (source, target) in enumerate(rows):
        for query in range(source + target):
            for key in range(segments.shape[1]):
                expected = key < source + target and may_see(query, key, source, target)
                assert mask[row, query, key] == expected, (row, query, key)


@given(SHAPES)
def test_no_target_sees_the_future_and_sources_see_exactly_the_source(rows: list[tuple[int, int]]) -> None:
    segments, padding = layout(rows)
    mask = compute_attention_mask(segments, padding)
    length = segments.shape[1]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    target = segments == 1
    assert not (mask & future & target[:, :, None]).any()
    source = (segments == 0) & ~padding
    seen_by_source = mask & source[:, :, None]
    assert seen_by_source.equal(source[:, :, None] & source[:, None, :])


@given(SHAPES)
def test_padding_is_seen_by_no_real_position_and_no_row_is_empty(rows: list[tuple[int, int]]) -> None:
    segments, padding = layout(rows)
    for mask in (compute_attention_mask(segments, padding), compute_pseudo_mask(segments, padding)):
        twice = torch.cat([padding, padding], dim=1)[:, : mask.shape[1]]
        assert not (mask & twice[:, None, :] & ~twice[:, :, None]).any()
        assert mask.any(dim=2).all()


@given(SHAPES)
def test_the_pseudo_mask(rows: list[tuple[int, int]]) -> None:
    segments, padding = layout(rows)
    length = segments.shape[1]
    plain, pseudo = compute_attention_mask(segments, padding), compute_pseudo_mask(segments, padding)
    assert pseudo.shape == (len(rows), 2 * length, 2 * length)
    assert pseudo[:, :length, :length].equal(plain)
    assert not pseudo[:, :length, length:].any()  # the sequence sees no [MASK]
    for row, (source, target) in enumerate(rows):
        for query in range(source, source + target):  # the [MASK] that stands for a target position
            real = pseudo[row, length + query, :length].nonzero().flatten().tolist()
            assert real == list(range(query))
            masks = pseudo[row, length + query, length:].nonzero().flatten().tolist()
            assert masks == [query]


@given(SHAPES)
def test_the_other_kinds(rows: list[tuple[int, int]]) -> None:
    segments, padding = layout(rows)
    length = segments.shape[1]
    for row, (source, target) in enumerate(rows):
        end = source + target
        for query in range(end):
            expected = {
                "bidirectional": [*range(end)],
                "left-to-right": [*range(query + 1)],
                "right-to-left": [*range(query, end)],
                "sequence-to-sequence": [k for k in range(length) if may_see(query, k, source, target)],
            }
            for kind in KINDS:
                mask = compute_attention_mask(segments, padding, kind)
                assert mask[row, query].nonzero().flatten().tolist() == expected[kind]


@pytest.mark.parametrize("shape", [(), (3,), (1, 2, 3)])
def test_segment_ids_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"segment_ids must be \[batch, length\]"):
        compute_attention_mask(torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("shape", [(2, 4), (1, 5), (5,)])
def test_padding_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"padding \[.*\] and segment_ids \[2, 5\] differ"):
        compute_attention_mask(torch.zeros(2, 5, dtype=torch.long), torch.zeros(shape, dtype=torch.bool))


def test_the_additive_form() -> None:
    mask = torch.tensor([[[True, False], [True, True]]])
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        form = additive_mask(mask, dtype)
        assert form.shape == (1, 1, 2, 2)
        assert form.dtype == dtype
        assert form[0, 0].tolist() == [[0, torch.finfo(dtype).min], [0, 0]]


def by_hand(model: BertForMaskedLM, ids: Tensor, segments: Tensor, mask: Tensor) -> Tensor:
    """float64 [batch, length, vocabulary], each position over exactly the keys that it may see."""
    rows = [
        slow_logits(model, own.tolist(), kinds.tolist(), partial(sees, own_mask))
        for own, kinds, own_mask in zip(ids, segments, mask, strict=True)
    ]
    return torch.stack(rows)


def sees(mask: Tensor, query: int, key: int) -> bool:
    return bool(mask[query, key])


@torch.no_grad()
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("pseudo", [False, True])
def test_bert_reads_the_additive_mask_as_meant(implementation: str, pseudo: bool) -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
        initializer_range=0.5,  # so that attention is far from uniform
    )
    config._attn_implementation = implementation
    model = BertForMaskedLM(config).eval()
    assert model.config._attn_implementation == implementation
    segments, padding = layout([(4, 4), (2, 3), (0, 5), (6, 1)])
    mask = compute_attention_mask(segments, padding)
    if pseudo:
        mask = compute_pseudo_mask(segments, padding)
        segments = torch.cat([segments, segments], dim=1)
    ids = torch.randint(20, segments.shape)
    logits = model(
        input_ids=ids, attention_mask=additive_mask(mask, torch.float32), token_type_ids=segments
    ).logits
    expected = by_hand(model, ids, segments, mask)
    assert expected.std() > 0.3
    torch.testing.assert_close(logits.double(), expected, rtol=1e-5, atol=1e-5)
    everything = by_hand(model, ids, segments, torch.ones_like(mask))
    assert (everything - expected).abs().max() > 0.01  # the mask does make a difference
