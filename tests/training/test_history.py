from pathlib import Path
from typing import Any

import pytest

from xuxie.training import history as history_module
from xuxie.training.history import History
from xuxie.training.rows import Evaluation


@pytest.fixture(autouse=True)
def every_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "EVERY", 1.0)


def update(history: History, step: int, loss: float = 5.0, tokens: int = 100) -> None:
    history.updated(step=step, seconds=step / 2, loss=loss, learning_rate=1e-3, tokens=tokens)


def measure(history: History, step: int, **more: Any) -> None:
    history.append(Evaluation(step=step, seconds=step / 2, bits_per_character=6.5, **more))


def test_updates_are_summed_up(tmp_path: Path) -> None:
    history = History(tmp_path)
    for step, loss in enumerate([6.0, 5.0, 4.0, 3.0, 2.0], start=1):
        update(history, step, loss)
    updates, evaluations = history.read()
    assert [(row.step, row.loss, row.tokens_per_second) for row in updates] == [
        (2, 5.5, 200.0),
        (4, 3.5, 200.0),
    ]
    assert evaluations == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    history = History(tmp_path / "model")
    assert history.read() == ([], [])
    history.go_on(0)
    assert not history.path.exists()
    measure(history, 4, prompt="他推开门，", sample="“谁？”\n</script>\u2028", chapters=((3, 6.25),))
    _, (evaluation,) = history.read()
    assert evaluation.chapters == ((3, 6.25),)
    assert evaluation.sample == "“谁？”\n</script>\u2028"


def test_a_run_that_goes_on_doubles_nothing(tmp_path: Path) -> None:
    uninterrupted, killed = History(tmp_path / "a"), History(tmp_path / "b")
    for history in (uninterrupted, killed):
        for step in range(1, 9):
            update(history, step)
            if step == 6:
                measure(history, step)
    again = History(tmp_path / "b")
    again.go_on(from_step=4, seconds=2.0)
    for step in range(5, 9):
        update(again, step)
        if step == 6:
            measure(again, step)
    assert again.path.read_bytes() == uninterrupted.path.read_bytes()


@pytest.mark.parametrize("torn", ['{"kind": "upd', "nonsense\n", '{"kind": "updates", "step": 7}\n'])
def test_a_torn_line_is_dropped(tmp_path: Path, torn: str) -> None:
    history = History(tmp_path)
    measure(history, 2)
    whole = history.path.read_text()
    history.path.write_text(whole + torn)
    assert len(history.read()[1]) == 1
    history.go_on(from_step=4)
    assert history.path.read_text() == whole
