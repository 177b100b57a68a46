"""A BertForMaskedLM's weights and shape, read from its folder without transformers or torch.

    weights = read_weights(Path("mybook/model"))
    weights.shape.hidden_size
    weights("bert.embeddings.LayerNorm.weight")     # float32 [hidden_size]

A tensor is read when it is asked for, so that whoever packs it into a form of his own holds no other copy.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import safetensors
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from xuxie.config import explain
from xuxie.errors import InputError
from xuxie.language import tr

CONFIG, WEIGHTS = "config.json", "model.safetensors"

Array = NDArray[np.float32]
Size = Annotated[int, Field(ge=1, le=2**24)]


@checked_dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="ignore"))
class BertShape:
    """What config.json says of the computation. Raises ValidationError where it is not a plain BERT's."""

    model_type: Literal["bert"]
    vocab_size: Size
    hidden_size: Size
    num_hidden_layers: Size
    num_attention_heads: Size
    intermediate_size: Size
    max_position_embeddings: Size
    type_vocab_size: Annotated[int, Field(ge=2, le=2**16)] = 2
    hidden_act: Literal["gelu"] = "gelu"
    layer_norm_eps: Annotated[float, Field(gt=0)] = 1e-12

    def __post_init__(self) -> None:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                tr(
                    "hidden_size {size} is not a multiple of heads {heads}",
                    size=self.hidden_size,
                    heads=self.num_attention_heads,
                )
            )

    @property
    def head_size(self) -> int:
        """Of one attention head."""
        return self.hidden_size // self.num_attention_heads

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """The names of all weights and their shapes; the vocabulary head is tied to the word embeddings."""
        h, i = self.hidden_size, self.intermediate_size
        shapes: dict[str, tuple[int, ...]] = {
            f"{EMBEDDINGS}.word_embeddings.weight": (self.vocab_size, h),
            f"{EMBEDDINGS}.position_embeddings.weight": (self.max_position_embeddings, h),
            f"{EMBEDDINGS}.token_type_embeddings.weight": (self.type_vocab_size, h),
            f"{HEAD}.bias": (self.vocab_size,),
        }
        norms = [f"{EMBEDDINGS}.LayerNorm", f"{HEAD}.transform.LayerNorm"]
        dense = {f"{HEAD}.transform.dense": (h, h)}
        for number in range(self.num_hidden_layers):
            layer = layer_name(number)
            dense |= {f"{layer}.attention.self.{part}": (h, h) for part in ("query", "key", "value")}
            dense |= {f"{layer}.attention.output.dense": (h, h)}
            dense |= {f"{layer}.intermediate.dense": (i, h), f"{layer}.output.dense": (h, i)}
            norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name, (rows, columns) in dense.items():
            shapes |= {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}
        for name in norms:
            shapes |= {f"{name}.weight": (h,), f"{name}.bias": (h,)}
        return shapes

    def streamed(self) -> int:
        """How many weights are read to write one character: all but the embeddings and the biases."""
        matrices = [shape for name, shape in self.tensors().items() if len(shape) == 2]
        passed = self.max_position_embeddings + self.type_vocab_size
        return sum(math.prod(shape) for shape in matrices) - passed * self.hidden_size


EMBEDDINGS, HEAD = "bert.embeddings", "cls.predictions"


def layer_name(number: int) -> str:
    """The prefix of a layer's weights."""
    return f"bert.encoder.layer.{number}"


@dataclass(frozen=True)
class BertWeights:
    """A model's shape, and its weights by name, whole or a row of one; each read gives a copy."""

    shape: BertShape
    read: Callable[[str], Array]
    row: Callable[[str, int], Array]

    def __call__(self, name: str) -> Array:
        """The weight of this name, float32 of the shape that `BertShape.tensors` tells."""
        return self.read(name)

    def joined(self, names: list[str]) -> Array:
        """Several weights, one below the other."""
        return np.concatenate([self.read(name) for name in names])


def read_weights(directory: Path) -> BertWeights:
    """Open config.json and model.safetensors. Raises InputError when one is missing or damaged."""
    path = directory / WEIGHTS
    if not path.exists():
        raise InputError(tr("{path} is missing: only safetensors are read", path=path))
    try:
        shape = TypeAdapter(BertShape).validate_json((directory / CONFIG).read_bytes())
        file: Any = safetensors.safe_open(path, framework="np")
        found = set(file.keys())
        for name, size in shape.tensors().items():
            if name not in found:
                raise ValueError(tr("it lacks {weight}", weight=name))
            if tuple(file.get_slice(name).get_shape()) != size:
                raise ValueError(tr("{weight} is not of the shape {shape}", weight=name, shape=size))
    except ValidationError as error:
        raise unreadable(directory, explain(error)) from None
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise unreadable(directory, str(error).strip().split("\n")[0]) from None
    return BertWeights(
        shape,
        read=lambda name: read_tensor(path, name),
        row=lambda name, index: file.get_slice(name)[index].astype(np.float32, copy=False),
    )


def read_tensor(path: Path, name: str) -> Array:
    """One tensor of a file, which is opened for it alone: what was mapped to read it is let go of."""
    with safetensors.safe_open(path, framework="np") as file:
        tensor: Array = file.get_tensor(name).astype(np.float32, copy=False)
    return tensor


def unreadable(directory: Path, why: str) -> InputError:
    """The error of a folder whose files are there but make no model."""
    return InputError(tr("{path} is not a BERT model that can be read: {why}", path=directory, why=why))
