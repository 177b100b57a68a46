from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import build_character_tokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError
from xuxie.generation.beams import search
from xuxie.generation.decoder import Reading
from xuxie.generation.passage import Language, Passage
from xuxie.generation.sampling import log_softmax
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.generation.writer import Writer
from xuxie.models import weights_of
from xuxie.unilm.model import new_model

TOKENIZER = build_character_tokenizer(Counter("甲乙丙。"), eos="[EOS]", paragraph="[PAR]")
BEGUN = len("¶甲乙。/丙")
LANGUAGE = Language(TOKENIZER, WindowShape(source=16, target=8))


@pytest.fixture(scope="module")
def decoder() -> TorchDecoder:
    model = new_model(vocabulary_size=TOKENIZER.size, layers=2, hidden_size=32, heads=2, positions=24)
    for parameter in model.parameters():
        parameter.data.mul_(6)  # so that it has preferences
    return TorchDecoder(weights_of(model.eval()), Reading(mask_id=TOKENIZER.mask_id), slots=40)


def passage_of(**options: Any) -> Passage:
    return Passage("甲乙。丙", WriteSettings(temperature=0.0, **options), LANGUAGE, seed=0)


def score(decoder: TorchDecoder, tokens: tuple[int, ...], **options: Any) -> tuple[float, Passage]:
    """The log-probability of these tokens as a passage, each by a prefill of its own."""
    passage, total = passage_of(**options), 0.0
    for token in tokens:
        logits = decoder.prefill(0, passage.source, passage.target)
        scores = log_softmax(passage.sampler.process(logits, passage.forbidden()))
        total += float(scores[token])
        passage.append(passage.sampler.choice(token, logits))
    return total, passage


def complete(decoder: TorchDecoder, passage: Passage, depth: int) -> Iterator[tuple[float, int]]:
    """All continuations that are complete within so many tokens: log-probability and length."""
    if passage.done:
        yield 0.0, len(passage.written)
    elif depth:
        logits = decoder.prefill(0, passage.source, passage.target)
        scores = log_softmax(passage.sampler.process(logits, passage.forbidden()))
        for token in np.flatnonzero(np.isfinite(scores)):
            longer = passage.fork(0)
            longer.append(longer.sampler.choice(int(token), logits))
            for rest, length in complete(decoder, longer, depth - 1):
                yield float(scores[token]) + rest, length


@pytest.mark.parametrize("length_penalty", [0.0, 2.0])
def test_with_beams_enough_it_finds_the_best_of_all(decoder: TorchDecoder, length_penalty: float) -> None:
    options: dict[str, Any] = {"length": 1, "stop": ("丙丙", "甲甲", "乙丙")}
    all_short = list(complete(decoder, passage_of(**options), 3))
    assert len(all_short) > 20
    best = max(total / max(1, length) ** length_penalty for total, length in all_short)
    found = search(passage_of(**options), decoder, range(1, 37), length_penalty=length_penalty)[0]
    total, again = score(decoder, tuple(found.context.tokens[BEGUN:]), **options)
    assert again.text == found.text
    assert total / max(1, len(found.written)) ** length_penalty >= best - 1e-4


def test_one_beam_is_greedy(tiny_writer: Writer) -> None:
    settings = WriteSettings(temperature=0.0, length=60)
    passage = Passage("他推开门，", settings, tiny_writer.language, seed=0)
    with tiny_writer.scheduler.reserve(1) as slots:
        (found,) = search(passage, tiny_writer.scheduler.decoder, slots, length_penalty=1.0)
    assert found.text == "".join(tiny_writer.write("他推开门，", settings))


def test_beams_move_their_windows_and_come_best_first(decoder: TorchDecoder) -> None:
    found = search(passage_of(length=30), decoder, range(4), length_penalty=1.0)
    scores = []
    for passage in found:
        total, again = score(decoder, tuple(passage.context.tokens[BEGUN:]), length=30)
        assert again.text == passage.text
        scores.append(total / len(passage.written))
    assert scores == sorted(scores, reverse=True)
    assert len({passage.text for passage in found}) > 1


def test_a_banned_phrase_is_in_no_beam(decoder: TorchDecoder) -> None:
    found = search(passage_of(length=10, ban=("甲", "丙丙", "。")), decoder, range(4), length_penalty=1.0)
    assert found
    for passage in found:
        assert not [phrase for phrase in ("甲", "丙丙", "。") if phrase in passage.text]


def test_where_nothing_may_be_written_it_says_so(decoder: TorchDecoder) -> None:
    with pytest.raises(InputError, match="nothing may be written here"):
        search(passage_of(ban=("甲", "乙", "丙", "。")), decoder, range(2), length_penalty=1.0)


def test_beams_stop_when_nobody_waits_for_them(decoder: TorchDecoder) -> None:
    left = iter([False, False, True])
    assert (
        search(passage_of(length=30), decoder, range(4), length_penalty=1.0, gone=lambda: next(left)) == []
    )
    assert next(left, None) is None
