import os
import subprocess
import sys
from pathlib import Path

import pytest

import xuxie

PUBLIC = [
    "Book",
    "Corpus",
    "CorpusSettings",
    "CrawlSettings",
    "Project",
    "Settings",
    "TrainSettings",
    "WriteSettings",
    "Writer",
    "XuxieError",
    "build_corpus",
    "compute_attention_mask",
    "crawl_book",
    "create_app",
    "import_file",
    "split_sentences",
    "train",
]


def test_the_public_names() -> None:
    assert xuxie.__all__ == PUBLIC
    assert dir(xuxie) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(xuxie, name)
    assert value.__name__ == name
    assert value.__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Wirter'"):
        _ = xuxie.Wirter


def test_importing_is_light() -> None:
    code = (
        "import sys, xuxie; dir(xuxie); xuxie.Project, xuxie.Book, xuxie.TrainSettings\n"
        "heavy = {'torch', 'transformers', 'numpy', 'tokenizers', 'flask', 'aiohttp'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    source = Path(__file__).resolve().parents[1] / "src"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
        check=True,
    )
    assert result.stdout.strip() == "[]"
