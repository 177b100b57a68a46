"""Windows on a corpus: which tokens are source and which are target.

Training draws windows of many shapes, the same that writing meets: a source of whole sentences (none at
all at the start of a chapter), then a target of one or more sentences that begins where a sentence
begins. `lines` is the plain pairing: a sentence and the next one. Measuring tiles a part so that every
token of it is a target exactly once.

An epoch is streamed: sections in random order, those of a book as often as its weight says, a pool of
windows at a time, so that memory does not grow with the corpus; it can be taken up at any batch.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus, Section
from xuxie.errors import InputError
from xuxie.language import tr

WITHOUT_SOURCE = 0.05  # of the training windows: a prompt may be one unfinished sentence
POOL = 16384  # windows that are shuffled together: a short novel's all, a few dozen chapters of a library
ALIKE = 1024  # windows among which those of like length make batches


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Source [start, middle) and target [middle, end) in the corpus's token ids."""

    start: int
    middle: int
    end: int

    @property
    def length(self) -> int:
        """Of source and target together, in tokens."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class WindowShape:
    """The longest source and the longest target, in tokens."""

    source: int
    target: int


Starts = NDArray[np.int64]  # where sentences begin, and the end of the last


def tile(starts: Starts, shape: WindowShape, first: int) -> Iterator[tuple[int, int]]:
    """Targets that cover the sentences from the one numbered `first`, without gap or overlap.

    Each holds as many whole sentences as fit; a sentence longer than a target is cut.
    """
    middle, end_of_section = int(starts[first]), int(starts[-1])
    while middle < end_of_section:
        fitting = int(np.searchsorted(starts, middle + shape.target, side="right")) - 1
        end = int(starts[fitting])
        if end <= middle:
            end = min(middle + shape.target, end_of_section)
        yield middle, end
        middle = end


def source_start(starts: Starts, middle: int, wanted: int, longest: int) -> int:
    """Where a source of whole sentences must start to end at `middle`, being at most `wanted` tokens long.

    The last sentence is taken even where it alone is longer, cut to its last `longest` tokens.
    """
    index = min(int(np.searchsorted(starts, middle - wanted)), len(starts) - 1)
    if index and starts[index] >= middle:
        index -= 1
    return max(int(starts[index]), middle - longest)


def measuring_windows(corpus: Corpus, sections: Sequence[Section], shape: WindowShape) -> Iterator[Window]:
    """Windows whose targets cover the sections, each behind the longest source it can have."""
    for section in sections:
        starts = corpus.sentence_starts(section)
        for middle, end in tile(starts, shape, first=0):
            yield Window(
                start=source_start(starts, middle, shape.source, shape.source), middle=middle, end=end
            )


def training_windows(
    corpus: Corpus, sections: Iterable[Section], shape: WindowShape, generator: np.random.Generator
) -> Iterator[Window]:
    """Each section tiled from a sentence drawn at random, each target behind a source of random length, so
    that short prompts are met too.
    """
    for section in sections:
        starts = corpus.sentence_starts(section)
        phase = first_target_sentences(starts, shape)
        for middle, end in tile(starts, shape, first=int(generator.integers(phase))):
            wanted = int(generator.integers(1, shape.source + 1))
            start = source_start(starts, middle, wanted, shape.source)
            if generator.random() < WITHOUT_SOURCE:
                start = middle
            yield Window(start=start, middle=middle, end=end)


def first_target_sentences(starts: Starts, shape: WindowShape) -> int:
    """How many sentences the first target of a section would hold: the choice of phases."""
    fitting = int(np.searchsorted(starts, int(starts[0]) + shape.target, side="right")) - 1
    return max(1, min(fitting, len(starts) - 1))


def line_windows(corpus: Corpus, sections: Iterable[Section], shape: WindowShape) -> Iterator[Window]:
    """The plain pairing 一一对应: every sentence of each section and the one that follows it."""
    for section in sections:
        starts = corpus.sentence_starts(section).tolist()
        for start, middle, end in zip(starts, starts[1:], starts[2:], strict=False):
            yield Window(
                start=max(start, middle - shape.source), middle=middle, end=min(end, middle + shape.target)
            )


def drawn_sections(corpus: Corpus, generator: np.random.Generator) -> list[Section]:
    """The sections of the training part in random order, each as often as its book's weight says.

    With a weight of 1.5 half of a book's sections, drawn anew for each epoch, come twice.
    """
    sections = corpus.sections("train")
    weights = np.array([corpus.book_of(section.chapter).weight for section in sections])
    times = np.floor(weights + generator.random(len(sections))).astype(int)
    repeated = [section for section, n in zip(sections, times, strict=True) for _ in range(n)]
    return [repeated[i] for i in generator.permutation(len(repeated))]


def pools(corpus: Corpus, windows: Iterator[Window]) -> Iterator[list[Window]]:
    """Windows by the POOL; between two, memory holds nothing of the corpus."""
    while pool := list(itertools.islice(windows, POOL)):
        yield pool
        corpus.release()


def batches(windows: Sequence[Window], tokens: int, generator: np.random.Generator) -> list[list[Window]]:
    """Windows in random order, those of like length together, at most `tokens` padded tokens a batch."""
    shuffled = [windows[i] for i in generator.permutation(len(windows))]
    result: list[list[Window]] = []
    for begin in range(0, len(shuffled), ALIKE):
        batch: list[Window] = []
        for window in sorted(shuffled[begin : begin + ALIKE], key=lambda window: window.length):
            if batch and (len(batch) + 1) * window.length > tokens:
                result.append(batch)
                batch = []
            batch.append(window)
        result.append(batch)
    return [result[i] for i in generator.permutation(len(result))]


def epoch_batches(
    corpus: Corpus, settings: TrainSettings, epoch: int, first: int = 0
) -> Iterator[list[Window]]:
    """The batches of one epoch of training, from the one numbered `first` on.

    They depend on the seed and the epoch's number alone. Those before `first` are drawn again and dropped,
    which takes a thousandth of the time that training on them took. Raises InputError when there is
    nothing to pair.
    """
    generator = np.random.default_rng([settings.seed, epoch])
    shape = WindowShape(source=settings.source_length, target=settings.target_length)
    drawn = drawn_sections(corpus, generator)
    if settings.pairing == "lines":
        windows = line_windows(corpus, drawn, shape)
    else:
        windows = training_windows(corpus, drawn, shape, generator)
    pooled = (batches(pool, settings.batch_tokens, generator) for pool in pools(corpus, windows))
    number = None
    for number, batch in enumerate(itertools.chain.from_iterable(pooled)):
        if number >= first:
            yield batch
    if number is None:
        raise InputError(tr("the training part has no two sentences in a row: add text"))
