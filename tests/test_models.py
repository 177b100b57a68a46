import json
import pickle
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from huggingface_hub import constants
from transformers import AutoTokenizer, BertForMaskedLM, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging as transformers_logging

from xuxie.errors import InputError, MissingStageError, NetworkError
from xuxie.generation.writer import Writer
from xuxie.models import (
    find_model,
    load_model,
    load_pretrained_model,
    load_pretrained_tokenizer,
    save_model,
)


@pytest.fixture
def folder(tiny_writer: Writer, tmp_path: Path) -> Path:
    """A project's model folder."""
    directory = tmp_path / "a" / "model"
    save_model(directory, tiny_writer.model, tiny_writer.tokenizer, tiny_writer.record)
    return directory


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As HF_HUB_OFFLINE=1 does, which is read when the library is imported; with an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


@torch.no_grad()
def test_a_round_trip_keeps_the_logits(tiny_writer: Writer, folder: Path) -> None:
    model, tokenizer, record = load_model(folder)
    ids = torch.arange(20)[None]
    assert model(input_ids=ids).logits.equal(tiny_writer.model(input_ids=ids).logits)
    assert not model.training
    assert tokenizer.vocabulary() == tiny_writer.tokenizer.vocabulary()
    assert record == tiny_writer.record


def test_equal_models_give_equal_bytes(tiny_writer: Writer, folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "b", *load_model(folder))
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "config.json",
        "meta.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    for name in set(names) - {"config.json"}:
        assert (tmp_path / "b" / name).read_bytes() == (folder / name).read_bytes(), name
    one, two = (json.loads((f / "config.json").read_text()) for f in (folder, tmp_path / "b"))
    assert two == one | {"dtype": "float32"}  # known once it has been read


@torch.no_grad()
def test_transformers_loads_the_folder_without_a_word(
    tiny_writer: Writer, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    transformers_logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded: Any = BertForMaskedLM.from_pretrained(folder, output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    model, info = loaded
    assert not any(info.values()), info
    assert not caplog.records
    assert "".join(capfd.readouterr()) == ""
    ids = torch.arange(20)[None]
    assert model(input_ids=ids).logits.equal(tiny_writer.model(input_ids=ids).logits)
    assert (
        tokenizer("他问", add_special_tokens=False)["input_ids"]
        == tiny_writer.tokenizer.encode(["他问"])[0]
    )
    assert tokenizer.mask_token_id == tiny_writer.tokenizer.mask_id


def test_a_project_and_its_model_folder_are_both_names(folder: Path) -> None:
    assert find_model(str(folder)) == find_model(str(folder.parent)) == folder
    assert load_pretrained_model(str(folder.parent)).config.num_hidden_layers == 2
    assert load_pretrained_tokenizer(str(folder)).token_to_id("[EOS]") == 5


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
    folder: Path, name: str, content: bytes | None, message: str
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "a weight gone", "a weight of another shape"])
def test_damaged_weights(folder: Path, damage: str) -> None:
    path = folder / "model.safetensors"
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
        load_model(folder)


def test_a_model_of_another_kind_is_refused(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    GPT2LMHeadModel(
        GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=8)
    ).save_pretrained(folder)
    with pytest.raises(InputError, match="is not a BERT model that can be read: it is of the kind gpt2"):
        load_pretrained_model(str(folder))


@pytest.mark.parametrize("change", ["tokenizer", "window"])
def test_files_that_do_not_fit_each_other(folder: Path, change: str) -> None:
    path = folder / ("tokenizer.json" if change == "tokenizer" else "meta.json")
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    if change == "tokenizer":
        content["model"]["vocab"]["龘"] = 900
    else:
        content["source_length"] = 500
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="do not fit each other"):
        load_model(folder)


def test_pickles_are_never_read(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match=r"model\.safetensors is missing: only safetensors are read"):
        load_pretrained_model(str(folder))


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no model \(no config\.json in it\)"):
        find_model(str(tmp_path))


def test_a_folder_without_a_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(InputError, match="has no tokenizer that can be read") as caught:
        load_pretrained_tokenizer(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "name",
    ["./nowhere", "/no/such/folder", "~nobody_here/model", "a/b/c", "我的书", "a b", "a\0b", ".nowhere"],
)
def test_an_unknown_path_is_not_looked_for_on_the_hub(name: str) -> None:
    with pytest.raises(InputError, match="there is no model"):
        find_model(name)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["bert-base-chinese", "hfl/chinese-macbert-base"])
def test_a_name_on_the_hub_without_a_network(name: str) -> None:
    with pytest.raises(NetworkError, match=r"the hub cannot be reached .*: give a local folder") as caught:
        load_pretrained_model(name)
    assert "\n" not in str(caught.value)


def test_a_folder_is_complete_when_the_record_is_there(
    tiny_writer: Writer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is written last, so a model saved half-way is no model yet."""
    shutil.rmtree(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        save_model(folder, tiny_writer.model, tiny_writer.tokenizer, tiny_writer.record)
    assert not (folder / "meta.json").exists()
    assert not list(folder.glob("*.tmp"))
    with pytest.raises(MissingStageError):
        load_model(folder)
