"""How pairs of source and target become something to predict.

    pairs = collate([([5, 6, 7], [8, 9])], pad_id=0)
    example = masked(pairs, mask_id=4, rate=0.8, generator=torch.Generator())
    example = pseudo_masked(pairs, mask_id=4)       # to train on and to measure with
    example = left_to_right(pairs)                  # to start with

The source is segment 0, the target segment 1; positions count on from the source into the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from xuxie.unilm.masks import compute_attention_mask, compute_pseudo_mask

IGNORED = -100  # the label of a position that is not predicted; torch's cross entropy ignores it

Pair = tuple[Sequence[int], Sequence[int]]  # token ids of the source and of the target


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """A batch of pairs, padded behind. All [batch, length]."""

    input_ids: Tensor
    segment_ids: Tensor
    padding: Tensor


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the model reads and what it should predict.

    input_ids, segment_ids, position_ids: int64 [batch, length]
    attention_mask: bool [batch, length, length]
    labels: int64 [batch, length], IGNORED where nothing is predicted
    """

    input_ids: Tensor
    segment_ids: Tensor
    position_ids: Tensor
    attention_mask: Tensor
    labels: Tensor

    def to(self, device: torch.device | str) -> "Example":
        """The same on another device."""
        return replace(self, **{name: tensor.to(device) for name, tensor in vars(self).items()})


def collate(pairs: Sequence[Pair], pad_id: int) -> Pairs:
    """Pad pairs to the longest of them."""
    shape = (len(pairs), max(len(source) + len(target) for source, target in pairs))
    input_ids = torch.full(shape, pad_id)
    segment_ids = torch.zeros(shape, dtype=torch.long)
    padding = torch.ones(shape, dtype=torch.bool)
    for row, (source, target) in enumerate(pairs):
        end = len(source) + len(target)
        input_ids[row, :end] = torch.tensor([*source, *target])
        segment_ids[row, len(source) : end] = 1
        padding[row, :end] = False
    return Pairs(input_ids=input_ids, segment_ids=segment_ids, padding=padding)


def masked(pairs: Pairs, mask_id: int, rate: float, generator: torch.Generator) -> Example:
    """The plain recipe: a share of the target tokens is replaced by `[MASK]` and predicted.

    Each target token is drawn with probability `rate`, [EOS] and paragraph marks like any other; at least
    one of a batch is, so that the loss is never empty.
    """
    target = pairs.segment_ids == 1
    drawn = torch.rand(target.shape, generator=generator).masked_fill(~target, 2.0)
    chosen = drawn < rate
    if not chosen.any():
        chosen.view(-1)[drawn.argmin()] = True
    return Example(
        input_ids=pairs.input_ids.masked_fill(chosen, mask_id),
        segment_ids=pairs.segment_ids,
        position_ids=positions(pairs),
        attention_mask=compute_attention_mask(pairs.segment_ids, pairs.padding),
        labels=pairs.input_ids.masked_fill(~chosen, IGNORED),
    )


def pseudo_masked(pairs: Pairs, mask_id: int) -> Example:
    """Every target position predicted in one pass under exactly the conditions of generation.

    Behind the pairs stand as many `[MASK]`s; the one for position i is at position i and sees everything
    before it. The length is at most twice that of the pairs.
    """
    target = pairs.segment_ids == 1
    needed = target.any(dim=0)  # no row predicts the columns where all rows are still in the source
    kept = torch.cat([torch.ones_like(needed), needed]).nonzero().squeeze(1)
    mask = compute_pseudo_mask(pairs.segment_ids, pairs.padding)
    masks = torch.full_like(pairs.input_ids, mask_id)
    ignored = torch.full_like(pairs.input_ids, IGNORED)
    place = positions(pairs)
    return Example(
        input_ids=torch.cat([pairs.input_ids, masks], dim=1)[:, kept],
        segment_ids=torch.cat([pairs.segment_ids, pairs.segment_ids], dim=1)[:, kept],
        position_ids=torch.cat([place, place], dim=1)[:, kept],
        attention_mask=mask[:, kept][:, :, kept],
        labels=torch.cat([ignored, pairs.input_ids.masked_fill(~target, IGNORED)], dim=1)[:, kept],
    )


def left_to_right(pairs: Pairs) -> Example:
    """The next token of the whole window, source and target alike, by the unidirectional mask.

    No `[MASK]` in it: an aid, not what is measured or generated with. A model that has learned so first
    learns to fill in `[MASK]`s many times faster than one that has not.
    """
    labels = pairs.input_ids.masked_fill(pairs.padding, IGNORED).roll(-1, dims=1)
    labels[:, -1] = IGNORED
    return Example(
        input_ids=pairs.input_ids,
        segment_ids=pairs.segment_ids,
        position_ids=positions(pairs),
        attention_mask=compute_attention_mask(torch.ones_like(pairs.segment_ids), pairs.padding),
        labels=labels,
    )


def positions(pairs: Pairs) -> Tensor:
    """0, 1, 2 … in every row."""
    return torch.arange(pairs.input_ids.shape[1]).expand_as(pairs.input_ids)
