import dataclasses
from pathlib import Path
from typing import Any

import pytest

from xuxie.config import (
    RECIPES,
    CorpusSettings,
    CrawlSettings,
    Settings,
    TrainSettings,
    WriteSettings,
    from_mapping,
    load_settings,
    override,
)
from xuxie.errors import ConfigurationError
from xuxie.project import Project


def written(project: Path, text: str) -> Path:
    (project / "xuxie.toml").write_text(text, encoding="utf-8")
    return project


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "nowhere") == Settings()
    assert load_settings(written(tmp_path, "")) == Settings()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    settings = Project(written(tmp_path, "[train]\nsteps = 10\n[crawl]\ntimeout = 5\n")).settings()
    assert settings.train == TrainSettings(steps=10)
    assert settings.crawl == CrawlSettings(timeout=5.0)
    assert settings.write == WriteSettings()


def test_lists_and_tables_of_the_file_are_taken(tmp_path: Path) -> None:
    text = "[write]\nban = ['不禁', '嘴角']\nstop = ['\\n']\n[write.bias]\n'他' = -2\n"
    settings = load_settings(written(tmp_path, text.replace("'\\n'", '"\\n"')))
    assert settings.write == WriteSettings(ban=("不禁", "嘴角"), stop=("\n",), bias={"他": -2.0})


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "xuxie.toml").write_bytes(b"\xef\xbb\xbf[train]\nsteps = 10\n")  # what Notepad writes
    assert load_settings(tmp_path).train.steps == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[trian]\nsteps = 1", "[trian]: there is no such section"),
        ("steps = 1", "[steps]: there is no such section"),
        ("train = 3", "train must be a section: write [train] on a line"),
        ("[[train]]\nsteps = 1", "train must be a section"),
        ("[train]\nstep = 1", "[train] step: there is no such setting"),
        ("[train]\nsteps = '10'", "[train] steps: Input should be a valid integer"),
        ("[train]\nsteps = 1.5", "[train] steps: Input should be a valid integer"),
        ("[train]\nsteps = true", "[train] steps: Input should be a valid integer"),
        ("[train]\nsteps = 0", "[train] steps: Input should be greater than or equal to 1"),
        ("[train]\ndropout = nan", "[train] dropout: Input should be"),
        ("[train]\nlearning_rate = 0.0", "[train] learning_rate: Input should be greater than 0"),
        (
            "[train]\nobjective = 'mlm'",
            "[train] objective: Input should be 'masked', 'pseudo-masked', 'unilm',",
        ),
        ("[train]\nhidden_size = 10\nheads = 4", "[train] hidden_size 10 is not a multiple of heads 4"),
        ("[train]\nsteps = 1\nminutes = 1", "[train] steps and minutes exclude each other"),
        ("[crawl]\nconcurrency = 65", "[crawl] concurrency: Input should be less than or equal to 64"),
        ("[serve]\nport = 65536", "[serve] port: Input should be less than or equal to 65535"),
        ("[write]\ntop_p = 0", "[write] top_p: Input should be greater than 0"),
        ("[write]\nban = '他'", "[write] ban: Input should be a valid tuple"),
        ("[write]\nban = ['']", "[write] ban.0: String should have at least 1 character"),
        ("[write]\nstop = ['他']\nban = ['他', '她']", "[write] 他 is both in stop and in ban"),
        ("[write.bias]\n'他' = '1'", "[write] bias.他: Input should be a valid number"),
        ("[write]\nbeams = 2", "[write] beams need temperature 0"),
        (
            "[write]\ntemperature = 0\nbeams = 2\ncandidates = 3",
            "[write] candidates can be no more than beams",
        ),
        ("[write]\ntemperature = 0\ncandidates = 2", "[write] candidates need a temperature above 0"),
        ("[write]\nlength_penalty = 0.5", "[write] length_penalty needs beams above 1"),
        ("[corpus]\neos_token = ''", "[corpus] eos_token: String should have at least 1 character"),
        ("[corpus]\nparagraph_token = '[EOS]'", "[corpus] eos_token and paragraph_token must differ"),
    ],
)
def test_a_fault_names_file_key_and_rule(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(written(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'xuxie.toml'}: {message}")
    assert "\n" not in str(caught.value)


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"xuxie\.toml is not TOML: .*line 2"):
        load_settings(written(tmp_path, "[train]\nsteps = = 1\n"))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "xuxie.toml").write_bytes("# 设置\n".encode("gb18030"))
    with pytest.raises(ConfigurationError, match=r"xuxie\.toml is not UTF-8: save it as UTF-8"):
        load_settings(tmp_path)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_torch_cannot_take_is_refused(seed: int) -> None:
    with pytest.raises(ConfigurationError, match=r"\[train\] seed"):
        from_mapping(TrainSettings, {"seed": seed})
    with pytest.raises(ConfigurationError, match=r"\[write\] seed"):
        from_mapping(WriteSettings, {"seed": seed})


def test_override_leaves_out_what_was_not_given() -> None:
    section = TrainSettings(steps=5)
    assert override(section, steps=None, layers=2) == TrainSettings(steps=5, layers=2)
    assert override(section) == section
    with pytest.raises(ConfigurationError, match=r"\[train\] steps and minutes exclude"):
        override(section, minutes=1.0)


def test_recipes_are_settings() -> None:
    for values in RECIPES.values():
        from_mapping(TrainSettings, values)
    assert from_mapping(TrainSettings, RECIPES["standard"]) == TrainSettings()


def test_weights_of_the_masks_come_as_a_list(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "[train]\nunilm_weights = [1, 0, 0, 2.5]\n"))
    assert settings.train.unilm_weights == (1, 0, 0, 2.5)
    with pytest.raises(ConfigurationError, match="unilm_weights are all zero"):
        from_mapping(TrainSettings, {"unilm_weights": [0, 0, 0, 0]})


@pytest.mark.parametrize("section", [CrawlSettings, CorpusSettings, TrainSettings, WriteSettings])
def test_settings_are_frozen_and_keyword_only(section: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        section().seed = 1
    with pytest.raises(ValueError, match="positional"):
        section(1)
