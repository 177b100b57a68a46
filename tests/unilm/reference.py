"""UniLM as its papers tell it, slowly: a BERT written out with loops, and who sees whom in a sequence.

Nothing here is the product's, nor transformers': only the numbers of the weights are.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from transformers import BertForMaskedLM

Sees = Callable[[int, int], bool]  # whether the query at one place sees the key at another


def sequence_to_sequence(source: int) -> Sees:
    """arXiv 1905.03197, section 2.3: a source sees the source, a target also what is left of it."""
    return lambda query, key: key < source or (query >= source and key <= query)


KINDS: dict[str, Callable[[int], Sees]] = {
    "bidirectional": lambda source: lambda query, key: True,
    "left-to-right": lambda source: lambda query, key: key <= query,
    "right-to-left": lambda source: lambda query, key: key >= query,
    "sequence-to-sequence": sequence_to_sequence,
}


def slow_logits(model: BertForMaskedLM, ids: Sequence[int], segments: Sequence[int], sees: Sees) -> Tensor:
    """float64 [tokens, vocabulary] of one sequence."""
    weights = {name: parameter.detach().double() for name, parameter in model.named_parameters()}

    def dense(hidden: Tensor, name: str) -> Tensor:
        return hidden @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(hidden: Tensor, name: str) -> Tensor:
        centred = hidden - hidden.mean(dim=1, keepdim=True)
        spread = (centred.square().mean(dim=1, keepdim=True) + 1e-12).sqrt()
        return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(hidden: Tensor) -> Tensor:
        return hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))

    words = weights["bert.embeddings.word_embeddings.weight"]
    hidden = torch.stack(
        [
            words[token]
            + weights["bert.embeddings.position_embeddings.weight"][place]
            + weights["bert.embeddings.token_type_embeddings.weight"][segment]
            for place, (token, segment) in enumerate(zip(ids, segments, strict=True))
        ]
    )
    hidden = norm(hidden, "bert.embeddings.LayerNorm")
    for number in range(model.config.num_hidden_layers):
        layer = f"bert.encoder.layer.{number}"
        query, key, value = (
            dense(hidden, f"{layer}.attention.self.{name}") for name in ("query", "key", "value")
        )
        context = attention(query, key, value, model.config.num_attention_heads, sees)
        hidden = norm(
            dense(context, f"{layer}.attention.output.dense") + hidden,
            f"{layer}.attention.output.LayerNorm",
        )
        inner = gelu(dense(hidden, f"{layer}.intermediate.dense"))
        hidden = norm(dense(inner, f"{layer}.output.dense") + hidden, f"{layer}.output.LayerNorm")
    hidden = gelu(dense(hidden, "cls.predictions.transform.dense"))
    hidden = norm(hidden, "cls.predictions.transform.LayerNorm")
    return hidden @ words.T + weights["cls.predictions.bias"]


def attention(query: Tensor, key: Tensor, value: Tensor, heads: int, sees: Sees) -> Tensor:
    """Each place over exactly the keys that it sees."""
    size = query.shape[1] // heads
    context = torch.zeros_like(query)
    for q in range(len(query)):
        seen = [k for k in range(len(key)) if sees(q, k)]
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = torch.stack([query[q, part] @ key[k, part] for k in seen]) / math.sqrt(size)
            shares = scores.exp() / scores.exp().sum()
            context[q, part] = sum(share * value[k, part] for share, k in zip(shares, seen, strict=True))
    return context
