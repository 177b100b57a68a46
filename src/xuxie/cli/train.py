"""xuxie train: a corpus becomes a model."""

import dataclasses
from typing import Annotated, Literal

import typer

from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing
from xuxie.config import RECIPES, override
from xuxie.language import tr

Recipe = Literal["standard", "plain"]

HELP = tr("Train a model on the corpus; run again to go on after an interruption, or for longer.")
EXAMPLE = "xuxie train mybook --minutes 60"


def command(
    book: Folder,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL|scratch", help=tr("a pretrained model's folder or hub name")),
    ] = None,
    lora: Annotated[
        int | None,
        typer.Option(
            metavar="RANK", help=tr("train adapters of this rank (16, for instance) in it; 0: all of it")
        ),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help=tr("how long in all (30)"))] = None,
    steps: Annotated[
        int | None, typer.Option(help=tr("how many updates in all, instead of minutes"))
    ] = None,
    recipe: Annotated[
        Recipe | None, typer.Option(help=tr("plain: pairs of lines, 80% masked, fp32, nothing else"))
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(help=tr("masked, pseudo-masked (the default), unilm, shifted or left-to-right")),
    ] = None,
    precision: Annotated[str | None, typer.Option(help=tr("auto, fp32, bf16 or fp16"))] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help=tr("curves for TensorBoard in model/tensorboard as well"))
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help=tr("throw away the model that is there"))
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train and print the best model's score."""
    project = existing(book)
    settings = project.settings().train
    if steps is not None or minutes is not None:  # the command line's length replaces the file's
        settings = dataclasses.replace(settings, steps=None, minutes=None)
    settings = override(settings, **RECIPES[recipe or "standard"])
    settings = override(
        settings,
        start=start,
        lora=lora,
        minutes=minutes,
        steps=steps,
        objective=objective,
        precision=precision,
        tensorboard=tensorboard or None,
    )
    terminal = Terminal(as_json, quiet)
    with terminal.progress() as progress:
        from xuxie.training.trainer import train

        record = train(project, settings, progress, restart=restart)
    text = tr(
        '{path}: {bits} bits per character after {step} steps; now  xuxie write {book} "…"',
        path=project.model,
        bits=f"{record.bits_per_character:.3f}" if record.bits_per_character is not None else "?",
        step=record.step,
        book=book,
    )
    data = {"model": str(project.model), "step": record.step, "seconds": record.seconds}
    terminal.result({**data, "bits_per_character": record.bits_per_character}, text)
