import os

import pytest
import torch

from xuxie.config import TrainSettings
from xuxie.errors import EnvironmentFailure
from xuxie.training.memory import KERNELS, explaining_memory, limit_kernels, peak_memory

VARIABLE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def test_few_kernels_are_kept_unless_the_environment_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {})
    limit_kernels()
    assert os.environ[VARIABLE] == str(KERNELS)
    os.environ[VARIABLE] = "7"
    limit_kernels()
    assert os.environ[VARIABLE] == "7"


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_a_full_memory_is_explained(error: Exception) -> None:
    with (
        pytest.raises(EnvironmentFailure, match=r"lower batch_tokens \(now 64\)"),
        explaining_memory(TrainSettings(batch_tokens=64)),
    ):
        raise error


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explaining_memory(TrainSettings()):
        raise RuntimeError("shapes differ")


def test_the_peak_is_in_bytes() -> None:
    before = peak_memory()
    held = b"x" * 2**27
    assert before <= peak_memory() < 2**40
    assert peak_memory() > len(held)
