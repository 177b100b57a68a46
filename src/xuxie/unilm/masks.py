"""Self-attention masks of UniLM: who may see whom.

One rule makes them all (arXiv 1905.03197, figure 1): every position has a number c, and a query sees every
key whose c is not greater than its own. What c is makes the kind of mask:

    bidirectional           0 0 0 0 0       everybody sees everybody
    left-to-right           0 1 2 3 4       each sees itself and what is left of it
    right-to-left           0 -1 -2 -3 -4   each sees itself and what is right of it
    sequence-to-sequence    0 0 0 1 2       the running sum of the segment ids 0 0 0 1 1
"""

from typing import Literal, get_args

import torch
from torch import Tensor

Kind = Literal["bidirectional", "left-to-right", "right-to-left", "sequence-to-sequence"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def compute_order(segment_ids: Tensor, kind: Kind) -> Tensor:
    """The number c of each position; integers [batch, length] as `segment_ids` are."""
    places = torch.arange(segment_ids.shape[1], device=segment_ids.device).expand_as(segment_ids)
    match kind:
        case "bidirectional":
            return torch.zeros_like(segment_ids)
        case "left-to-right":
            return places
        case "right-to-left":
            return -places
        case "sequence-to-sequence":
            return segment_ids.cumsum(dim=1)


def compute_attention_mask(
    segment_ids: Tensor, padding: Tensor | None = None, kind: Kind = "sequence-to-sequence"
) -> Tensor:
    """Which positions each position may attend to.

    Args:
        segment_ids: integers [batch, length]; 0 for the source, 1 for the target.
        padding: bool [batch, length], true where a position is padding. Padding is hidden from every
            real position, and sees itself besides what it would, so that no row is empty.
        kind: which of the masks.

    Returns:
        bool [batch, length, length]; `mask[b, q, k]` says whether query q may see key k.

    For the segment ids 0 0 0 1 1 (a source of three, a target of two):

        query \\ key   0  0  0  1  1
                  0   1  1  1  0  0
                  0   1  1  1  0  0
                  0   1  1  1  0  0
                  1   1  1  1  1  0
                  1   1  1  1  1  1

    Raises:
        ValueError: segment_ids is not [batch, length], or padding has another shape.
    """
    if segment_ids.dim() != 2:
        raise ValueError(f"segment_ids must be [batch, length], not {list(segment_ids.shape)}")
    return mask_of(compute_order(segment_ids, kind), padding)


def mask_of(c: Tensor, padding: Tensor | None) -> Tensor:
    """The mask that the numbers c [batch, length] make; bool [batch, length, length]. Raises ValueError."""
    mask = c[:, None, :] <= c[:, :, None]
    if padding is None:
        return mask
    if padding.shape != c.shape:
        raise ValueError(f"padding {list(padding.shape)} and segment_ids {list(c.shape)} differ")
    return (mask & ~padding.bool()[:, None, :]) | diagonal(c)


def compute_pseudo_mask(segment_ids: Tensor, padding: Tensor) -> Tensor:
    """The mask of a sequence followed by one `[MASK]` for each of its target positions.

    The layout of pseudo-masked training (UniLMv2, arXiv 2002.12804, and s2s-ft): every target position is
    predicted in one pass under exactly the conditions of generation. The sequence itself attends as
    `compute_attention_mask` says and sees no `[MASK]`; the `[MASK]` that stands for a position sees what
    that position sees, but the `[MASK]` in its own place.

    Args:
        segment_ids: [batch, length], as above.
        padding: bool [batch, length], as above.

    Returns:
        bool [batch, 2 * length, 2 * length]. Row and column length + i belong to the `[MASK]` for position
        i; the caller drops those that stand for no target position.
    """
    mask = compute_attention_mask(segment_ids, padding)
    itself = diagonal(segment_ids).expand_as(mask)
    above = torch.cat([mask, torch.zeros_like(mask)], dim=2)
    below = torch.cat([mask & ~itself, itself], dim=2)
    return torch.cat([above, below], dim=1)


def additive_mask(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """The 4-D form that transformers' BERT takes: [batch, 1, length, length], 0 or the dtype's minimum.

    Boolean 4-D masks are right with sdpa and silently wrong with eager attention; this form is right in
    both.
    """
    minimum = torch.finfo(dtype).min
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, minimum)[:, None]


def diagonal(like: Tensor) -> Tensor:
    """Every position sees itself: bool [1, length, length] for a tensor [batch, length]."""
    return torch.eye(like.shape[1], dtype=torch.bool, device=like.device)[None]
