"""xuxie write: a text is continued in the terminal, character by character."""

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xuxie.cli.console import AsJson, DecoderPrecision, Folder, Quiet, Terminal, existing, text_argument
from xuxie.config import WriteSettings, override
from xuxie.language import tr

if TYPE_CHECKING:
    from xuxie.generation.pieces import Piece
    from xuxie.generation.writer import Writer

HELP = tr("Continue a text in the book's own voice.")
EXAMPLE = 'xuxie write mybook "他推开门，" --length 100'


def command(
    book: Folder,
    text: Annotated[str, typer.Argument(help=tr("the text to continue; - reads it from stdin"))],
    length: Annotated[
        int | None, typer.Option(help=tr("characters; ends at the next sentence end (200)"))
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help=tr("0 is greedy, higher is freer (0.8)"))
    ] = None,
    top_k: Annotated[int | None, typer.Option(help=tr("the k likeliest only; 0 is all (0)"))] = None,
    top_p: Annotated[
        float | None, typer.Option(help=tr("the likeliest that make up this probability (0.9)"))
    ] = None,
    min_p: Annotated[
        float | None, typer.Option(help=tr("those this share as likely as the likeliest (0)"))
    ] = None,
    repetition_penalty: Annotated[
        float | None, typer.Option(help=tr("above 1, what was written becomes less likely (1)"))
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(help=tr("end before this text; may be given several times"))
    ] = None,
    ban: Annotated[
        list[str] | None, typer.Option(help=tr("never write this text; may be given several times"))
    ] = None,
    candidates: Annotated[int | None, typer.Option(help=tr("so many different continuations (1)"))] = None,
    beams: Annotated[
        int | None, typer.Option(help=tr("beam search with so many beams; needs --temperature 0 (1)"))
    ] = None,
    logprobs: Annotated[
        int | None, typer.Option(help=tr("print each character's probability and so many alternatives"))
    ] = None,
    seed: Annotated[int | None, typer.Option(help=tr("the same seed gives the same text"))] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help=tr("the same text with any number of candidates"))
    ] = False,
    precision: DecoderPrecision = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the continuation to stdout as it comes."""
    project = existing(book)
    settings = override(
        project.settings().write,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        stop=stop,
        ban=ban,
        candidates=candidates,
        beams=beams,
        logprobs=logprobs,
        seed=seed,
    )
    prompt = text_argument(text)
    with Terminal(as_json, quiet).progress() as progress:
        progress.start(tr("loading the model"))
        from xuxie.generation.writer import Writer, with_seed

        slots = max(settings.candidates, settings.beams)
        writer = Writer.load(project, slots=slots, precision=precision, deterministic=deterministic)
    settings = with_seed(settings)
    if as_json:
        data = written(writer, prompt, settings)
        Terminal(as_json).result({**data, "seed": settings.seed}, "")
        return
    for line in shown(writer, prompt, settings):
        sys.stdout.write(line)
        sys.stdout.flush()


def written(writer: "Writer", prompt: str, settings: WriteSettings) -> dict[str, Any]:
    """The continuation as JSON has it; with candidates, the first of them and all."""
    from xuxie.generation.pieces import as_data

    if settings.candidates == 1:
        return as_data(writer.pieces(prompt, settings), settings)
    found = [as_data(passage.take(), settings) for passage in writer.candidates(prompt, settings)]
    return {**found[0], "candidates": found}


def shown(writer: "Writer", prompt: str, settings: WriteSettings) -> Iterator[str]:
    """What a person sees: the text as it comes, or numbered candidates, or a character a line."""
    if settings.candidates == 1:
        yield from lines(writer.pieces(prompt, settings), settings)
        return
    for number, passage in enumerate(writer.candidates(prompt, settings), start=1):
        yield f"[{number}]\n"
        yield from lines(iter(passage.take()), settings)


def lines(pieces: "Iterator[Piece]", settings: WriteSettings) -> Iterator[str]:
    """A passage as text; with log-probabilities as a table, likelihoods in percent."""
    if settings.logprobs is None:
        yield from (piece.text for piece in pieces)
        yield "\n"
        return
    for piece in pieces:
        shares = [(piece.text, piece.log_probability), *piece.alternatives]
        yield "  ".join(f"{text!r} {share(value)}" for text, value in shares) + "\n"


def share(log_probability: float | None) -> str:
    """A log-probability in percent; nothing for what was not drawn."""
    return "" if log_probability is None else f"{100 * math.exp(log_probability):.1f}%"
