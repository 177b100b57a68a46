import numpy as np
import pytest
from numpy.typing import NDArray

from xuxie.bert_weights import Array
from xuxie.generation.quantising import by_blocks, by_rows


def some_weight(n: int = 6, k: int = 96) -> Array:
    weight = np.random.default_rng(0).standard_normal((n, k)).astype(np.float32)
    weight[2] = 0
    return weight


def whole_numbers(stored: NDArray[np.uint8], bits: int) -> NDArray[np.int64]:
    """As MatMulNBits reads them: of two numbers in a byte the first is the lower half."""
    if bits == 4:
        stored = np.stack([stored & 15, stored >> 4], axis=-1).reshape(*stored.shape[:2], -1)
    return stored.astype(np.int64) - (1 << (bits - 1))


@pytest.mark.parametrize(("bits", "greatest"), [(8, 127), (7, 63)])
def test_rows_are_off_by_half_a_step_at_most(bits: int, greatest: int) -> None:
    weight = some_weight()
    numbers, scale = by_rows(weight, bits=bits)
    assert np.abs(numbers.astype(int)).max() == greatest
    assert np.all(np.abs(numbers * scale[:, None] - weight) <= scale[:, None] * 0.5001)


@pytest.mark.parametrize("bits", [4, 8])
def test_blocks_are_off_by_half_a_step_but_the_highest(bits: int) -> None:
    weight = some_weight()
    stored, scale = by_blocks(weight, bits=bits, block=32)
    numbers = whole_numbers(stored, bits)
    off = np.abs(numbers * scale[..., None] - weight.reshape(6, 3, 32))
    highest = (1 << (bits - 1)) - 1
    step = np.abs(scale)[..., None]
    assert np.all(off <= np.where(numbers == highest, 1, 0.5001) * step)
    assert numbers.min() == (-8 if bits == 4 else -127)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_row_is_filled_up_to_whole_blocks(bits: int) -> None:
    stored, scale = by_blocks(some_weight(k=40), bits=bits, block=32)
    assert stored.shape == (6, 2, 32 * bits // 8)
    assert not whole_numbers(stored, bits)[:, 1, 8:].any()
    assert scale.shape == (6, 2)
