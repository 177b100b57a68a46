"""What the model reads: pairs of source and target, and the examples that objectives make of them.

    pairs = collate([([5, 6, 7], [8, 9])], pad_id=0)

The source is segment 0, the target segment 1; positions count on from the source into the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

IGNORED = -100  # the label of a position that is not predicted; torch's cross entropy ignores it

Pair = tuple[Sequence[int], Sequence[int]]  # token ids of the source and of the target


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """A batch of pairs, padded behind. All [batch, length]."""

    input_ids: Tensor
    segment_ids: Tensor
    padding: Tensor

    @property
    def target(self) -> Tensor:
        """Bool [batch, length], true at target positions."""
        return self.segment_ids == 1


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


def positions(pairs: Pairs) -> Tensor:
    """0, 1, 2 … in every row."""
    return torch.arange(pairs.input_ids.shape[1]).expand_as(pairs.input_ids)
