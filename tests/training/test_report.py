import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.config import TrainSettings
from xuxie.model_record import ModelRecord
from xuxie.training.chart import HEIGHT, MOST_POINTS, WIDTH, Chart, Line
from xuxie.training.report import render
from xuxie.training.rows import Evaluation, Updates

RECORD = ModelRecord(
    title="半篙<script>alert(1)</script>",
    objective="pseudo-masked",
    source_length=64,
    target_length=32,
    eos_token="[EOS]",
    paragraph_token="[PAR]",
    corpus="0",
    settings=TrainSettings(),
    step=40,
    seconds=9.0,
    bits_per_character=6.25,
)
UPDATES = [
    Updates(step=n, seconds=n / 4, loss=9 - n / 10, learning_rate=n / 1e5, tokens_per_second=1800.0)
    for n in range(1, 50)
]
EVALUATIONS = [
    Evaluation(
        step=n,
        seconds=n / 4,
        bits_per_character=8 - n / 40,
        chapters=((3, 6.5), (9, 7.5)),
        prompt="他说：",
        sample=f"<img src=https://example.com/{n}.png onerror=alert(1)>&",
        peak_memory=2**30,
    )
    for n in (20, 40)
]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_says_all() -> None:
    reader = read(render(RECORD, UPDATES, EVALUATIONS))
    text = "".join(reader.texts)
    for expected in ("6.250", "1,024 MB", "learning_rate", "0.0005", "torch", "what it wrote", "update 20"):
        assert expected in text
    lines = [attributes["points"] or "" for tag, attributes in reader.tags if tag == "polyline"]
    assert [line.count(",") for line in lines] == [49, 2, 49, 49]
    bars = [float(attributes["width"] or 0) for tag, attributes in reader.tags if tag == "rect"]
    assert bars == [pytest.approx(400 * 6.5 / 7.5, abs=0.1), 400]


def test_nothing_is_run_and_nothing_comes_from_outside() -> None:
    reader = read(render(RECORD, UPDATES, EVALUATIONS))
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "href", "style")
        ]
    assert "<script>alert(1)</script>" in "".join(reader.texts)  # as text
    (policy,) = [a["content"] for tag, a in reader.tags if tag == "meta" and "http-equiv" in a]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_a_run_without_measurements() -> None:
    page = render(RECORD, [], [])
    assert "polyline" not in re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e9), st.floats(allow_nan=True, allow_infinity=True, width=32)), max_size=50
    )
)
def test_every_point_lies_within_the_picture(points: list[tuple[float, float]]) -> None:
    chart = Chart("loss", [Line("train", sorted(points, key=lambda point: point[0]))])
    for _, line in chart.polylines:
        for pair in line.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    assert len(chart.x_ticks) == len(chart.y_ticks) == 5


def test_a_long_run_is_thinned_and_keeps_its_last_point() -> None:
    chart = Chart("loss", [Line("train", [(float(n), 1 / (n + 1)) for n in range(10_000)])])
    (line,) = chart.lines
    assert len(line.points) <= MOST_POINTS
    assert line.points[-1][0] == 9999
