"""A decoder in plain torch: the exact one, in fp32 on any CPU, and the one for CUDA.

    decoder = TorchDecoder(read_weights(folder), Reading(mask_id=4), slots=1, device="cpu")

BERT's layers are post-norm: attention, dense, residual, LayerNorm; GELU between two denses, residual,
LayerNorm. A layer's cache is [slots, heads, rows, head size], for keys and for values, written in place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from xuxie.bert_weights import EMBEDDINGS, HEAD, BertWeights, layer_name
from xuxie.generation.decoder import SPARE_ROWS, Chunk, Decoder, Integers, Layout, Logits, Reading


class Dense(NamedTuple):
    """The weight [out, in] and the bias [out] of a linear layer; of a LayerNorm: both [size]."""

    weight: Tensor
    bias: Tensor


class Layer(NamedTuple):
    """One layer's weights; query, key and value in one matrix."""

    attention: Dense
    output: Dense
    output_norm: Dense
    intermediate: Dense
    final: Dense
    final_norm: Dense


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows to compute, of n windows.

    slots: int [n];  lengths: int [n], rows in the slot's cache before them
    ids, positions, types: int [n, r]
    visible: bool [n, r, r], which of the new rows each sees
    outputs: int [m, 2], windows and their rows whose logits are wanted
    """

    slots: Integers
    lengths: Integers
    ids: Integers
    positions: Integers
    types: Integers
    visible: NDArray[np.bool_]
    outputs: Integers


class TorchDecoder(Decoder):
    """See the module; `positions` defaults to as many as the model has."""

    def __init__(
        self,
        weights: BertWeights,
        reading: Reading,
        *,
        slots: int = 1,
        positions: int | None = None,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.shape = shape = weights.shape
        super().__init__(reading, slots=slots, positions=positions or shape.max_position_embeddings)
        self.device, self.dtype = torch.device(device), dtype
        self._words, self._places, self._types = (
            self._tensor(weights(f"{EMBEDDINGS}.{name}_embeddings.weight"))
            for name in ("word", "position", "token_type")
        )
        self._embedding_norm = self._dense(weights, f"{EMBEDDINGS}.LayerNorm")
        self._layers = [self._layer(weights, layer_name(i)) for i in range(shape.num_hidden_layers)]
        self._transform = self._dense(weights, f"{HEAD}.transform.dense")
        self._transform_norm = self._dense(weights, f"{HEAD}.transform.LayerNorm")
        self._bias = self._tensor(weights(f"{HEAD}.bias"))
        rows = self.positions + SPARE_ROWS
        cache = (shape.num_hidden_layers, slots, shape.num_attention_heads, rows, shape.head_size)
        self._keys = torch.zeros(cache, dtype=dtype, device=self.device)
        self._values = torch.zeros(cache, dtype=dtype, device=self.device)

    def _tensor(self, array: Logits) -> Tensor:
        return torch.from_numpy(array).to(self.device, self.dtype)

    def _dense(self, weights: BertWeights, *names: str) -> Dense:
        parts = ("weight", "bias")
        return Dense(
            *(self._tensor(weights.joined([f"{name}.{part}" for name in names])) for part in parts)
        )

    def _layer(self, weights: BertWeights, name: str) -> Layer:
        attention = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        return Layer(
            self._dense(weights, *attention),
            self._dense(weights, f"{name}.attention.output.dense"),
            self._dense(weights, f"{name}.attention.output.LayerNorm"),
            self._dense(weights, f"{name}.intermediate.dense"),
            self._dense(weights, f"{name}.output.dense"),
            self._dense(weights, f"{name}.output.LayerNorm"),
        )

    @torch.inference_mode()
    def _prefill(self, slot: int, ids: Sequence[int], source: int) -> Logits:
        place = np.arange(len(ids))
        visible = np.tri(len(ids), dtype=bool)
        if not self.reading.causal:
            visible[:source, :source] = True
        rows = Rows(
            slots=np.array([slot]),
            lengths=np.array([0]),
            ids=np.array([ids]),
            positions=place[None],
            types=(place >= source).astype(np.int64)[None],
            visible=visible[None],
            outputs=np.array([[0, len(ids) - 1]]),
        )
        logits: Logits = self._forward(rows)[0]
        return logits

    @torch.inference_mode()
    def _step(self, chunks: Sequence[Chunk], layout: Layout) -> list[Logits]:
        lengths = np.array([self.lengths[chunk.slot] for chunk in chunks])
        sources = np.array([self._sources[chunk.slot] for chunk in chunks])
        positions = lengths[:, None] + np.array(layout.offsets)
        rows = Rows(
            slots=np.array([chunk.slot for chunk in chunks]),
            lengths=lengths,
            ids=np.array([self._padded(chunk, layout.width) for chunk in chunks]),
            positions=positions,
            types=(positions >= sources[:, None]).astype(np.int64),
            visible=layout.visible,
            outputs=np.array(layout.outputs),
        )
        return [*np.split(self._forward(rows), layout.ends[:-1])]

    def _forward(self, rows: Rows) -> Logits:
        n, width = rows.ids.shape
        ids, positions, types = (self._on_device(a) for a in (rows.ids, rows.positions, rows.types))
        slots = self._on_device(rows.slots)[:, None]
        places = self._on_device(rows.lengths[:, None] + np.arange(width))
        length = int(rows.lengths.max()) + width
        mask = self._on_device(mask_over_cache(rows, length))[:, None]
        hidden = self._words[ids] + self._places[positions] + self._types[types]
        hidden = self._norm(hidden, self._embedding_norm)
        for number, layer in enumerate(self._layers):
            split = linear(hidden, *layer.attention).view(n, width, 3, self.shape.num_attention_heads, -1)
            query, key, value = split.unbind(2)
            self._keys[number].transpose(1, 2)[slots, places] = key
            self._values[number].transpose(1, 2)[slots, places] = value
            keys, values = (c[number, slots[:, 0], :, :length] for c in (self._keys, self._values))
            context = scaled_dot_product_attention(query.transpose(1, 2), keys, values, attn_mask=mask)
            context = context.transpose(1, 2).reshape(n, width, -1)
            hidden = self._norm(linear(context, *layer.output) + hidden, layer.output_norm)
            inner = gelu(linear(hidden, *layer.intermediate))
            hidden = self._norm(linear(inner, *layer.final) + hidden, layer.final_norm)
        hidden = hidden[tuple(self._on_device(rows.outputs).T)]
        hidden = self._norm(gelu(linear(hidden, *self._transform)), self._transform_norm)
        logits: Logits = linear(hidden, self._words, self._bias).float().cpu().numpy()
        return logits

    def _norm(self, hidden: Tensor, norm: Dense) -> Tensor:
        return layer_norm(hidden, (self.shape.hidden_size,), *norm, self.shape.layer_norm_eps)

    def _on_device(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _copy(self, slot: int, to: int, length: int) -> None:
        for cache in (self._keys, self._values):
            cache[:, to, :, :length] = cache[:, slot, :, :length]


def mask_over_cache(rows: Rows, length: int) -> NDArray[np.bool_]:
    """bool [n, r, length]: which rows of the cache, the new ones among them, each new row sees.

    Padding rows see what they see; nothing sees them.
    """
    n, width = rows.ids.shape
    mask = np.zeros((n, width, length), dtype=bool)
    for i, past in enumerate(rows.lengths):
        mask[i, :, :past] = True
        mask[i, :, past : past + width] = rows.visible[i]
    return mask
