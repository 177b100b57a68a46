import platform
import re
from pathlib import Path

import pytest

from xuxie.generation.overflow import sums_overflow

FLAGS = Path("/proc/cpuinfo")


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not FLAGS.exists(), reason="only Linux on x86 names its instructions"
)
def test_sums_overflow_where_there_is_no_vnni() -> None:
    assert sums_overflow() == (re.search(r"\b(avx512_vnni|avx_vnni)\b", FLAGS.read_text()) is None)


def test_weights_of_seven_bits_never_overflow() -> None:
    assert not sums_overflow(weight=63)
    assert not sums_overflow(weight=-63)
