"""Bits per character: how well a model foresees a text it has not been trained on.

Every token of the text is predicted under exactly the conditions of generation (everything before it
visible, and one `[MASK]` in its place where the objective has them, see `unilm.objectives.measured`). The
bits of all target tokens, [EOS] and paragraph marks included, are divided by the number of characters of
text, so that tokenizers can be compared. 2 ** bits is the perplexity per character.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import BertForMaskedLM

from xuxie.config import Objective
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.split import Part
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import Window, WindowShape, measuring_windows
from xuxie.unilm.examples import Pair, collate
from xuxie.unilm.model import cross_entropy
from xuxie.unilm.objectives import measured
from xuxie.unilm.stream import concatenate, predict_stream

BATCH_TOKENS = 4096  # padded tokens of one batch, the row of [MASK]s included


@dataclass(frozen=True, kw_only=True)
class Score:
    """Bits and characters of what was predicted."""

    bits: float
    characters: int

    @property
    def bits_per_character(self) -> float:
        """The lower, the better foreseen."""
        return self.bits / self.characters


def evaluate(
    model: BertForMaskedLM,
    corpus: Corpus,
    part: Part,
    shape: WindowShape,
    most_tokens: int | None = None,
    objective: Objective = "pseudo-masked",
) -> Score | None:
    """The score on one part of a corpus, in fp32; None where the part is empty.

    `most_tokens` bounds the work: windows are taken evenly spread until about so many targets.
    """
    windows = list(measuring_windows(corpus, corpus.sections(part), shape))
    targets = sum(window.end - window.middle for window in windows)
    if most_tokens and targets > most_tokens:
        every = math.ceil(targets / most_tokens)
        windows = windows[every // 2 :: every] or windows[:1]
    pairs = [pair_of(corpus, window) for window in windows]
    score = Score(bits=0.0, characters=0)
    training = model.training
    model.eval()
    for batch in by_length(pairs):
        part_score = score_pairs(model, corpus.tokenizer, batch, objective)
        score = Score(
            bits=score.bits + part_score.bits, characters=score.characters + part_score.characters
        )
    model.train(training)
    return score if score.characters else None


@torch.no_grad()
def score_pairs(
    model: BertForMaskedLM,
    tokenizer: NovelTokenizer,
    pairs: Sequence[Pair],
    objective: Objective = "pseudo-masked",
) -> Score:
    """The bits of the targets of some pairs, computed in one batch."""
    example = measured(objective, collate(pairs, tokenizer.pad_id), tokenizer.mask_id)
    logits, labels = predict_stream(model, concatenate(example).to(model.device))
    nats = cross_entropy(logits, labels, reduction="sum").item()
    characters = sum(int(tokenizer.characters[list(target)].sum()) for _, target in pairs)
    return Score(bits=nats / math.log(2), characters=characters)


def pair_of(corpus: Corpus, window: Window) -> Pair:
    """The token ids of a window's source and target."""
    return corpus.ids(window.start, window.middle), corpus.ids(window.middle, window.end)


def by_length(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs in batches of like lengths, so that little is padding."""
    ordered = sorted(pairs, key=lambda pair: len(pair[0]) + 2 * len(pair[1]))
    longest = max((len(source) + 2 * len(target) for source, target in ordered), default=1)
    size = max(1, BATCH_TOKENS // longest)
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]
