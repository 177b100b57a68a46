import numpy as np
import pytest

from xuxie.evaluation.statistics import calibration_error, distinct, interval, repetition
from xuxie.training.evaluation import Score


def test_the_interval_by_chapters() -> None:
    equal = [Score(bits=50.0, characters=10)] * 8
    assert interval(equal) == pytest.approx((5.0, 5.0))
    generator = np.random.default_rng(1)
    chapters = [Score(bits=float(generator.normal(500, 100)), characters=100) for _ in range(200)]
    bits = np.array([chapter.bits / 100 for chapter in chapters])
    found = interval(chapters)
    assert found is not None
    expected = 1.96 * bits.std() / len(bits) ** 0.5  # where chapters are alike in size, the mean's own
    assert found == pytest.approx((bits.mean() - expected, bits.mean() + expected), abs=0.03)
    assert found == interval(chapters)
    assert interval(chapters[:1]) is None


def test_calibration_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.05, 0.05])
    right = np.array([True, True, True, False, False, True])
    # two bins: 4 tokens with 0.95 and 3/4 right, 2 with 0.05 and 1/2 right
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.2 + 2 * 0.45) / 6)
    assert calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0


def test_variety_by_hand() -> None:
    assert distinct(["他走了", "他走开"], 1) == 4 / 6
    assert distinct(["他走了", "他走开"], 2) == 3 / 4  # runs do not cross passages
    assert distinct(["他"], 2) == 0
    assert repetition("他走了他走了") == 0
    assert repetition("他走了。他走了。") == pytest.approx(1 / 5)
    assert repetition("哈" * 9) == pytest.approx(5 / 6)
    assert repetition("哈") == 0
