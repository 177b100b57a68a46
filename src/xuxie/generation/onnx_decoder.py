"""The decoder for CPUs: ONNX Runtime runs one graph over caches that it writes in place.

    decoder = OnnxDecoder(read_weights(folder), Reading(mask_id=4), slots=1, arithmetic="int8-blocks")

The graph (`onnx_graph`) is built in memory; no file, no compiler, no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from xuxie.bert_weights import EMBEDDINGS, Array, BertWeights
from xuxie.generation.decoder import SPARE_ROWS, Chunk, Decoder, Layout, Logits, Reading
from xuxie.generation.memory import give_back_memory, untouched_zeros
from xuxie.generation.onnx_graph import HIDDEN, build_graph
from xuxie.generation.onnx_products import Arithmetic
from xuxie.machine import cores

BINDINGS_KEPT = 16  # of the shapes that were run last
ROWS_KEPT = 1024  # of the embeddings that were read last


@dataclass(frozen=True)
class Binding:
    """Memory bound to the graph's inputs and outputs, for one shape of a run."""

    bound: Any
    arrays: dict[str, NDArray[Any]]


class OnnxDecoder(Decoder):
    """See the module; `positions` defaults to as many as the model has, `threads` to one for each core."""

    def __init__(
        self,
        weights: BertWeights,
        reading: Reading,
        *,
        slots: int = 1,
        positions: int | None = None,
        arithmetic: Arithmetic = "int8-blocks",
        threads: int | None = None,
    ) -> None:
        self.shape = shape = weights.shape
        super().__init__(reading, slots=slots, positions=positions or shape.max_position_embeddings)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or cores()
        options.log_severity_level = 3
        # Outside of the arena, what the weights were packed from is given back to the system.
        options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
        graph = build_graph(weights, arithmetic)
        files = [array.reshape(-1).view(np.uint8) for array in graph.constants.values()]
        options.add_external_initializers_from_files_in_memory(
            list(graph.constants), files, [file.nbytes for file in files]
        )
        self._session = onnxruntime.InferenceSession(
            graph.model,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # one operator of two, but five times slower
        )
        del graph, files
        give_back_memory()
        row = partial(weights.row, f"{EMBEDDINGS}.word_embeddings.weight")
        self._word = lru_cache(ROWS_KEPT)(row)
        self._place = lru_cache(ROWS_KEPT)(partial(place_of, weights))
        size = (slots, shape.num_attention_heads, self.positions + SPARE_ROWS, shape.head_size)
        self._caches = {
            f"{kind}_{layer}": untouched_zeros(size, np.float32 if arithmetic == "fp32" else np.int8)
            for layer in range(shape.num_hidden_layers)
            for kind in ("keys", "values")
        }
        self._prefilled = {
            name: untouched_zeros((cache[0].size,), cache.dtype.type)
            for name, cache in self._caches.items()
        }
        self._bindings = lru_cache(BINDINGS_KEPT)(self._bind)

    def _prefill(self, slot: int, ids: Sequence[int], source: int) -> Logits:
        visible = np.tri(len(ids), dtype=bool)
        if not self.reading.causal:
            visible[:source, :source] = True
        binding = self._bindings(0, 1, len(ids), 1, prefill=True)
        arrays = binding.arrays
        self._embed(arrays["embedded"][0], ids, range(len(ids)), source)
        arrays["last"][:] = arrays["outputs"][:] = len(ids) - 1
        arrays["bias"][:] = np.where(visible, np.float32(0), HIDDEN)
        self._session.run_with_iobinding(binding.bound)
        for name, cache in self._caches.items():
            cache[slot, :, : len(ids)] = arrays[f"new_{name}"][0]
        logits: Logits = arrays["logits"][0].copy()
        return logits

    def _step(self, chunks: Sequence[Chunk], layout: Layout) -> list[Logits]:
        # Everything waits for this, and with cold caches: few calls of numpy.
        width, slots = layout.width, [chunk.slot for chunk in chunks]
        first, last = min(slots), max(slots)
        binding = self._bindings(first, last - first + 1, width, len(layout.outputs), prefill=False)
        arrays = binding.arrays
        if last - first >= len(chunks):  # slots that lie between, and are not asked for, are idle
            arrays["last"][:] = np.maximum(self.lengths[first : last + 1], 1) - 1
            arrays["counts"].fill(0)
        for chunk, count, offsets, visible in zip(
            chunks, layout.counts, layout.offsets, layout.visible, strict=True
        ):
            place, length = chunk.slot - first, self.lengths[chunk.slot]
            arrays["last"][place], arrays["counts"][place] = length + count - 1, count
            ids, positions = self._padded(chunk, width), [length + offset for offset in offsets]
            self._embed(arrays["embedded"][place], ids, positions, self._sources[chunk.slot])
            if len(layout.outputs) > len(chunks):  # a token alone, and its [MASK], see all before them
                bias = arrays["bias"][place, 0]
                bias.fill(0)
                bias[:, length : length + width] = np.where(visible, np.float32(0), HIDDEN)
        arrays["outputs"][:] = [width * (slots[chunk] - first) + row for chunk, row in layout.outputs]
        self._session.run_with_iobinding(binding.bound)
        logits = arrays["logits"].copy()
        return [logits[i:j] for i, j in zip([0, *layout.ends], layout.ends, strict=False)]

    def _embed(self, rows: Array, ids: Sequence[int], positions: Sequence[int], source: int) -> None:
        for row, word, position in zip(rows, ids, positions, strict=True):
            np.add(self._word(word), self._place(position, int(position >= source)), out=row)

    def _bind(self, first: int, slots: int, width: int, outputs: int, *, prefill: bool) -> Binding:
        caches = {name: cache[first : first + slots] for name, cache in self._caches.items()}
        capacity = width if prefill else self.positions + SPARE_ROWS
        arrays: dict[str, NDArray[Any]] = {
            "embedded": np.zeros((slots, width, self.shape.hidden_size), np.float32),
            "last": np.zeros(slots, np.int32),
            "counts": np.zeros(slots, np.int32),
            "capacity": np.array([capacity], np.int32),
            "prefill": np.array(prefill),
            "bias": np.zeros((slots, 1, width, capacity), np.float32),
            "outputs": np.zeros(outputs, np.int64),
            "logits": np.zeros((outputs, self.shape.vocab_size), np.float32),
        }
        bound = self._session.io_binding()
        for name, array in (arrays | caches).items():
            bind = bound.bind_output if name == "logits" else bound.bind_input
            bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        for name, cache in caches.items():
            if prefill:
                size = (1, self.shape.num_attention_heads, width, self.shape.head_size)
                cache = self._prefilled[name][: math.prod(size)].reshape(size)
                arrays[f"new_{name}"] = cache
            bound.bind_output(f"new_{name}", "cpu", 0, cache.dtype.type, cache.shape, cache.ctypes.data)
        return Binding(bound, arrays)

    def _copy(self, slot: int, to: int, length: int) -> None:
        for cache in self._caches.values():
            cache[to, :, :length] = cache[slot, :, :length]


def place_of(weights: BertWeights, position: int, kind: int) -> Array:
    """float32 [hidden]: what is added to a word at this position, in a source (0) or a target (1)."""
    place = weights.row(f"{EMBEDDINGS}.position_embeddings.weight", position)
    return place + weights.row(f"{EMBEDDINGS}.token_type_embeddings.weight", kind)
