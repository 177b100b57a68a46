"""The pictures in docs/ are what docs/figures.py draws from the masks as they are now."""

from pathlib import Path
from xml.etree import ElementTree

import figures
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = (
    "bidirectional.svg",
    "padding.svg",
    "pseudo-mask.svg",
    "right-to-left.svg",
    "sequence-to-sequence.svg",
    "unidirectional.svg",
)


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return figures.figures()


def test_the_names_are_those_that_are_drawn(drawn: dict[str, str]) -> None:
    assert sorted(drawn) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_what_the_script_draws(drawn: dict[str, str], name: str) -> None:
    assert (DOCS / "figures" / name).read_text(encoding="utf-8") == drawn[name], (
        "run: python docs/figures.py"
    )


@pytest.mark.parametrize(
    ("name", "source", "target", "mask", "wrong"),
    [
        ("bidirectional.svg", 100, 0, 0, 0),
        ("unidirectional.svg", 0, 55, 0, 0),
        ("right-to-left.svg", 0, 55, 0, 0),
        ("sequence-to-sequence.svg", 50, 15, 0, 0),  # all ten see the source; five see 1, 2 … 5 targets
        ("pseudo-mask.svg", 75, 25, 5, 0),  # and each [MASK] the targets before it, and itself
        ("padding.svg", 42, 14, 0, 2),  # the last target leaks to two positions of padding
    ],
)
def test_how_many_squares_are_filled(
    drawn: dict[str, str], name: str, source: int, target: int, mask: int, wrong: int
) -> None:
    squares = [
        node.get("class") for node in ElementTree.fromstring(drawn[name]).iter() if node.get("rx") == "3"
    ]
    legend = {kind: 1 for kind in squares if kind}
    counts = [squares.count(kind) - legend.get(kind, 0) for kind in ("source", "target", "mask", "wrong")]
    assert counts == [source, target, mask, wrong]


def test_every_figure_stands_in_the_text() -> None:
    text = (DOCS / "原理.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"](figures/{name})" not in text] == []
