import errno
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from xuxie.tensors import save_tensors


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor([1, 2], dtype=torch.uint8)}
    save_tensors(tmp_path / "t", tensors)
    loaded = load_file(tmp_path / "t")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_a_full_disk_is_an_os_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:  # what the library says then
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OSError) as raised:
        save_tensors(tmp_path / "t", {"a": torch.zeros(1)})
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(tmp_path / "t")
