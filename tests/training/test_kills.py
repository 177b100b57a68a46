"""kill -9 about half-way; twenty times at random moments: benchmarks/train_kills.py."""

from pathlib import Path

from training.killing import Trial


def test_a_run_that_is_killed_ends_with_the_same_bits(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    assert trial.differences([0.5 * trial.seconds]) == [], trial.kills
