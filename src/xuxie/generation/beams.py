"""Beam search: the passages whose log-probability, weighed by their length, is the highest.

    passages = search(passage, decoder, slots, length_penalty=1.0)

At every step each beam is continued by its likeliest tokens, and the best of all these go on. There are as
many beams as slots.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from xuxie.errors import InputError
from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.passage import Passage
from xuxie.generation.sampling import likeliest, log_softmax
from xuxie.language import tr


class Beam(NamedTuple):
    """A passage, the sum of its tokens' natural log-probabilities behind all processors, and its slot.

    `source` is that of the window in the slot.
    """

    passage: Passage
    score: float
    slot: int
    source: list[int]

    def weight(self, length_penalty: float) -> float:
        """score / tokens ** length_penalty."""
        return float(self.score / max(1, len(self.passage.written)) ** length_penalty)


def never() -> bool:
    """Whether somebody has left who cannot."""
    return False


def search(
    passage: Passage,
    decoder: Decoder,
    slots: Sequence[int],
    *,
    length_penalty: float,
    gone: Callable[[], bool] = never,
) -> list[Passage]:
    """The best continuations of a passage at its beginning, complete, best first, one for each slot.

    Fewer where there are not so many that differ, and none as soon as `gone` says that nobody wants them
    any more. Raises InputError where nothing may be written.
    """
    logits = [decoder.prefill(slots[0], passage.source, passage.target)]
    live, finished = [Beam(passage, 0.0, slots[0], passage.source)], list[Beam]()
    while live:
        if gone():
            return []
        grown = list(grow(live, logits, len(slots)))
        finished += [beam for beam in grown if beam.passage.done]
        finished.sort(key=lambda beam: -beam.weight(length_penalty))
        del finished[len(slots) :]
        live = [beam for beam in grown if not beam.passage.done]
        if len(finished) == len(slots) and live:
            best = max(beam.weight(length_penalty) for beam in live)
            if best <= finished[-1].weight(length_penalty):
                break
        live = part(live, slots, decoder)
        logits = show(live, decoder)
        live = [beam._replace(source=beam.passage.source) for beam in live]
    if not finished:
        raise InputError(tr("nothing may be written here: forbid less"))
    return [beam.passage for beam in finished]


def grow(live: Sequence[Beam], logits: Sequence[Logits], width: int) -> Iterator[Beam]:
    """The beams one token longer, best first, until `width` of them are not done; slots are the parents'.

    A continuation that completes a banned phrase is none.
    """
    extensions = sorted(
        (
            (-(beam.score + score), place, token)
            for place, beam in enumerate(live)
            for token, score in best_tokens(beam.passage, logits[place], 2 * width)
        )
    )
    going_on = 0
    for negative, place, token in extensions:
        parent = live[place]
        passage = parent.passage.fork(0)
        if passage.append(passage.sampler.choice(token, logits[place])):
            yield Beam(passage, -negative, parent.slot, parent.source)
            going_on += not passage.done
        if going_on == width:
            return


def best_tokens(passage: Passage, logits: Logits, count: int) -> list[tuple[int, float]]:
    """The likeliest next tokens of a passage with their log-probabilities behind all processors."""
    scores = log_softmax(passage.sampler.process(logits, passage.forbidden()))
    tokens = likeliest(np.exp(scores), lambda found: len(found) >= count)[:count]
    return [(int(token), float(scores[token])) for token in tokens]


def part(live: Sequence[Beam], slots: Sequence[int], decoder: Decoder) -> list[Beam]:
    """Give each beam a slot of its own that holds its parent's window."""
    free = [slot for slot in slots if slot not in {beam.slot for beam in live}]
    parted: list[Beam] = []
    for beam in live:
        if beam.slot in {other.slot for other in parted}:
            slot = free.pop()
            decoder.fork(beam.slot, [slot])
            beam = beam._replace(slot=slot)
        parted.append(beam)
    return parted


def show(live: Sequence[Beam], decoder: Decoder) -> list[Logits]:
    """The logits, float32 [vocabulary], behind each beam, whose slot holds all but its last token."""
    logits: dict[int, Logits] = {}
    for beam in live:
        if beam.passage.source is not beam.source:  # the window has moved
            logits[beam.slot] = decoder.prefill(beam.slot, beam.passage.source, beam.passage.target)
    going_on = [beam for beam in live if beam.slot not in logits]
    chunks = [Chunk(slot=beam.slot, tokens=beam.passage.target[-1:]) for beam in going_on]
    if chunks:
        for chunk, rows in zip(chunks, decoder.step(chunks), strict=True):
            logits[chunk.slot] = rows[0]
    return [logits[beam.slot] for beam in live]
