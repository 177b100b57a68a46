from typing import Any

import pytest

from xuxie.config import TrainSettings
from xuxie.training.feed import Update
from xuxie.training.run_state import RunState

UPDATE = Update(step=0, epoch=2, batch=7, parts=[], predicted=1, targets=1)


def state(settings: dict[str, Any], **more: Any) -> RunState:
    return RunState(corpus="abc", settings=TrainSettings(**settings), **more)


@pytest.mark.parametrize("settings", [{"steps": 100}, {"minutes": 5.0}, {}])
def test_a_run_is_as_long_as_it_was_asked_for(settings: dict[str, Any]) -> None:
    half = state(settings, step=50, seconds=900.0 if not settings else 150.0)
    assert half.fraction == 0.5
    assert not half.is_over
    assert state(settings, step=100, seconds=1800.0).is_over


def test_an_update_moves_it_on() -> None:
    before = state({"steps": 10, "left_to_right": 0.2}, step=1, seconds=3.0)
    after = before.after(UPDATE, seconds=0.5)
    assert (after.step, after.epoch, after.batch, after.seconds) == (2, 2, 7, 3.5)
    assert [before.is_starting(step) for step in (1, 2)] == [True, False]
    assert (before.masked, after.masked) == (False, True)
    longer = after.with_settings(TrainSettings(steps=100, left_to_right=0.2))
    assert not longer.is_starting(3)  # it has left that part


def test_measurements_fall_due_and_are_judged() -> None:
    settings = {"steps": 8, "evaluations": 2, "left_to_right": 0.25, "patience": 2}
    run = state(settings)
    due = [step for step in range(9) if state(settings, step=step).evaluation_is_due]
    assert due == [4, 5, 6, 7, 8]  # until it is made
    for bits, best, worse in ((5.0, 5.0, 0), (5.5, 5.0, 1), (4.0, 4.0, 0), (4.0, 4.0, 1), (4.5, 4.0, 2)):
        run = run.measured(bits)
        assert (run.best, run.worse) == (best, worse)
    assert run.has_stalled
    assert run.is_over
    assert run.is_better(None)


def test_another_length_is_the_same_run() -> None:
    run = state({"steps": 8, "seed": 1})
    assert run.difference(state({"steps": 9, "seed": 1, "patience": 3})) == ""
    assert run.difference(state({"steps": 8, "seed": 2})) == "seed 2 → 1"
    assert "corpus" in run.difference(RunState(corpus="other", settings=run.settings))
