import sys
from pathlib import Path

import pytest

from training.curves import curve
from xuxie.errors import InputError
from xuxie.training.board import Board
from xuxie.training.history import History
from xuxie.training.rows import Evaluation, Updates


def rows(first: int, last: int) -> list[Updates | Evaluation]:
    """An update a step, and behind every third of them a measurement."""
    found: list[Updates | Evaluation] = []
    for step in range(first, last + 1):
        found.append(
            Updates(
                step=step, seconds=2.0 * step, loss=8 - step / 16, learning_rate=0.25, tokens_per_second=512
            )
        )
        if step % 3 == 0:
            found.append(Evaluation(step=step, seconds=2.0 * step, bits_per_character=6 - step / 12))
    return found


def test_it_says_what_the_history_says(tmp_path: Path) -> None:
    history = History(tmp_path, tensorboard=True)
    history.go_on(0)
    for row in rows(1, 7):
        history.append(row)  # and then the process is killed: nothing is closed
    assert [step for step, _ in curve(tmp_path, "loss")] == list(range(1, 8))

    again = History(tmp_path, tensorboard=True)
    again.go_on(from_step=5)
    for row in rows(6, 9):
        again.append(row)
    again.close()
    assert curve(tmp_path, "loss") == [(step, 8 - step / 16) for step in range(1, 10)]
    assert curve(tmp_path, "learning rate") == [(step, 0.25) for step in range(1, 10)]
    assert curve(tmp_path, "target tokens per second") == [(step, 512) for step in range(1, 10)]
    assert curve(tmp_path, "validation bits per character") == [(3, 5.75), (6, 5.5), (9, 5.25)]


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    board = Board(tmp_path, [*rows(1, 1), Evaluation(step=1, seconds=1.0, bits_per_character=None)])
    board.close()
    with pytest.raises(KeyError):
        curve(tmp_path, "validation bits per character")


def test_without_tensorboard_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match=r'pip install "xuxie\[tensorboard\]"'):
        History(tmp_path, tensorboard=True).go_on(0)
    History(tmp_path).go_on(0)
