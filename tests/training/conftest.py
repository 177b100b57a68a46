"""What tests of training share: one thread, and a small book with its corpus."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from training.runs import CHAPTERS
from xuxie.config import CorpusSettings
from xuxie.corpus.build import build_corpus
from xuxie.project import Project


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def project(tmp_path: Path, write_book: Callable[[Path, Sequence[Sequence[str]]], Project]) -> Project:
    project = write_book(tmp_path / "半篙", CHAPTERS)
    build_corpus([project], CorpusSettings())
    return project
