"""Weights as whole numbers: by rows, or by blocks of a row, each with a scale of its own.

numbers, scale = by_rows(weight)                         # int8 [n, k], float32 [n]
numbers, scale = by_blocks(weight, bits=4, block=128)    # uint8 [n, blocks, 64], float32 [n, blocks]
"""

import numpy as np
from numpy.typing import NDArray

from xuxie.bert_weights import Array

TINY = np.finfo(np.float32).tiny  # a row of zeros is divided by it
LOWEST = {8: -127, 4: -8}  # not -128, which some kernels cannot negate


def by_rows(weight: Array, *, bits: int = 8) -> tuple[NDArray[np.int8], Array]:
    """Whole numbers of so many bits, -127 to 127 of 8, and what those of each row are multiplied by.

    int8 [n, k], float32 [n].
    """
    largest = np.maximum(weight.max(axis=1), -weight.min(axis=1))
    scale = np.maximum(largest, TINY) / np.float32(2 ** (bits - 1) - 1)
    return rounded(weight, scale).astype(np.int8), scale


def by_blocks(weight: Array, *, bits: int, block: int) -> tuple[NDArray[np.uint8], Array]:
    """Whole numbers of 4 or 8 bits, as MatMulNBits takes them, and the scales of the blocks [n, blocks].

    Stored is how far they lie above the lowest, two of 4 bits in a byte, the first one below: uint8
    [n, blocks, block * bits / 8]. With 4 bits, the number farthest from zero becomes -8, whatever its
    sign, so that all sixteen are used. (Scales of the least squared error gave no better text, and worse
    attention: the numbers far from zero are those that count.)
    """
    n, k = weight.shape
    if k % block:
        weight = np.pad(weight, ((0, 0), (0, -k % block)))
    blocks = weight.reshape(-1, block)
    lowest, highest = blocks.min(axis=1), blocks.max(axis=1)
    farthest = np.where(-lowest > highest, lowest, highest)
    farthest[farthest == 0] = TINY
    scale: Array = farthest / np.float32(LOWEST[bits])
    zero = 1 << (bits - 1)
    numbers = rounded(blocks, scale)
    numbers += np.float32(zero)
    np.minimum(numbers, np.float32(2 * zero - 1), out=numbers)
    stored = numbers.astype(np.uint8)
    if bits == 4:
        stored = stored[:, ::2] + stored[:, 1::2] * np.uint8(16)
    return stored.reshape(n, -1, stored.shape[1]), scale.reshape(n, -1)


def rounded(rows: Array, scale: Array) -> Array:
    """The whole numbers nearest to the rows over their scales."""
    numbers: Array = rows / scale[:, None]
    return np.rint(numbers, out=numbers)
