"""Self-attention masks of UniLM: who may see whom.

The sequence-to-sequence mask (arXiv 1905.03197, figure 1) comes from the segment ids alone: the source
is segment 0, the target segment 1, and with c the running sum of them a query sees every key whose c is
not greater than its own. All source positions have c = 0, so they see the whole source; the targets
have c = 1, 2, 3 …, so each sees the source and the target up to itself.
"""

import torch
from torch import Tensor


def compute_attention_mask(segment_ids: Tensor, padding: Tensor | None = None) -> Tensor:
    """Which positions each position may attend to.

    Args:
        segment_ids: integers [batch, length]; 0 for the source, 1 for the target.
        padding: bool [batch, length], true where a position is padding. Padding is hidden from every
            real position, and sees itself besides what it would, so that no row is empty.

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
    c = segment_ids.cumsum(dim=1)
    mask = c[:, None, :] <= c[:, :, None]
    if padding is None:
        return mask
    if padding.shape != segment_ids.shape:
        raise ValueError(f"padding {list(padding.shape)} and segment_ids {list(segment_ids.shape)} differ")
    itself = torch.eye(segment_ids.shape[1], dtype=torch.bool, device=segment_ids.device)
    return (mask & ~padding.bool()[:, None, :]) | itself


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
    length = segment_ids.shape[1]
    itself = torch.eye(length, dtype=torch.bool, device=segment_ids.device).expand_as(mask)
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
