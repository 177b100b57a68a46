import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from training.curves import curve
from training.runs import CHAPTERS, SETTINGS, Watching, copy_of, outcome
from xuxie.config import RECIPES, CorpusSettings, override
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import Window, epoch_batches
from xuxie.errors import EnvironmentFailure, InputError, MissingStageError
from xuxie.models import load_model
from xuxie.project import Project
from xuxie.training import feed, history, learner, trainer
from xuxie.training.checkpoints import checkpoints, read_state
from xuxie.training.evaluation import Score, evaluate_chapters
from xuxie.training.history import History
from xuxie.training.processes import Processes
from xuxie.training.trainer import train
from xuxie.unilm.stream import read_stream


@pytest.mark.parametrize("objective", ["masked", "pseudo-masked"])
def test_the_loss_falls_on_a_repeated_text(project: Project, objective: str) -> None:
    progress = Watching()
    settings = override(
        SETTINGS,
        steps=80,
        objective=objective,
        left_to_right=0.0,
        dropout=0.0,
        hidden_size=32,
        learning_rate=1e-2,
    )
    record = train(project, settings, progress)
    assert record.step <= 80
    assert len(progress.losses) == 80
    assert sum(progress.losses[-5:]) < 0.6 * sum(progress.losses[:5])
    assert record.bits_per_character is not None
    assert record.bits_per_character < 5
    assert [line.partition(":")[0] for line in progress.lines] == [f"step {n}" for n in (20, 40, 60, 80)]


def test_the_record_and_the_model_are_those_of_the_best_score(project: Project) -> None:
    progress = Watching()
    record = train(project, SETTINGS, progress)
    model, tokenizer, loaded = load_model(project.model)
    assert loaded == record
    scores = {int(line.split()[1][:-1]): float(line.split()[2]) for line in progress.lines}
    assert list(scores) == [6, 9, 12]  # measured only once [MASK] means something
    assert record.step == min(scores, key=lambda step: scores[step])
    assert record.bits_per_character == pytest.approx(min(scores.values()), abs=1e-3)
    assert (record.title, record.objective, record.corpus) == (
        "半篙", "pseudo-masked", Corpus(project.corpus).record.sha256,
    )  # fmt: skip
    assert model.config.max_position_embeddings == 40
    assert model.config.vocab_size == tokenizer.size


