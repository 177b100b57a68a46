"""What the loop learns from, one update after another, made ready while the one before is being computed.

    for update in updates(corpus, settings, place, is_starting):
        ...

Everything random here comes from generators of its own: a run that goes on draws what it would have drawn.
"""

import itertools
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import Window, epoch_batches
from xuxie.training.evaluation import pair_of
from xuxie.training.processes import Processes
from xuxie.unilm.examples import IGNORED, Example, collate
from xuxie.unilm.objectives import learned, left_to_right
from xuxie.unilm.stream import Stream, concatenate


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The windows of one update, in batches, and where in the data the run stands behind them."""

    epoch: int
    batch: int  # of the epoch, the next to be taken
    batches: list[list[Window]]


@dataclass(frozen=True, kw_only=True)
class Update:
    """What one update learns from, and where in the data the run stands behind it."""

    step: int  # its number, from 0
    epoch: int
    batch: int  # of the epoch, the next to be taken
    parts: list[Example | Stream]  # this process's share of the batches, whose gradients are added up
    predicted: int  # tokens, in all batches of all processes: what the loss is divided by
    targets: int  # target tokens, predicted or not


def updates(
    corpus: Corpus,
    settings: TrainSettings,
    place: tuple[int, int, int],
    is_starting: Callable[[int], bool],
    processes: Processes | None = None,
) -> Generator[Update, None, None]:
    """Updates without end, from where the run stands: its epoch, its batch and its step.

    `is_starting` says of a step's number whether it still belongs to the left-to-right part. It is asked
    when the update before is taken, not when a thread gets there: all processes get the same answer.
    """
    epoch, batch, first = place
    drawn = draws(corpus, settings, epoch, batch)

    def make(step: int, starting: bool) -> Update:
        return prepare(corpus, settings, next(drawn), step, starting, processes or Processes())

    with ThreadPoolExecutor(1, "feed") as pool:
        waiting = pool.submit(make, first, is_starting(first))
        for step in itertools.count(first + 1):
            update = waiting.result()
            waiting = pool.submit(make, step, is_starting(step))
            yield update


def draws(corpus: Corpus, settings: TrainSettings, epoch: int, batch: int) -> Iterator[Draw]:
    """What each update takes, epoch after epoch."""
    batches: list[list[Window]] = []
    while True:
        for windows in epoch_batches(corpus, settings, epoch, batch):
            batch += 1
            batches.append(windows)
            if len(batches) == settings.accumulation:
                yield Draw(epoch=epoch, batch=batch, batches=batches)
                batches = []
        epoch, batch = epoch + 1, 0


def prepare(
    corpus: Corpus, settings: TrainSettings, drawn: Draw, step: int, starting: bool, processes: Processes
) -> Update:
    """One update's examples; without padding unless the settings want it."""
    generator = torch.Generator().manual_seed(settings.seed + 2**20 * step)
    tokenizer = corpus.tokenizer
    examples = []
    for windows in drawn.batches:
        pairs = collate([pair_of(corpus, window) for window in windows], tokenizer.pad_id)
        if starting:
            examples.append(left_to_right(pairs))
        else:
            examples.append(learned(settings, pairs, tokenizer.mask_id, tokenizer.size, generator))
    shares = [share for example in examples if len((share := processes.share(example)).labels)]
    return Update(
        step=step,
        epoch=drawn.epoch,
        batch=drawn.batch,
        parts=list(shares) if settings.padded else [concatenate(share) for share in shares],
        predicted=sum(int((example.labels != IGNORED).sum()) for example in examples),
        targets=sum(window.end - window.middle for windows in drawn.batches for window in windows),
    )
