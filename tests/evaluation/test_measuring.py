import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from xuxie.config import CorpusSettings, TrainSettings
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError, MissingStageError
from xuxie.evaluation.measuring import Evaluation, evaluate_model
from xuxie.models import load_model
from xuxie.project import Project
from xuxie.training.evaluation import SPELLING_BITS, evaluate
from xuxie.training.trainer import train

WriteBook = Callable[[Path, Sequence[Sequence[str]]], Project]
CHAPTERS = [
    [f"第{n}夜，雨下得很大，他坐了一夜，数到{k}。“谁来过？”她问。" * 2 for k in range(4)]
    for n in range(1, 21)
]
SETTINGS = "[write]\nlength = 40\nseed = 1\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("model") / "a")


@pytest.fixture
def trained(project: Project, write_book: WriteBook) -> Project:
    if not project.model.exists():
        write_book(project.directory, CHAPTERS)
        (project.directory / "xuxie.toml").write_text(SETTINGS)
        build_corpus([project], CorpusSettings())
        settings = TrainSettings(layers=1, hidden_size=32, heads=2, source_length=32, target_length=32)
        train(project, dataclasses.replace(settings, steps=4, evaluations=1, batch_tokens=512))
    return project


def test_a_models_own_book(trained: Project) -> None:
    evaluation = evaluate_model(trained, [trained], passages=2)
    (book,) = evaluation.books
    model, _, record = load_model(trained.model)
    whole = evaluate(
        model, Corpus(trained.corpus), "test", WindowShape(source=32, target=32), None, record.objective
    )
    assert whole is not None
    assert book.bits_per_character == pytest.approx(whole.bits_per_character, rel=1e-6)
    assert (book.title, book.trained_on, book.unknown) == ("a", True, 0)
    assert [chapter.number for chapter in book.chapters] == [19, 20]
    assert sum(chapter.characters for chapter in book.chapters) == book.characters == whole.characters
    assert book.perplexity == pytest.approx(2**book.bits_per_character)
    assert book.interval is not None
    assert book.interval[0] <= book.bits_per_character <= book.interval[1]
    assert 0 <= book.accuracy <= 1
    assert 0 <= book.calibration_error <= 1


def test_what_is_written_stands_beside_what_was(trained: Project) -> None:
    evaluation = evaluate_model(trained, [trained], passages=3)
    assert evaluation.real is not None
    assert evaluation.written is not None
    assert evaluation.real.characters == 2 * 40  # each chapter has room for one
    assert evaluation.written.characters <= 2 * 40
    assert evaluation.real.longest_copy is not None
    assert 10 < evaluation.real.longest_copy <= 40  # the chapters differ in two digits
    assert evaluation.real.distinct[1] < evaluation.real.distinct[4]
    again = evaluate_model(trained, [trained], passages=3)
    assert again == evaluation
    assert evaluate_model(trained, [trained], passages=0).written is None


def test_characters_that_a_model_does_not_know_cost_their_spelling(
    trained: Project, tmp_path: Path, write_book: WriteBook
) -> None:
    strange = [[line.replace("雨", "龘") for line in chapter] for chapter in CHAPTERS]
    other = write_book(tmp_path / "b", strange)
    evaluation: Evaluation = evaluate_model(trained, [trained, other], passages=0)
    own, unknown = evaluation.books
    assert (unknown.title, unknown.trained_on) == ("b", False)
    assert unknown.unknown == 2 * 4 * 2
    assert unknown.characters == own.characters
    least = own.bits_per_character + 16 * (SPELLING_BITS - math.log2(64)) / own.characters
    assert unknown.bits_per_character > least


def test_what_is_missing_is_said(trained: Project, tmp_path: Path, write_book: WriteBook) -> None:
    with pytest.raises(MissingStageError, match="xuxie train"):
        evaluate_model(Project(tmp_path / "no"), [trained])
    with pytest.raises(MissingStageError, match="there is no book"):
        evaluate_model(trained, [Project(tmp_path / "no")])
    with pytest.raises(InputError, match="too little text"):
        evaluate_model(trained, [write_book(tmp_path / "short", [["雨。"]])])
