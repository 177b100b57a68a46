"""Bits per character: how well a model foresees a text it has not been trained on.

Every token of the text is predicted under exactly the conditions of generation (everything before it
visible, and one `[MASK]` in its place where the objective has them, see `unilm.objectives.measured`). The
bits of all target tokens, [EOS] and paragraph marks included, are divided by the number of characters of
text; only the mark that opens a section costs nothing, for it is given, as it is to whoever writes. An
[UNK] does not say which character stands there: it is charged, besides its own bits, those to spell one of
Unicode's out. So vocabularies can be compared: leaving characters out of one gains nothing. 2 ** bits is
the perplexity per character.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertForMaskedLM

from xuxie.config import Objective
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.split import Part
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import Window, WindowShape, measuring_windows
from xuxie.unilm.examples import IGNORED, Pair, collate
from xuxie.unilm.model import cross_entropy
from xuxie.unilm.objectives import measured
from xuxie.unilm.stream import concatenate, predict_stream

BATCH_TOKENS = 4096  # padded tokens of one batch, the row of [MASK]s included
SPELLING_BITS = math.log2(0x110000 - 0x800)  # Unicode's scalar values, all equally likely: 20.08


@dataclass(frozen=True, kw_only=True)
class Score:
    """Bits and characters of what was predicted."""

    bits: float = 0.0
    characters: int = 0

    @property
    def bits_per_character(self) -> float:
        """The lower, the better foreseen."""
        return self.bits / self.characters

    def __add__(self, other: "Score") -> "Score":
        return Score(bits=self.bits + other.bits, characters=self.characters + other.characters)


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """How the tokens of one target were foreseen, and the characters that they stand for.

    All [tokens]: the bits of each, with those to spell out an [UNK]; whether it was the likeliest; the
    probability of the likeliest. Where there is no source, the first token is given and not among them.
    """

    bits: NDArray[np.float64]
    right: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    characters: int

    @property
    def score(self) -> Score:
        """In all."""
        return Score(bits=float(self.bits.sum()), characters=self.characters)


def evaluate_chapters(
    model: BertForMaskedLM,
    corpus: Corpus,
    part: Part,
    shape: WindowShape,
    most_tokens: int | None = None,
    objective: Objective = "pseudo-masked",
) -> dict[int, Score]:
    """The score on one part of a corpus, in fp32, by chapter (its place in the corpus).

    `most_tokens` bounds the work: windows are taken evenly spread until about so many targets. Empty where
    the part is.
    """
    windows = list(measuring_windows(corpus, corpus.sections(part), shape))
    targets = sum(window.end - window.middle for window in windows)
    if most_tokens and targets > most_tokens:
        every = math.ceil(targets / most_tokens)
        windows = windows[every // 2 :: every] or windows[:1]
    scores: defaultdict[int, Score] = defaultdict(Score)
    for window, foreseen in foresee_windows(model, corpus, windows, objective):
        scores[corpus.chapter_at(window.middle)] += foreseen.score
    return dict(sorted(scores.items()))


def foresee_windows(
    model: BertForMaskedLM, corpus: Corpus, windows: Sequence[Window], objective: Objective
) -> Iterator[tuple[Window, Foreseen]]:
    """Every window with how its target was foreseen, those of like length first."""
    training = model.training
    model.eval()
    for batch in by_length(windows):
        pairs = [pair_of(corpus, window) for window in batch]
        yield from zip(batch, foresee(model, corpus.tokenizer, pairs, objective), strict=True)
    model.train(training)


@torch.no_grad()
def foresee(
    model: BertForMaskedLM, tokenizer: NovelTokenizer, pairs: Sequence[Pair], objective: Objective
) -> list[Foreseen]:
    """How the targets of some pairs were foreseen, computed in one batch."""
    example = measured(objective, collate(pairs, tokenizer.pad_id), tokenizer.mask_id)
    logits, labels = predict_stream(model, concatenate(example).to(model.device))
    nats = cross_entropy(logits, labels, reduction="none").double()
    bits = nats / math.log(2) + SPELLING_BITS * (labels == tokenizer.unk_id)
    confidence, likeliest = logits.float().softmax(dim=-1).max(dim=-1)
    lengths = (example.labels != IGNORED).sum(dim=1).tolist()
    columns = (column.cpu().split(lengths) for column in (bits, likeliest == labels, confidence.double()))
    return [
        Foreseen(
            bits=own_bits.numpy(),
            right=right.numpy(),
            confidence=confident.numpy(),
            characters=int(tokenizer.characters[list(target)].sum()),
        )
        for (_, target), own_bits, right, confident in zip(pairs, *columns, strict=True)
    ]


def pair_of(corpus: Corpus, window: Window) -> Pair:
    """The token ids of a window's source and target."""
    return corpus.ids(window.start, window.middle), corpus.ids(window.middle, window.end)


def by_length(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows in batches of like lengths, so that little is padding."""
    ordered = sorted(windows, key=cost)
    size = max(1, BATCH_TOKENS // max(map(cost, ordered), default=1))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def cost(window: Window) -> int:
    """The tokens that measuring a window takes: the target stands twice."""
    return window.length + window.end - window.middle
