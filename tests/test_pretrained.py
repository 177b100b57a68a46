from pathlib import Path

import pytest
from huggingface_hub import constants

from xuxie.errors import InputError, NetworkError
from xuxie.models import load_pretrained_model
from xuxie.pretrained import find_model, load_pretrained_tokenizer


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As HF_HUB_OFFLINE=1 does, which is read when the library is imported; with an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def test_a_project_and_its_model_folder_are_both_names(model_folder: Path) -> None:
    assert find_model(str(model_folder)) == find_model(str(model_folder.parent)) == model_folder
    assert load_pretrained_model(str(model_folder.parent)).config.num_hidden_layers == 2
    assert load_pretrained_tokenizer(str(model_folder)).token_to_id("[EOS]") == 5


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no model \(no config\.json in it\)"):
        find_model(str(tmp_path))


def test_a_folder_without_a_tokenizer(model_folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (model_folder / name).unlink()
    with pytest.raises(InputError, match="has no tokenizer that can be read") as caught:
        load_pretrained_tokenizer(str(model_folder))
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
