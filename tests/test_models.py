import json
import pickle
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from transformers import AutoTokenizer, BertForMaskedLM, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging as transformers_logging

from xuxie.errors import InputError, MissingStageError
from xuxie.generation.writer import Writer
from xuxie.models import (
    load_model,
    load_pretrained_model,
    save_model,
)


@torch.no_grad()
def test_a_round_trip_keeps_the_logits(
    tiny_model: BertForMaskedLM, tiny_writer: Writer, model_folder: Path
) -> None:
    model, tokenizer, record = load_model(model_folder)
    ids = torch.arange(20)[None]
    assert model(input_ids=ids).logits.equal(tiny_model(input_ids=ids).logits)
    assert not model.training
    assert tokenizer.vocabulary() == tiny_writer.tokenizer.vocabulary()
    assert record == tiny_writer.record


def test_equal_models_give_equal_bytes(tiny_writer: Writer, model_folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "b", *load_model(model_folder))
    names = sorted(path.name for path in model_folder.iterdir())
    assert names == [
        "config.json",
        "meta.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    for name in set(names) - {"config.json"}:
        assert (tmp_path / "b" / name).read_bytes() == (model_folder / name).read_bytes(), name
    one, two = (json.loads((f / "config.json").read_text()) for f in (model_folder, tmp_path / "b"))
    assert two == one | {"dtype": "float32"}  # known once it has been read


@torch.no_grad()
def test_transformers_loads_the_folder_without_a_word(
    tiny_model: BertForMaskedLM,
    tiny_writer: Writer,
    model_folder: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    transformers_logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded: Any = BertForMaskedLM.from_pretrained(model_folder, output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model, info = loaded
    assert not any(info.values()), info
    assert not caplog.records
    assert "".join(capfd.readouterr()) == ""
    ids = torch.arange(20)[None]
    assert model(input_ids=ids).logits.equal(tiny_model(input_ids=ids).logits)
    assert (
        tokenizer("他问", add_special_tokens=False)["input_ids"]
        == tiny_writer.tokenizer.encode(["他问"])[0]
    )
    assert tokenizer.mask_token_id == tiny_writer.tokenizer.mask_id


def test_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match=r"there is no model in .*: make it with  xuxie train"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("meta.json", b"{", r"meta\.json: "),
        ("meta.json", b'{"version": 1}', r"meta\.json: "),
        ("config.json", None, "is not a BERT model that can be read"),
        ("config.json", b"{", "is not a BERT model that can be read"),
        ("config.json", b"[]", "is not a BERT model that can be read"),
        ("model.safetensors", None, "is missing: only safetensors are read"),
        ("model.safetensors", b"", "is not a BERT model that can be read"),
        ("model.safetensors", b"\xff" * 100, "is not a BERT model that can be read"),
        ("tokenizer.json", None, r"there is no .*tokenizer\.json"),
        ("tokenizer.json", b"{}", r"tokenizer\.json is not a tokenizer"),
    ],
)
def test_a_missing_or_damaged_file_is_named(
    model_folder: Path, name: str, content: bytes | None, message: str
) -> None:
    (model_folder / name).unlink()
    if content is not None:
        (model_folder / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_model(model_folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "a weight gone", "a weight of another shape"])
def test_damaged_weights(model_folder: Path, damage: str) -> None:
    path = model_folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    name = "bert.encoder.layer.0.output.dense.weight"
    if damage == "cut":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        del tensors[name]
        if damage == "a weight of another shape":
            tensors[name] = torch.zeros(3, 3)
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match="is not a BERT model that can be read"):
        load_model(model_folder)


def test_a_model_of_another_kind_is_refused(model_folder: Path) -> None:
    for path in model_folder.iterdir():
        path.unlink()
    GPT2LMHeadModel(
        GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=8)
    ).save_pretrained(model_folder)
    with pytest.raises(InputError, match="is not a BERT model that can be read: it is of the kind gpt2"):
        load_pretrained_model(str(model_folder))


@pytest.mark.parametrize("change", ["tokenizer", "window"])
def test_files_that_do_not_fit_each_other(model_folder: Path, change: str) -> None:
    path = model_folder / ("tokenizer.json" if change == "tokenizer" else "meta.json")
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    if change == "tokenizer":
        content["model"]["vocab"]["龘"] = 900
    else:
        content["source_length"] = 500
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="do not fit each other"):
        load_model(model_folder)


def test_pickles_are_never_read(model_folder: Path, tmp_path: Path) -> None:
    (model_folder / "model.safetensors").unlink()
    (model_folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match=r"model\.safetensors is missing: only safetensors are read"):
        load_pretrained_model(str(model_folder))


def test_a_folder_is_complete_when_the_record_is_there(
    tiny_model: BertForMaskedLM, tiny_writer: Writer, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is written last, so a model saved half-way is no model yet."""
    shutil.rmtree(model_folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        save_model(model_folder, tiny_model, tiny_writer.tokenizer, tiny_writer.record)
    assert not (model_folder / "meta.json").exists()
    assert not list(model_folder.glob("*.tmp"))
    with pytest.raises(MissingStageError):
        load_model(model_folder)
