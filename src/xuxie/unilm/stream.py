"""The fast forward pass: the examples of a batch as one stream of tokens, without padding.

    stream = concatenate(example)
    logits, labels = predict_stream(model, stream)      # what predict(model, example) gives, sooner

It runs BertForMaskedLM's own submodules. Linear layers, norms and the rest see [tokens, hidden]; only
attention looks at one example at a time. A row that is neither predicted nor seen by another row is left
out from the start, padding among them; in the last layer only the rows to predict go on behind attention.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import dropout
from torch.utils.checkpoint import checkpoint
from transformers import BertForMaskedLM
from transformers.models.bert.modeling_bert import BertLayer

from xuxie.unilm.examples import IGNORED, Example
from xuxie.unilm.masks import additive_mask, diagonal


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A batch without padding.

    input_ids, segment_ids, position_ids: int64 [tokens], example after example
    masks: of each example, bool [its tokens, its tokens]
    predicted: of each example, int64 [its predictions]: which of its rows are to predict
    labels: int64 [predictions of all]
    """

    input_ids: Tensor
    segment_ids: Tensor
    position_ids: Tensor
    masks: tuple[Tensor, ...]
    predicted: tuple[Tensor, ...]
    labels: Tensor

    def to(self, device: torch.device | str) -> "Stream":
        """The same on another device."""
        return Stream(
            input_ids=self.input_ids.to(device),
            segment_ids=self.segment_ids.to(device),
            position_ids=self.position_ids.to(device),
            masks=tuple(mask.to(device) for mask in self.masks),
            predicted=tuple(rows.to(device) for rows in self.predicted),
            labels=self.labels.to(device),
        )


def concatenate(example: Example) -> Stream:
    """The rows of a batch that matter: those to predict and those that another row sees."""
    labelled = example.labels != IGNORED
    seen = (example.attention_mask & ~diagonal(example.labels)).any(dim=1)
    rows = labelled | seen
    kept = [row.nonzero().squeeze(1) for row in rows]
    return Stream(
        input_ids=example.input_ids[rows],
        segment_ids=example.segment_ids[rows],
        position_ids=example.position_ids[rows],
        masks=tuple(m[k][:, k] for m, k in zip(example.attention_mask, kept, strict=True)),
        predicted=tuple(one[k].nonzero().squeeze(1) for one, k in zip(labelled, kept, strict=True)),
        labels=example.labels[labelled],
    )


def predict_stream(model: BertForMaskedLM, stream: Stream) -> tuple[Tensor, Tensor]:
    """The logits at the predicted positions of a batch, and what they should be.

    As `predict` gives them: float [predicted, vocabulary] and int64 [predicted].
    """
    logits: Tensor = model.cls(read_stream(model, stream))
    return logits, stream.labels


def read_stream(model: BertForMaskedLM, stream: Stream, *, checkpointing: bool = False) -> Tensor:
    """What the vocabulary head is given: float [predicted, size].

    `checkpointing` keeps only what goes into each layer and computes the rest anew in the backward pass:
    less memory, more time.
    """
    hidden = model.bert.embeddings(
        input_ids=stream.input_ids[None],
        token_type_ids=stream.segment_ids[None],
        position_ids=stream.position_ids[None],
    )[0]
    if torch.is_autocast_enabled(hidden.device.type):
        hidden = hidden.to(torch.get_autocast_dtype(hidden.device.type))
    masks = [additive_mask(mask[None], hidden.dtype)[0] for mask in stream.masks]
    *layers, last = cast("list[BertLayer]", list(model.bert.encoder.layer))
    for layer in layers:
        if checkpointing and torch.is_grad_enabled():
            hidden = checkpoint(run_layer, layer, hidden, masks, use_reentrant=False)
        else:
            hidden = run_layer(layer, hidden, masks)
    return run_layer(last, hidden, masks, stream.predicted)


def run_layer(
    layer: BertLayer, hidden: Tensor, masks: Sequence[Tensor], rows: Sequence[Tensor] | None = None
) -> Tensor:
    """One layer of BERT on a stream.

    Args:
        layer: the layer.
        hidden: float [tokens, size].
        masks: of each example, additive [1, its tokens, its tokens].
        rows: of each example, the rows wanted; None: all.

    Returns:
        float [tokens or wanted rows, size].
    """
    attention = layer.attention.self
    examples = hidden.split([mask.shape[-1] for mask in masks])
    asking = hidden
    if rows is not None:
        asking = torch.cat([example[row] for example, row in zip(examples, rows, strict=True)])
        masks = [mask[:, row] for mask, row in zip(masks, rows, strict=True)]
    context = attend(
        attention.query(asking),
        attention.key(hidden),
        attention.value(hidden),
        masks,
        heads=attention.num_attention_heads,
        drop=attention.dropout.p if layer.training else 0.0,
    )
    seen = layer.attention.output(context, asking)
    result: Tensor = layer.output(layer.intermediate(seen), seen)
    return result


def attend(
    query: Tensor, key: Tensor, value: Tensor, masks: Sequence[Tensor], *, heads: int, drop: float
) -> Tensor:
    """Attention within each example of a stream.

    query is float [queries, size], key and value float [tokens, size], masks additive [1, its queries, its
    tokens]. Returns float [queries, size].
    """
    queries, keys = zip(*(mask.shape[1:] for mask in masks), strict=True)
    scale = (query.shape[1] // heads) ** -0.5
    results = []
    for q, k, v, mask in zip(query.split(queries), key.split(keys), value.split(keys), masks, strict=True):
        q, k, v = (part.unflatten(1, (heads, -1)).transpose(0, 1) for part in (q, k, v))
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scale)
        shares = dropout(scores.softmax(dim=-1), drop)
        results.append(torch.bmm(shares, v).transpose(0, 1).flatten(1))
    return torch.cat(results)
