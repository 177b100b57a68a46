"""The curves of docs/experiments.md, drawn from the points that benchmarks leave in docs/curves/.

    python benchmarks/objectives.py --note      # writes docs/curves/objectives-small.json …
    python docs/curves.py                       # writes docs/figures/*.svg

A file there holds one figure: panels side by side over the same y, each line's name at its end.
tests/docs/test_curves.py holds that the pictures in the repository are what this script draws.
"""

import html
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import DIRECTORY, STYLE, text

from xuxie.files import write_if_changed

CURVES = Path(__file__).parent / "curves"
WIDTH, HEIGHT = 250, 230  # of a plot, in pixels
LEFT, TOP, RIGHT, BOTTOM = 54, 48, 150, 46  # what stands around it; names at the right
APART = 14  # between the baselines of two names
MOST_TICKS = 7
COLOURS = ("source", "target", "mask", "wrong", "amber", "padding")  # of a panel's lines, in their order

# The colours are those of the masks; a name is written in the colour of its line.
LINES = """
.grid { stroke: #e5e7eb } .line { stroke-width: 2 } polyline.line { fill: none }
.dashed { stroke-dasharray: 6 4 } .band { opacity: 0.15 } .name { font-size: 12px } .amber { fill: #b45309 }
.line.source { stroke: #2563eb } .line.target { stroke: #0d9488 } .line.mask { stroke: #c026d3 }
.line.wrong { stroke: #dc2626 } .line.amber { stroke: #b45309 } .line.padding { stroke: #9ca3af }
@media (prefers-color-scheme: dark) {
.grid { stroke: #374151 } .amber { fill: #fbbf24 }
.line.source { stroke: #60a5fa } .line.target { stroke: #2dd4bf } .line.mask { stroke: #e879f9 }
.line.wrong { stroke: #f87171 } .line.amber { stroke: #fbbf24 } .line.padding { stroke: #6b7280 }
}"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A named row of points (x, y), x rising. `band`: an interval around each y, low and high."""

    name: str
    points: Points
    dashed: bool = False
    band: Points = ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over the same axes. `ticks`: places on x and their names, where round numbers will not do."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    ticks: Sequence[tuple[float, str]] = ()


class Scale:
    """Maps [low, high], widened to round numbers where `whole`, to [0, pixels]."""

    def __init__(self, values: Sequence[float], pixels: int, *, whole: bool) -> None:
        low, high = min(values), max(values)
        raw = (high - low or 1.0) / MOST_TICKS
        unit = 10 ** math.floor(math.log10(raw))
        self.step = next(unit * times for times in (1, 2, 2.5, 5, 10) if unit * times >= raw)
        if whole:
            low, high = math.floor(low / self.step) * self.step, math.ceil(high / self.step) * self.step
        self.low, self.high, self.pixels = low, high, pixels

    def at(self, value: float) -> float:
        """Where a value lies."""
        return round((value - self.low) / (self.high - self.low or 1.0) * self.pixels, 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values in the range and what they are called."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [(count * self.step, f"{count * self.step:g}") for count in range(first, last + 1)]


def note(name: str, panels: Sequence[Panel]) -> None:
    """Leave a figure in docs/curves/, a line a row, numbers to three places."""
    raw = json.dumps([asdict(panel) for panel in panels])
    rounded = json.loads(raw, parse_float=lambda number: round(float(number), 3))
    content = json.dumps(rounded, ensure_ascii=False).replace('{"name"', '\n {"name"')
    write_if_changed(CURVES / f"{name}.json", content + "\n")


def read(path: Path) -> list[Panel]:
    """The panels of a figure."""
    return [
        Panel(**{**panel, "lines": [Line(**line) for line in panel["lines"]]})
        for panel in json.loads(path.read_text(encoding="utf-8"))
    ]


def figures() -> dict[str, str]:
    """The content of every figure, by file name."""
    return {f"{path.stem}.svg": draw(read(path)) for path in sorted(CURVES.glob("*.json"))}


def draw(panels: Sequence[Panel]) -> str:
    """An SVG with the panels side by side."""
    across = LEFT + WIDTH + RIGHT
    width, height = across * len(panels), TOP + HEIGHT + BOTTOM
    title = html.escape("; ".join(panel.title for panel in panels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{STYLE}{LINES}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
    ]
    lines = [line for panel in panels for line in panel.lines]
    values = [y for line in lines for _, y in line.points]
    values += [end for line in lines for interval in line.band for end in interval]
    down = Scale(values, HEIGHT, whole=True)
    for number, panel in enumerate(panels):
        x = number * across + LEFT
        parts += [f'<g transform="translate({x} {TOP})">', *draw_panel(panel, down), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def draw_panel(panel: Panel, down: Scale) -> Iterator[str]:
    """Title, axes, lines and names; (0, 0) is the plot's upper left corner."""
    across = Scale([x for line in panel.lines for x, _ in line.points] + [0.0], WIDTH, whole=False)
    yield text(0, -26, panel.title, "title", "start")
    yield text(0, -8, panel.y, "small", "start")
    yield text(WIDTH, HEIGHT + 36, panel.x, "small", "end")
    for value, label in down.ticks():
        y = HEIGHT - down.at(value)
        yield f'<path class="grid" d="M0 {y}H{WIDTH}"/>'
        yield text(-8, round(y) + 4, label, "small", "end")
    yield f'<path class="rule" d="M0 {HEIGHT}H{WIDTH}"/>'
    for value, label in panel.ticks or across.ticks():
        yield text(round(across.at(value)), HEIGHT + 18, label, "small")
    ends = []
    for line, colour in zip(panel.lines, itertools.cycle(COLOURS), strict=False):
        places = [(across.at(x), HEIGHT - down.at(y)) for x, y in line.points]
        if line.band:
            low, high = ([HEIGHT - down.at(ends[side]) for ends in line.band] for side in (0, 1))
            outline = [*zip((x for x, _ in places), low, strict=True)]
            outline += [*zip((x for x, _ in places), high, strict=True)][::-1]
            yield f'<polygon class="band {colour}" points="{joined(outline)}"/>'
        dashed = " dashed" if line.dashed else ""
        yield f'<polyline class="line {colour}{dashed}" points="{joined(places)}"/>'
        yield from (f'<circle class="{colour}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places)
        ends.append((places[-1][1], colour, line.name))
    yield from names(ends)


def names(ends: Sequence[tuple[float, str, str]]) -> Iterator[str]:
    """Each line's name beside its end, moved down where it would cover another."""
    free = -math.inf
    for y, colour, name in sorted(ends):
        free = max(y + 4, free)
        yield text(WIDTH + 10, round(free), name, f"name {colour}", "start")
        free += APART


def joined(places: Sequence[tuple[float, float]]) -> str:
    """Points as SVG wants them."""
    return " ".join(f"{x},{y}" for x, y in places)


if __name__ == "__main__":
    for file_name, content in figures().items():
        write_if_changed(DIRECTORY / file_name, content)
