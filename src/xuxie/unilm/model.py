"""BertForMaskedLM, read through UniLM's masks.

model = new_model(vocabulary_size=4000, layers=4, hidden_size=256, heads=4, positions=512)
logits, labels = predict(model, example)
"""

import torch
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM

from xuxie.unilm.examples import IGNORED, Example
from xuxie.unilm.masks import additive_mask


def new_model(
    *,
    vocabulary_size: int,
    layers: int,
    hidden_size: int,
    heads: int,
    positions: int,
    dropout: float = 0.1,
    pad_id: int = 0,
) -> BertForMaskedLM:
    """A BertForMaskedLM with fresh weights, drawn from torch's global generator but for those of positions.

    `positions` is the longest source and target together, in tokens.
    """
    config = BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden_size,
        max_position_embeddings=positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=pad_id,
    )
    model = BertForMaskedLM(config)
    with torch.no_grad():
        sines = sinusoids(positions, hidden_size)
        model.bert.embeddings.position_embeddings.weight.copy_(sines * config.initializer_range)
    return model


def sinusoids(positions: int, size: int) -> Tensor:
    """Float [positions, size]: sines and cosines of each position, from one cycle in 2π to one in 20,000π.

    The encoding of arXiv 1706.03762 (3.5), with a mean square of 1. Position embeddings that begin so are
    trained like any other; but "the token before", on which a language model's first steps hang, is one
    rotation from everywhere, while of random ones every position must be learned by itself.
    """
    frequencies = 10_000.0 ** (-torch.arange(0, size, 2) / size)
    angles = torch.arange(positions)[:, None] * frequencies
    both = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return both[:, :size] * 2**0.5


def predict(model: BertForMaskedLM, example: Example) -> tuple[Tensor, Tensor]:
    """The logits at the predicted positions of an example, and what they should be.

    Returns float [predicted, vocabulary] and int64 [predicted], rows in order, positions within a row in
    order. The vocabulary head, dear for its width, runs at those positions only.
    """
    rows, labels = read(model, example)
    logits: Tensor = model.cls(rows)
    return logits, labels


def read(model: BertForMaskedLM, example: Example) -> tuple[Tensor, Tensor]:
    """The same without the head: what it is given, float [predicted, size], and the labels."""
    dtype = next(model.parameters()).dtype
    hidden = model.bert(
        input_ids=example.input_ids,
        attention_mask=additive_mask(example.attention_mask, dtype),
        token_type_ids=example.segment_ids,
        position_ids=example.position_ids,
    ).last_hidden_state
    predicted = example.labels != IGNORED
    return hidden[predicted], example.labels[predicted]


def cross_entropy(logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """The negative log-likelihood in nats, computed in fp32 whatever the logits' precision."""
    return torch.nn.functional.cross_entropy(logits.float(), labels, reduction=reduction)
