"""From the settings to a sampler: which processors run, in which order, on which tokens.

The order: bias; repetition penalty; presence and frequency; no-repeat n-gram; DRY; what the passage's form
forbids; temperature; top-k; top-p; min-p; the draw. The rules against repetition leave [EOS], the paragraph
mark and punctuation alone: without them there is no prose.
"""

import unicodedata

import numpy as np

from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.errors import InputError
from xuxie.generation.history import History
from xuxie.generation.processors import (
    Bias,
    CountPenalty,
    Dry,
    Exempt,
    NoRepeatNgram,
    Processor,
    RepetitionPenalty,
)
from xuxie.generation.sampling import Sampler, Shape
from xuxie.language import tr


def new_sampler(settings: WriteSettings, tokenizer: NovelTokenizer, *, seed: int) -> Sampler:
    """The sampler that the settings ask for, with an empty history.

    Raises InputError for a bias on what is not one token.
    """
    forbidden = dict.fromkeys(tokenizer.banned_ids, -np.inf)
    biases = {token_of(text, tokenizer): value for text, value in settings.bias.items()}
    processors: list[Processor] = [Bias(biases | forbidden)]
    form = form_tokens(tokenizer)
    if against := against_repetition(settings, form):
        processors.append(Exempt(np.array(form), against))
    orders = {settings.no_repeat_ngram - 1 if settings.no_repeat_ngram else 0}
    orders |= {settings.dry_allowed_length if settings.dry_multiplier else 0}
    shape = Shape(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        min_p=settings.min_p,
    )
    history = History(vocabulary=tokenizer.size, window=settings.penalty_window, orders=orders)
    return Sampler(processors, history, shape, seed=seed, alternatives=settings.logprobs)


def against_repetition(settings: WriteSettings, form: list[int]) -> tuple[Processor, ...]:
    """The processors that look at the history, those that would change nothing left out."""
    found: list[Processor] = []
    if settings.repetition_penalty != 1:
        found.append(RepetitionPenalty(settings.repetition_penalty))
    if settings.presence_penalty or settings.frequency_penalty:
        found.append(CountPenalty(settings.presence_penalty, settings.frequency_penalty))
    if settings.no_repeat_ngram:
        found.append(NoRepeatNgram(settings.no_repeat_ngram))
    if settings.dry_multiplier:
        breakers = frozenset(form)
        found.append(Dry(settings.dry_multiplier, settings.dry_base, settings.dry_allowed_length, breakers))
    return tuple(found)


def form_tokens(tokenizer: NovelTokenizer) -> list[int]:
    """[EOS], the paragraph mark and all punctuation: what also breaks a repeat in DRY's eyes."""
    marks = [i for i, text in enumerate(tokenizer.texts) if text and all(map(is_punctuation, text))]
    return [tokenizer.eos_id, tokenizer.paragraph_id, *marks]


def is_punctuation(character: str) -> bool:
    """Whether Unicode says so; the wave dash, a symbol to Unicode, is used as such."""
    return unicodedata.category(character).startswith("P") or character in "～~"


def token_of(text: str, tokenizer: NovelTokenizer) -> int:
    """The id of a text that is one token. Raises InputError."""
    (tokens,) = tokenizer.encode([text])
    if len(tokens) != 1 or tokens[0] == tokenizer.unk_id:
        raise InputError(tr("bias on {text}: it is not one character of this model", text=repr(text)))
    return tokens[0]