def test_curves_for_tensorboard_may_be_asked_for_later(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train(project, SETTINGS, Watching(stop=7))
    assert not (project.model / "tensorboard").exists()
    train(project, override(SETTINGS, tensorboard=True))
    assert [step for step, _ in curve(project.model, "loss")] == list(range(1, 13))


def test_equal_runs_are_equal(project: Project) -> None:
    train(project, SETTINGS)
    other = copy_of(project, "other")
    train(other, SETTINGS)
    assert outcome(other) == outcome(project)
    third = copy_of(project, "third")
    train(third, override(SETTINGS, seed=1))
    assert outcome(third)[0] != outcome(project)[0]


def test_accumulated_batches_are_one_update(project: Project) -> None:
    """The same windows in one batch or two: fails where the loss is not divided by all predictions."""
    settings = override(SETTINGS, left_to_right=0.0, dropout=0.0, steps=1, batch_tokens=10**5)
    corpus = Corpus(project.corpus)
    (whole,) = epoch_batches(corpus, settings, 0)
    halves = [whole[: len(whole) // 3], whole[len(whole) // 3 :]]

    def weights(batches: list[list[Window]]) -> torch.Tensor:
        run = trainer.Trainer(project, settings)
        drawn = feed.Draw(epoch=0, batch=1, batches=batches)
        run.step(feed.prepare(corpus, settings, drawn, 0, False, Processes()))
        return torch.cat([parameter.detach().flatten() for parameter in run.learner.model.parameters()])

    torch.testing.assert_close(weights([whole]), weights(halves), rtol=1e-4, atol=1e-5)


def test_a_run_that_gets_no_better_ends(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([5.0, 4.0, 4.5, 4.2, 3.0])
    monkeypatch.setattr(
        trainer, "evaluate_chapters", lambda *_: {0: Score(bits=next(scores), characters=1)}
    )
    settings = override(SETTINGS, left_to_right=0.0, steps=20, evaluations=5, patience=2)
    progress = Watching()
    assert train(project, settings, progress).bits_per_character == 4.0
    assert len(progress.losses) == 16
    again = Watching()
    train(project, settings, again)
    assert again.losses == []


@pytest.mark.parametrize("name", ["unilm", "shifted", "left-to-right"])
def test_the_other_objectives_train_and_are_measured(project: Project, name: str) -> None:
    record = train(project, override(SETTINGS, objective=name, checkpointing=True, accumulation=2))
    assert record.objective == name
    assert record.bits_per_character is not None
    assert record.bits_per_character < 12


@pytest.mark.parametrize(
    "changes",
    [{}, {"objective": "masked", "pairing": "lines"}, {"objective": "unilm", "accumulation": 2}],
)
def test_a_stopped_run_goes_on_as_if_it_had_not(project: Project, changes: dict[str, Any]) -> None:
    settings = override(SETTINGS, **changes)
    train(project, settings)
    stopped = copy_of(project, "stopped")
    for step in (3, 7, 12):
        with pytest.raises(KeyboardInterrupt):
            train(stopped, settings, Watching(stop=step))
    progress = Watching()
    train(stopped, settings, progress)
    assert progress.lines[0] == "going on from step 12"
    assert progress.losses == []
    assert outcome(stopped) == outcome(project)


def test_ctrl_c_within_a_step_waits_for_its_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    train(project, SETTINGS)
    stopped = copy_of(project, "stopped")
    real, calls = read_stream, [0]

    def interrupting(*arguments: Any, **more: Any) -> Any:
        calls[0] += 1
        result = real(*arguments, **more)  # dropout has drawn its random numbers
        if calls[0] == 5:
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(learner, "read_stream", interrupting)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, SETTINGS)
    (saved,) = checkpoints(stopped.model / "checkpoints")
    assert read_state(saved).step == 5
    train(stopped, SETTINGS)
    assert outcome(stopped) == outcome(project)


@pytest.mark.parametrize("number", [1, 3])
def test_an_interrupted_evaluation_is_made_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    train(project, SETTINGS)
    stopped = copy_of(project, "stopped")
    real, calls = evaluate_chapters, [0]

    def interrupted(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(trainer, "evaluate_chapters", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, SETTINGS)
    train(stopped, SETTINGS)
    assert outcome(stopped) == outcome(project)
    steps = [[row.step for row in History(run.model).read()[1]] for run in (project, stopped)]
    assert steps[0] == steps[1] == sorted(set(steps[0]))
    assert History(stopped.model).read()[1][-1].sample
    assert (stopped.model / "report.html").exists()


KILLED = """
import dataclasses, os, signal, sys
import torch
from xuxie.config import TrainSettings, from_mapping
from xuxie.progress import Silent
from xuxie.project import Project
from xuxie.training import feed, trainer
import json

class Dying(Silent):
    def advance(self, amount=1, note=""):
        if "step 8," in note:
            os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
trainer.CHECKPOINT_SECONDS = 0.0
settings = from_mapping(TrainSettings, json.loads(sys.argv[2]))
trainer.train(Project(sys.argv[1]), settings, Dying())
"""


def test_killed_and_run_again(project: Project) -> None:
    train(project, SETTINGS)
    stopped = copy_of(project, "stopped")
    source = Path(__file__).resolve().parents[2] / "src"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(stopped), json.dumps(dataclasses.asdict(SETTINGS))],
        env=os.environ | {"PYTHONPATH": str(source)},
    )
    assert killed.returncode == -signal.SIGKILL
    progress = Watching()
    train(stopped, SETTINGS, progress)
    assert progress.lines[0] == "going on from step 7"
    assert outcome(stopped) == outcome(project)


def test_a_done_run_has_nothing_to_do_and_more_steps_go_on(project: Project) -> None:
    record = train(project, SETTINGS)
    before = outcome(project)
    progress = Watching()
    assert train(project, SETTINGS, progress) == record
    assert progress.lines[-1].startswith("the model is up to date: ask for more with --steps")
    assert progress.losses == []
    assert outcome(project) == before

    progress = Watching()
    longer = train(project, override(SETTINGS, steps=24), progress)
    assert progress.lines[0] == "going on from step 12"
    assert len(progress.losses) == 12
    assert [line.split(":")[0] for line in progress.lines[1:]] == ["step 18", "step 24"]
    assert longer.bits_per_character is not None
    assert record.bits_per_character is not None
    assert longer.bits_per_character <= record.bits_per_character


def test_other_settings_are_named_and_restart_throws_the_run_away(project: Project) -> None:
    train(project, SETTINGS)
    before = outcome(project)
    other = override(SETTINGS, seed=5, dropout=0.2)
    with pytest.raises(InputError, match=r"another run \(dropout 0\.1 → 0\.2, seed 0 → 5\): add --restart"):
        train(project, other)
    assert outcome(project) == before
    assert train(project, other, restart=True).settings == other


def test_a_changed_corpus_is_another_run(
    project: Project, write_book: Callable[[Path, Sequence[Sequence[str]]], Project]
) -> None:
    train(project, SETTINGS)
    write_book(project.directory, [*CHAPTERS, ["灯还亮着。"]])
    build_corpus([project], CorpusSettings())
    with pytest.raises(InputError, match=r"another run \(the corpus has changed\): add --restart"):
        train(project, SETTINGS)


def test_a_model_without_checkpoints_is_not_trained_over(project: Project) -> None:
    train(project, SETTINGS)
    for saved in checkpoints(project.model / "checkpoints"):
        saved.rename(project.directory / saved.name)
    with pytest.raises(InputError, match="its checkpoints are gone"):
        train(project, SETTINGS)


def test_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="xuxie corpus"):
        train(Project(tmp_path / "a"), SETTINGS)


def test_a_loss_that_is_no_number(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "cross_entropy", lambda logits, *_: logits.sum() * float("nan"))
    with pytest.raises(
        EnvironmentFailure, match=r"no number any more.*try a lower learning_rate.*checkpoint is -"
    ):
        train(project, SETTINGS)
    assert not (project.model / "meta.json").exists()


def test_a_full_memory_is_explained(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "collate", lambda *_: torch.empty(2**58))
    with pytest.raises(EnvironmentFailure, match=r"out of memory: lower batch_tokens \(now 256\)"):
        train(project, SETTINGS)
    monkeypatch.setattr(feed, "collate", lambda *_: torch.zeros(2) @ torch.zeros(3))
    with pytest.raises(RuntimeError, match="size"):
        train(project, SETTINGS)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains_and_goes_on(project: Project, precision: str) -> None:
    settings = override(SETTINGS, precision=precision, steps=6)
    with pytest.raises(KeyboardInterrupt):
        train(project, settings, Watching(stop=4))
    progress = Watching()
    record = train(project, settings, progress)
    assert len(progress.losses) == 2
    assert record.bits_per_character is not None
    model, _, _ = load_model(project.model)
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())


def test_the_plain_recipe(project: Project) -> None:
    settings = override(SETTINGS, **RECIPES["plain"], steps=4)
    record = train(project, settings)
    assert (record.objective, record.settings.pairing, record.settings.left_to_right) == (
        "masked",
        "lines",
        0.0,
    )


def test_minutes_end_a_run_too(project: Project) -> None:
    settings = dataclasses.replace(SETTINGS, steps=None, minutes=0.01)
    record = train(project, settings)
    assert record.seconds >= 0.3
    assert train(project, settings) == record


def test_a_text_of_lone_sentences_has_no_lines(
    tmp_path: Path, write_book: Callable[[Path, Sequence[Sequence[str]]], Project]
) -> None:
    project = write_book(tmp_path / "a", [[f"{n}句。"] for n in "一二三四五六"])
    build_corpus([project], CorpusSettings())
    with pytest.raises(InputError, match="no two sentences in a row"):
        train(project, override(SETTINGS, pairing="lines"))
