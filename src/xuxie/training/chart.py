"""A curve as an SVG that stands in a page: no script, no style, nothing from outside.

    Chart("loss", [Line("train", [(1, 6.2), (50, 5.4)])]).polylines

Only numbers are computed here; the template draws them, and escapes the names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 24  # margins, where the numbers stand
MOST_POINTS = 400
TICKS = 4


@dataclass(frozen=True)
class Line:
    """A named row of points (x, y), x rising."""

    name: str
    points: Points


@dataclass(frozen=True)
class Tick:
    """A number at an axis and where it stands, in pixels."""

    place: float
    text: str


class Chart:
    """Some lines over the same x, fitted into WIDTH × HEIGHT pixels."""

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        self.title = title
        self.lines = [Line(line.name, thinned(line.points)) for line in lines if line.points]
        every = [point for line in self.lines for point in line.points] or [(0.0, 0.0)]
        self.x = spread([x for x, _ in every])
        self.y = spread([y for _, y in every])
        self.width, self.height, self.left, self.bottom = WIDTH, HEIGHT, LEFT, HEIGHT - BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, in pixels from the top left."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(self.bottom - (y - y0) / (y1 - y0) * (self.bottom - TOP), 1)

    @property
    def polylines(self) -> list[tuple[str, str]]:
        """The name of each line and its `points`."""
        return [
            (line.name, " ".join("{},{}".format(*self.at(x, y)) for x, y in line.points))
            for line in self.lines
        ]

    @property
    def x_ticks(self) -> list[Tick]:
        """The numbers below."""
        return [Tick(self.at(x, self.y[0])[0], number(x)) for x in steps(*self.x)]

    @property
    def y_ticks(self) -> list[Tick]:
        """The numbers at the left."""
        return [Tick(self.at(self.x[0], y)[1], number(y)) for y in steps(*self.y)]


def thinned(points: Points) -> Points:
    """At most MOST_POINTS of the points, evenly spread, the last among them."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    every = math.ceil(len(finite) / MOST_POINTS) or 1
    return finite[::-1][::every][::-1]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest, apart from each other."""
    low, high = min(values), max(values)
    margin = max(0.5, abs(low) / 1000)
    return (low, high) if high > low else (low - margin, high + margin)


def steps(low: float, high: float) -> list[float]:
    """TICKS + 1 numbers from the low to the high."""
    return [low + (high - low) * k / TICKS for k in range(TICKS + 1)]


def number(value: float) -> str:
    """A number in few characters."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
