"""The curves in docs/ are what docs/curves.py draws from the points in docs/curves/."""

from pathlib import Path
from xml.etree import ElementTree

import curves
import figures
import pytest
from curves import HEIGHT, WIDTH, Line, Panel, Scale

DOCS = Path(__file__).resolve().parents[2] / "docs"
PANEL = Panel(
    title="two < three",
    x="minutes",
    y="bits",
    lines=[
        Line(name="falling", points=[(0, 9), (2, 7)], band=[(8, 10), (6, 8)]),
        Line(name="level", points=[(1, 7), (2, 7)], dashed=True),
    ],
)


def test_the_pictures_are_those_that_are_drawn() -> None:
    drawn = curves.figures()
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "figures").iterdir()}
    assert set(written) == set(drawn) | set(figures.figures())
    assert [name for name in drawn if written[name] != drawn[name]] == [], "run: python docs/curves.py"


def test_every_picture_stands_in_the_text() -> None:
    text = (DOCS / "experiments.md").read_text(encoding="utf-8")
    assert [name for name in curves.figures() if f"](figures/{name})" not in text] == []


def test_where_the_points_lie() -> None:
    root = ElementTree.fromstring(curves.draw([PANEL]))
    lines = [node.get("points") for node in root.iter() if node.tag.endswith("polyline")]
    assert lines == [f"0.0,{HEIGHT / 4} {WIDTH}.0,{HEIGHT * 3 / 4}", f"125.0,172.5 {WIDTH}.0,172.5"]
    (band,) = [node.get("points") for node in root.iter() if node.tag.endswith("polygon")]
    assert band == f"0.0,115.0 {WIDTH}.0,230.0 {WIDTH}.0,115.0 0.0,0.0"


def test_names_do_not_cover_each_other() -> None:
    root = ElementTree.fromstring(curves.draw([PANEL]))
    named = {node.text: node.get("y") for node in root.iter() if "name" in (node.get("class") or "")}
    assert named == {"falling": "176", "level": "190"}


def test_panels_are_noted_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "CURVES", tmp_path)
    curves.note("two", [PANEL])
    assert curves.draw(curves.read(tmp_path / "two.json")) == curves.draw([PANEL])
    assert list(curves.figures()) == ["two.svg"]


def test_ticks_are_round_numbers() -> None:
    assert [label for _, label in Scale([5.91, 8.2], 100, whole=True).ticks()] == [
        "5.5",
        "6",
        "6.5",
        "7",
        "7.5",
        "8",
        "8.5",
    ]
    assert [label for _, label in Scale([0, 1.97], 100, whole=False).ticks()] == ["0", "0.5", "1", "1.5"]
    assert Scale([3, 3], 100, whole=True).at(3) == 0
