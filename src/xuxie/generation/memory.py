"""What a decoder asks of the system's memory: room that costs nothing yet, and an end of what is freed.

cache = untouched_zeros((4, 12, 536, 64), np.float32)
"""

import ctypes
import math
import sys
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def untouched_zeros(size: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
    """Zeros that take no memory until they are written; numpy's small arrays do from the beginning."""
    return np.frombuffer(mmap(-1, math.prod(size) * np.dtype(kind).itemsize), kind).reshape(size)


def give_back_memory() -> None:
    """Return to the system what was freed, which glibc would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
