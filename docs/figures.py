"""The mask pictures of docs/原理.md, drawn from the project's own functions.

    python docs/figures.py      # writes docs/figures/*.svg

The square in row q and column k is filled where query q may see key k. tests/docs/test_figures.py holds
that the files in the repository are what this script draws.
"""

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from xuxie.files import write_if_changed
from xuxie.unilm.masks import Kind, compute_attention_mask, compute_order, compute_pseudo_mask

DIRECTORY = Path(__file__).parent / "figures"
SENTENCES = ("今天下雨。", "我没出门。")
SQUARE, GAP, MARGIN = 26, 2, 14  # pixels; GAP is between two squares
LEFT, TOP = 104, 96  # what stands left of and above the squares
LEGEND = 40

# The picture brings its own background, so it is readable on any page; a dark reader gets a dark one.
STYLE = """\
text { font-size: 14px; fill: #1f2937;
font-family: "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif }
.paper { fill: #ffffff } .rule { stroke: #9ca3af } .small { font-size: 11px; fill: #6b7280 }
.title { font-size: 15px; font-weight: bold } .hidden { fill: none; stroke: #d1d5db }
.source { fill: #2563eb } .target { fill: #0d9488 } .mask { fill: #c026d3 } .padding { fill: #9ca3af }
.wrong { fill: #dc2626 } .cross { stroke: #ffffff; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e5e7eb } .paper { fill: #111827 } .rule { stroke: #6b7280 } .small { fill: #9ca3af }
.hidden { stroke: #374151 } .source { fill: #60a5fa } .target { fill: #2dd4bf } .mask { fill: #e879f9 }
.padding { fill: #6b7280 } .wrong { fill: #f87171 } .cross { stroke: #111827 }
}"""
MEANING = {"source": "看得见源", "target": "看得见目标", "mask": "看得见 [MASK]", "padding": "填充看填充"}
HIDDEN, WRONG, AXES = "看不见", "错：看见了填充", "行：谁在看；列：看谁"
SIDE = {"source": "源", "target": "目标", "mask": "[MASK]", "padding": "填充"}


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One mask with the names of its positions."""

    title: str
    labels: Sequence[str]
    kinds: Sequence[str]  # of each position: source, target, mask or padding
    groups: dict[str, str]  # what to call the positions of each kind
    sums: Sequence[int | None]  # c, the running sum of the segment ids; None where there is none
    seen: list[list[bool]]  # [query][key]

    @property
    def side(self) -> int:
        """Width and height of the squares together, in pixels."""
        return len(self.labels) * (SQUARE + GAP)

    def style(self, query: int, key: int) -> str:
        """The class of a square."""
        if not self.seen[query][key]:
            return "hidden"
        leak = self.kinds[key] == "padding" and self.kinds[query] != "padding"
        return "wrong" if leak else self.kinds[key]


def figures() -> dict[str, str]:
    """The content of every figure, by file name."""
    source, target = SENTENCES
    both = [0] * len(source) + [1] * len(target)
    return {
        "bidirectional.svg": draw([plain("双向", source + target, [0] * len(both))]),
        "unidirectional.svg": draw([plain("从左到右", source + target, [1] * len(both))]),
        "right-to-left.svg": draw([plain("从右到左", source + target, [1] * len(both), "right-to-left")]),
        "sequence-to-sequence.svg": draw([plain("序列到序列", source + target, both)]),
        "padding.svg": draw([padded("没有遮住填充", hide=False), padded("遮住了填充", hide=True)]),
        "pseudo-mask.svg": draw([pseudo("伪掩码：一趟预测整个目标", source, target)]),
    }


def plain(title: str, text: str, segment_ids: list[int], kind: Kind = "sequence-to-sequence") -> Panel:
    """The mask of a sequence without padding."""
    segments = torch.tensor([segment_ids])
    return Panel(
        title=title,
        labels=text,
        kinds=["target" if segment else "source" for segment in segment_ids],
        groups={"source": "源，段号 0", "target": "目标，段号 1"},
        sums=compute_order(segments, kind)[0].tolist(),
        seen=as_lists(compute_attention_mask(segments, kind=kind)),
    )


def padded(title: str, *, hide: bool) -> Panel:
    """The mask of 0 0 0 1 1 and two positions of padding, which is hidden or not."""
    segments = torch.tensor([[0, 0, 0, 1, 1, 0, 0]])
    padding = torch.tensor([[False] * 5 + [True] * 2])
    return Panel(
        title=title,
        labels=[*SENTENCES[0][2:], *SENTENCES[1][:2], "填", "填"],
        kinds=["source"] * 3 + ["target"] * 2 + ["padding"] * 2,
        groups={"source": "源", "target": "目标", "padding": "填充"},
        sums=segments.cumsum(dim=1)[0].tolist(),
        seen=as_lists(compute_attention_mask(segments, padding if hide else None)),
    )


def pseudo(title: str, source: str, target: str) -> Panel:
    """The pseudo-mask, without the `[MASK]`s that stand for no target position."""
    segments = torch.tensor([[0] * len(source) + [1] * len(target)])
    length = segments.shape[1]
    kept = [*range(length), *range(length + len(source), 2 * length)]
    mask = compute_pseudo_mask(segments, torch.zeros_like(segments).bool())
    return Panel(
        title=title,
        labels=[*source, *target, *(character + "?" for character in target)],
        kinds=["source"] * len(source) + ["target"] * len(target) + ["mask"] * len(target),
        groups={"source": "源", "target": "目标", "mask": "[MASK]，各猜一个字"},
        sums=[None] * len(kept),
        seen=as_lists(mask[:, kept][:, :, kept]),
    )


def as_lists(mask: Tensor) -> list[list[bool]]:
    """The mask of the first example, as plain lists."""
    rows: list[list[bool]] = mask[0].tolist()
    return rows


def draw(panels: Sequence[Panel]) -> str:
    """An SVG with the panels side by side and one legend."""
    width = sum(LEFT + panel.side + MARGIN for panel in panels)
    height = TOP + max(panel.side for panel in panels) + LEGEND
    title = html.escape("；".join(panel.title for panel in panels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
    ]
    x = 0
    for panel in panels:
        parts += [f'<g transform="translate({x + LEFT} {TOP})">', *heading(panel), *squares(panel), "</g>"]
        x += LEFT + panel.side + MARGIN
    parts += [f'<g transform="translate({MARGIN} {height - LEGEND + 12})">', *legend(panels), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def heading(panel: Panel) -> list[str]:
    """Title, names of the positions and their c, above and to the left of the squares."""
    result = [text(0, -74, panel.title, "title", "start")]
    for index, (label, running) in enumerate(zip(panel.labels, panel.sums, strict=True)):
        middle = index * (SQUARE + GAP) + SQUARE // 2
        style = "small" if len(label) > 1 else ""
        result += [text(middle, -24, label, style), text(-36, middle + 5, label, style)]
        if running is not None:
            result += [
                text(middle, -6, str(running), "small"),
                text(-12, middle + 4, str(running), "small"),
            ]
    if panel.sums[0] is not None:
        result.append(text(-12, -6, "c", "small"))
    for kind, members in itertools.groupby(range(len(panel.kinds)), key=lambda index: panel.kinds[index]):
        group = list(members)
        start, end = group[0] * (SQUARE + GAP), group[-1] * (SQUARE + GAP) + SQUARE
        result += [
            f'<path class="rule" d="M{start + 2} -42H{end - 2}M-54 {start + 2}V{end - 2}"/>',
            text((start + end) // 2, -48, panel.groups[kind], "small"),
            text(-60, (start + end) // 2 + 4, SIDE[kind], "small", "end"),
        ]
    return result


def squares(panel: Panel) -> list[str]:
    """One square for every query and key; a wrong one is crossed out as well, for those who see no red."""
    result = []
    for query, key in itertools.product(range(len(panel.labels)), repeat=2):
        x, y, style = key * (SQUARE + GAP), query * (SQUARE + GAP), panel.style(query, key)
        result.append(square(x, y, SQUARE, style))
        if style == "wrong":
            a, b = 8, SQUARE - 8
            path = f"M{x + a} {y + a}L{x + b} {y + b}M{x + b} {y + a}L{x + a} {y + b}"
            result.append(f'<path class="cross" d="{path}"/>')
    return result


def legend(panels: Sequence[Panel]) -> list[str]:
    """What the kinds of squares in the panels mean."""
    used = {
        panel.style(query, key)
        for panel in panels
        for query, key in itertools.product(range(len(panel.labels)), repeat=2)
    }
    result, x = [], 0
    for style, meaning in {**MEANING, "wrong": WRONG, "hidden": HIDDEN}.items():
        if style in used:
            result += [square(x, 0, 14, style), text(x + 20, 11, meaning, "small", "start")]
            x += 32 + sum(7 if character.isascii() else 11 for character in meaning)
    return [*result, text(x, 11, AXES, "small", "start")]


def square(x: int, y: int, side: int, style: str) -> str:
    """A square; the outline of a hidden one lies within it."""
    if style == "hidden":
        return f'<rect class="{style}" x="{x}.5" y="{y}.5" width="{side - 1}" height="{side - 1}" rx="3"/>'
    return f'<rect class="{style}" x="{x}" y="{y}" width="{side}" height="{side}" rx="3"/>'


def text(x: int, y: int, content: str, style: str = "", anchor: str = "middle") -> str:
    """A line of text whose baseline is at y."""
    name = f' class="{style}"' if style else ""
    return f'<text{name} x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(content)}</text>'


if __name__ == "__main__":
    for file_name, content in figures().items():
        write_if_changed(DIRECTORY / file_name, content)
