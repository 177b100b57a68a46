"""How pairs of source and target become something to predict.

    pairs = collate([([5, 6, 7], [8, 9])], pad_id=0)
    draw = torch.Generator()

    masked(pairs, mask_id=4, rate=0.8, generator=draw)      the plain recipe
    pseudo_masked(pairs, mask_id=4)                         the conditions of generation, in one pass
    unilm(pairs, 4, vocabulary_size, weights, draw)         the paper's cloze under a mixture of the masks
    shifted(pairs)                                          the next token of the target, no [MASK]
    left_to_right(pairs)                                    the next token of the window, no [MASK]

`learned` chooses one by its name in the settings; `measured` is how a model so trained is measured.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from xuxie.config import Objective, TrainSettings
from xuxie.unilm.examples import IGNORED, Example, Pairs, positions
from xuxie.unilm.masks import KINDS, compute_attention_mask, compute_pseudo_mask

CLOZE_RATE = 0.15  # of all tokens, in `unilm` (section 2.3)
KEPT_AS_THEY_ARE, REPLACED = 0.1, 0.1  # of the tokens to predict; the others become [MASK]
LONGER_SPANS = 0.2  # of the draws take two or three tokens in a row


def masked(pairs: Pairs, mask_id: int, rate: float, generator: torch.Generator) -> Example:
    """The plain recipe: a share of the target tokens is replaced by `[MASK]` and predicted.

    Each target token is drawn with probability `rate`, [EOS] and paragraph marks like any other; at least
    one of a batch is, so that the loss is never empty.
    """
    target = pairs.target
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
    target = pairs.target
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


def unilm(
    pairs: Pairs,
    mask_id: int,
    vocabulary_size: int,
    weights: Sequence[float],
    generator: torch.Generator,
) -> Example:
    """The paper's pre-training: cloze under a mixture of the masks (section 2.3).

    Each window gets one of the masks, drawn by `weights` in the order of KINDS. About 15% of its tokens,
    of source and target alike, are predicted; of those 80% become `[MASK]`, 10% a random token, and 10%
    stay. Four draws of five take one token, the others two or three in a row.
    """
    kinds = torch.multinomial(
        torch.tensor(weights, dtype=torch.float),
        len(pairs.input_ids),
        replacement=True,
        generator=generator,
    )
    masks = torch.stack([compute_attention_mask(pairs.segment_ids, pairs.padding, k) for k in KINDS])
    chosen = draw_spans(pairs, generator)
    fate = torch.rand(chosen.shape, generator=generator)
    random = torch.randint(vocabulary_size, chosen.shape, generator=generator)
    replaced = chosen & (fate < REPLACED)
    hidden = chosen & (fate >= REPLACED + KEPT_AS_THEY_ARE)
    return Example(
        input_ids=torch.where(replaced, random, pairs.input_ids).masked_fill(hidden, mask_id),
        segment_ids=pairs.segment_ids,
        position_ids=positions(pairs),
        attention_mask=masks[kinds, torch.arange(len(kinds))],
        labels=pairs.input_ids.masked_fill(~chosen, IGNORED),
    )


def draw_spans(pairs: Pairs, generator: torch.Generator) -> Tensor:
    """The tokens that `unilm` predicts: bool [batch, length], at least one in a batch, no padding."""
    shape = pairs.input_ids.shape
    single, double = 1 - LONGER_SPANS, LONGER_SPANS / 2
    mean = single + 2 * double + 3 * double
    drawn = torch.rand(shape, generator=generator).masked_fill(pairs.padding, 2.0)
    begins = drawn < CLOZE_RATE / mean
    if not begins.any():
        begins.view(-1)[drawn.argmin()] = True
    length = torch.rand(shape, generator=generator)
    two, three = begins & (length >= single), begins & (length >= single + double)
    chosen = begins.clone()
    chosen[:, 1:] |= two[:, :-1]
    chosen[:, 2:] |= three[:, :-2]
    return chosen & ~pairs.padding


def shifted(pairs: Pairs) -> Example:
    """The next token of the target, read off the token before it: no `[MASK]`.

    The last token of the source foresees the first of the target; where there is no source, nothing does.
    """
    labels = pairs.input_ids.masked_fill(~pairs.target, IGNORED)
    return next_token(pairs, labels, compute_attention_mask(pairs.segment_ids, pairs.padding))


def left_to_right(pairs: Pairs, *, target_only: bool = False) -> Example:
    """The next token of the whole window, source and target alike, by the left-to-right mask.

    Whoever has learned so first learns to fill in `[MASK]`s many times faster. `target_only` is for
    measuring: the source is read but not predicted.
    """
    ignored = ~pairs.target if target_only else pairs.padding
    labels = pairs.input_ids.masked_fill(ignored, IGNORED)
    return next_token(
        pairs, labels, compute_attention_mask(pairs.segment_ids, pairs.padding, "left-to-right")
    )


def next_token(pairs: Pairs, labels: Tensor, attention_mask: Tensor) -> Example:
    """Each position foresees the label of the one behind it."""
    labels = labels.roll(-1, dims=1)
    labels[:, -1] = IGNORED
    return Example(
        input_ids=pairs.input_ids,
        segment_ids=pairs.segment_ids,
        position_ids=positions(pairs),
        attention_mask=attention_mask,
        labels=labels,
    )


def learned(
    settings: TrainSettings, pairs: Pairs, mask_id: int, vocabulary_size: int, generator: torch.Generator
) -> Example:
    """What settings.objective makes of a batch, to learn from."""
    match settings.objective:
        case "masked":
            return masked(pairs, mask_id, settings.mask_rate, generator)
        case "pseudo-masked":
            return pseudo_masked(pairs, mask_id)
        case "unilm":
            return unilm(pairs, mask_id, vocabulary_size, settings.unilm_weights, generator)
        case "shifted":
            return shifted(pairs)
        case "left-to-right":
            return left_to_right(pairs)


def measured(objective: Objective, pairs: Pairs, mask_id: int) -> Example:
    """Every target token, foreseen as a model of that objective foresees it when it writes.

    The first of all, where there is no source, is given, whatever the objective: a chapter opens with the
    mark of a paragraph, and so does all that is written (`generation.context`). No model is asked for it.
    """
    match objective:
        case "shifted":
            return shifted(pairs)
        case "left-to-right":
            return left_to_right(pairs, target_only=True)
        case _:
            example = pseudo_masked(pairs, mask_id)
            return replace(example, labels=example.labels.masked_fill(example.position_ids == 0, IGNORED))
