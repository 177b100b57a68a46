"""xuxie mask: the self-attention masks of UniLM, drawn for two sentences of one's own."""

from typing import Annotated

import typer
from rich.cells import cell_len

from xuxie.cli.console import AsJson, Quiet, Terminal
from xuxie.language import tr

HELP = tr("Draw who sees whom: the masks over a source and a target.")
EXAMPLE = 'xuxie mask "今天下雨。" "我没出门。"'

SEES, SEES_NOT = "■", "·"
Mask = tuple[list[str], list[list[int]]]  # the names of the positions, and 1 where row sees column

LONGEST = 40  # characters of source and target together: more do not fit a terminal


def command(
    source: Annotated[str, typer.Argument(help=tr("what is known"))],
    target: Annotated[str, typer.Argument(help=tr("what is to be written"))],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print every mask, a character a row."""
    masks = draw_masks(source[:LONGEST], target[: LONGEST - len(source[:LONGEST])])
    texts = [f"{name}\n{drawing(labels, seen)}" for name, (labels, seen) in masks.items()]
    data = {name: {"labels": labels, "sees": seen} for name, (labels, seen) in masks.items()}
    Terminal(as_json, quiet).result(data, "\n\n".join(texts))


def draw_masks(source: str, target: str) -> dict[str, Mask]:
    """Each mask by its name."""
    import torch

    from xuxie.unilm.masks import KINDS, compute_attention_mask, compute_pseudo_mask

    segments = torch.tensor([[0] * len(source) + [1] * len(target)])
    labels, length = [*source, *target], segments.shape[1]
    masks: dict[str, Mask] = {}
    for kind in KINDS:
        masks[kind] = labels, compute_attention_mask(segments, kind=kind)[0].int().tolist()
    kept = [*range(length), *range(length + len(source), 2 * length)]
    pseudo = compute_pseudo_mask(segments, torch.zeros_like(segments).bool())[0]
    masks["pseudo-mask"] = ([*labels, *(f"{c}?" for c in target)], pseudo[kept][:, kept].int().tolist())
    return masks


def drawing(labels: list[str], seen: list[list[int]]) -> str:
    """A table: the row's position sees the columns with a square."""
    width = max(map(cell_len, labels), default=0)
    head = " " * (width + 1) + " ".join(pad(label, width) for label in labels)
    rows = (
        pad(label, width) + " " + " ".join(pad(SEES if cell else SEES_NOT, width) for cell in row)
        for label, row in zip(labels, seen, strict=True)
    )
    return "\n".join(line.rstrip() for line in (head, *rows))


def pad(text: str, width: int) -> str:
    """A text made `width` terminal cells wide; a Chinese character takes two."""
    return text + " " * (width - cell_len(text))
