"""Counts in a bounded memory."""

from xuxie.books.sketch import Sketch


def test_rough_counts_never_fall_short() -> None:
    sketch = Sketch()
    for number in range(1000):
        for _ in range(number % 4):
            sketch.add(f"雪{number}")
    assert all(sketch.count(f"雪{number}") >= number % 4 for number in range(1000))
    assert sketch.highest >= 3
