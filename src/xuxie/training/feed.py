"""What the loop learns from, one update after another, made ready while the one before is being computed.

    for update in ahead(updates(corpus, settings, state, is_starting)):
        ...

Everything random here comes from generators of its own: a run that goes on draws what it would have drawn.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import Window, epoch_batches
from xuxie.training.evaluation import pair_of
from xuxie.unilm.examples import IGNORED, Example, collate
from xuxie.unilm.objectives import learned, left_to_right
from xuxie.unilm.stream import Stream, concatenate

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Update:
    """What one update learns from, and where in the data the run stands behind it."""

    epoch: int
    batch: int  # of the epoch, the next to be taken
    parts: list[Example | Stream]  # batches whose gradients are added up
    predicted: int  # tokens, in all of them: what the loss is divided by
    targets: int  # target tokens, predicted or not


def updates(
    corpus: Corpus,
    settings: TrainSettings,
    start: tuple[int, int, int],
    is_starting: Callable[[int], bool],
) -> Iterator[Update]:
    """Updates without end, from where the run stands: its epoch, its batch and its step.

    `is_starting` says of a step's number whether it still belongs to the left-to-right part.
    """
    epoch, batch, step = start
    windows: list[list[Window]] = []
    while True:
        for drawn in epoch_batches(corpus, settings, epoch, batch):
            batch += 1
            windows.append(drawn)
            if len(windows) == settings.accumulation:
                yield prepare(corpus, settings, windows, epoch, batch, step, starting=is_starting(step))
                windows, step = [], step + 1
        epoch, batch = epoch + 1, 0


def prepare(
    corpus: Corpus,
    settings: TrainSettings,
    batches: list[list[Window]],
    epoch: int,
    batch: int,
    step: int,
    *,
    starting: bool,
) -> Update:
    """One update's examples; without padding unless the settings want it."""
    generator = torch.Generator().manual_seed(settings.seed + 2**20 * step)
    tokenizer = corpus.tokenizer
    examples = []
    for windows in batches:
        pairs = collate([pair_of(corpus, window) for window in windows], tokenizer.pad_id)
        if starting:
            examples.append(left_to_right(pairs))
        else:
            examples.append(learned(settings, pairs, tokenizer.mask_id, tokenizer.size, generator))
    return Update(
        epoch=epoch,
        batch=batch,
        parts=list(examples) if settings.padded else [concatenate(example) for example in examples],
        predicted=sum(int((example.labels != IGNORED).sum()) for example in examples),
        targets=sum(window.end - window.middle for windows in batches for window in windows),
    )


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items of an endless iterator, each made in a thread while the one before is in use."""
    with ThreadPoolExecutor(1, "feed") as pool:
        waiting = pool.submit(next, items)
        while True:
            item = waiting.result()
            waiting = pool.submit(next, items)
            yield item
