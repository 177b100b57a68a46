"""Which decoder runs a model where: ONNX Runtime on CPUs, torch on CUDA.

decoder = open_decoder(read_weights(folder), Reading(mask_id=4), slots=8)
"""

import shutil
from typing import Literal

from xuxie.bert_weights import BertWeights
from xuxie.errors import InputError
from xuxie.generation.decoder import Decoder, Reading
from xuxie.language import tr

Precision = Literal["int8", "int4", "bf16", "fp32"]

FEW = 4  # slots up to which scaling by blocks is the faster int8, on processors with VNNI


def open_decoder(
    weights: BertWeights,
    reading: Reading,
    *,
    slots: int = 1,
    precision: Precision | None = None,
    deterministic: bool = False,
    device: Literal["cpu", "cuda"] | None = None,
) -> Decoder:
    """A decoder with empty slots.

    `precision` None is int8 on CPUs and bf16 on CUDA, where int8 and int4 are bf16 too. int4: most of the
    layers' weights have 4 bits; with many slots, where that is no faster, it is int8. `device` None is CUDA
    where there is one. `deterministic`: what is written does not depend on the number of slots, nor on what
    is written beside it; slower with few slots where the processor has VNNI, and without it int8 is always
    so. Raises InputError where another precision than int8 is to be so.
    """
    if deterministic and precision not in (None, "int8"):
        raise InputError(
            tr(
                "only int8 is deterministic: leave out precision {precision} or deterministic",
                precision=precision,
            )
        )
    device = device or ("cuda" if has_cuda() else "cpu")
    if device == "cpu" and precision != "bf16":
        from xuxie.generation.onnx_decoder import OnnxDecoder
        from xuxie.generation.onnx_products import Arithmetic
        from xuxie.generation.overflow import sums_overflow

        arithmetic: Arithmetic = "int8-rows"
        if precision == "fp32":
            arithmetic = "fp32"
        elif precision == "int4" and slots <= FEW:
            arithmetic = "int4-blocks"
        elif slots <= FEW and not deterministic and not sums_overflow():
            arithmetic = "int8-blocks"
        return OnnxDecoder(weights, reading, slots=slots, arithmetic=arithmetic)
    import torch

    from xuxie.generation.torch_decoder import TorchDecoder

    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    return TorchDecoder(weights, reading, slots=slots, device=device, dtype=dtype)


def has_cuda() -> bool:
    """Whether torch finds a CUDA device; where there is no driver, without importing it."""
    if not shutil.which("nvidia-smi"):
        return False
    import torch

    return torch.cuda.is_available()
