import pytest

from xuxie.corpus.split import FEWEST_CHAPTERS, PARTS, split


@pytest.mark.parametrize("n", range(5, 301))
def test_the_rule(n: int) -> None:
    parts = split(n)
    held_out = max(1, round(n / 10))
    assert len(parts) == n
    assert parts[-held_out:] == ["test"] * held_out
    assert parts.count("test") == parts.count("validation") == held_out
    assert parts[0] == "train"


@pytest.mark.parametrize("n", range(5, 301))
def test_validation_is_evenly_spread(n: int) -> None:
    parts = split(n)
    rest = n - parts.count("test")
    places = [i for i, part in enumerate(parts) if part == "validation"]
    step = rest / len(places)
    for number, place in enumerate(places):  # one in the middle of each stretch of equal length
        assert number * step <= place < (number + 1) * step
        assert abs(place + 0.5 - (number + 0.5) * step) <= 1


@pytest.mark.parametrize(
    ("n", "parts"),
    [
        (0, []),
        (1, ["test"]),
        (2, ["validation", "test"]),
        (3, ["train", "validation", "test"]),
        (4, ["train", "validation", "train", "test"]),
        (5, ["train", "train", "validation", "train", "test"]),
    ],
)
def test_few(n: int, parts: list[str]) -> None:
    assert split(n) == parts


def test_constants() -> None:
    assert PARTS == ("train", "validation", "test")
    assert FEWEST_CHAPTERS == 5
