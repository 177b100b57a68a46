"""xuxie demo: the whole way on the bundled novel, explained stage by stage.

Nothing comes from outside: the novel's site is served on a loopback port and crawled over real HTTP. It
does what the commands do, in the same order; interrupted, it goes on when run again.
"""

import contextlib
import io
from pathlib import Path
from typing import Annotated

import typer

from xuxie.cli.console import AsJson, Quiet, Terminal
from xuxie.cli.info import describe, summary
from xuxie.config import FILE_NAME
from xuxie.files import write_atomically
from xuxie.language import tr
from xuxie.progress import Progress
from xuxie.project import Project

HELP = tr("Go the whole way on a bundled novel: crawl, corpus, train, continue. Three minutes.")
EXAMPLE = "xuxie demo"

PROMPT = "掌灯时分，郭师傅把稿子放在字架上，看了我一眼，"
SETTINGS = """\
# A small model and a short run: the bundled novel has forty thousand characters, and three minutes to go.
[train]
layers = 4
hidden_size = 256
heads = 4
dropout = 0.0
source_length = 64
target_length = 64
batch_tokens = 1024
learning_rate = 1.5e-3
precision = "fp32"
minutes = 1.75
evaluations = 5

[write]
length = 120
temperature = 0.6
top_p = 0.8
seed = 1
"""


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=tr("the project's folder, made if missing"))
    ] = Path("xuxie-demo"),
    port: Annotated[int, typer.Option(help=tr("the port of the sample site on this machine"))] = 8642,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run every stage and say where everything lies."""
    project, terminal = Project(output), Terminal(as_json, quiet)
    if not as_json:
        go(project, port, terminal)
        return
    with contextlib.redirect_stdout(io.StringIO()):  # the explanations are for people
        text = go(project, port, terminal)
    terminal.result({**describe(project), "text": text}, "")


def go(project: Project, port: int, terminal: Terminal) -> str:
    """Go the whole way, explaining; returns the continuation."""
    if not (project.directory / FILE_NAME).exists():
        write_atomically(project.directory / FILE_NAME, SETTINGS)
    for explanation, stage in STAGES:
        print("\n" + explanation, flush=True)
        with terminal.progress() as progress:
            stage(project, port, progress)
    print("\n" + tr("4. WRITE. The model goes on from here, one character at a time:") + "\n")
    text = write_on(project)
    print("\n" + tr("Everything lies in {path}. Next:", path=project))
    for arguments in ('write {} "桑二收了灯，"', "serve {}", "train {} --minutes 30"):
        print("  xuxie " + arguments.format(project))
    return text


def crawl_it(project: Project, port: int, progress: Progress) -> None:
    """Serve the sample site and crawl it."""
    from xuxie.crawl.crawler import crawl_book
    from xuxie.sample.site import BOOK, sample_site, serving

    with serving(sample_site(), port) as base:
        crawl_book(base + BOOK, project, project.settings().crawl, progress)
    print(summary(project))


def encode_it(project: Project, port: int, progress: Progress) -> None:
    """Build the corpus."""
    from xuxie.corpus.build import build_corpus

    record = build_corpus([project], project.settings().corpus, progress)
    progress.say(tr("{tokens} tokens from a vocabulary of its own", tokens=record.tokens))


def train_it(project: Project, port: int, progress: Progress) -> None:
    """Train the model."""
    from xuxie.training.trainer import train

    train(project, project.settings().train, progress)


def write_on(project: Project) -> str:
    """Continue the prompt in the terminal; returns the continuation."""
    from xuxie.generation.writer import Writer

    text = ""
    print(PROMPT, end="", flush=True)
    for piece in Writer.load(project, slots=1).write(PROMPT, project.settings().write):
        text += piece
        print(piece, end="", flush=True)
    print()
    return text


STAGES = (
    (
        tr(
            "1. CRAWL. A novel's site is served on this machine; its catalogue is read, its chapters are"
            " fetched, a few at a time, and cleaned of what is not the novel."
        ),
        crawl_it,
    ),
    (
        tr(
            "2. CORPUS. Sentences become token ids, one per character, each ending in [EOS]; the last"
            " chapters are kept aside, to measure with."
        ),
        encode_it,
    ),
    (
        tr(
            "3. TRAIN. A small BERT learns the language from left to right, then what xuxie is: with UniLM"
            "'s mask, to fill in a [MASK] behind the text. Two minutes on so little text teach it turns of"
            " speech, not sense; a real book and an hour teach more."
        ),
        train_it,
    ),
)
