from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.reference import READINGS, small_model
from generation.test_scheduler import Dice, Greedy, request, written
from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.onnx_decoder import OnnxDecoder
from xuxie.generation.request import Request
from xuxie.generation.scheduler import Scheduler
from xuxie.generation.speculation import FEWEST, MOST, Speculation
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.models import weights_of

READING = READINGS["masked"]


class Counting(TorchDecoder):
    steps = 0

    def step(self, chunks: Sequence[Chunk]) -> list[Logits]:
        self.steps += 1
        return super().step(chunks)


def repeating_model(name: str) -> Counting:
    """One that writes the same few tokens again and again."""
    model = small_model()
    with torch.no_grad():
        model.cls.predictions.bias[10] += 7.0
    return Counting(weights_of(model), READINGS[name], slots=4)


def write(decoder: Decoder, requests: list[Request], *, speculate: bool) -> list[list[int]]:
    for _ in Scheduler(decoder, speculate=speculate).run_together(requests):
        pass
    return [written(one) for one in requests]


@pytest.mark.parametrize(
    ("name", "sampler", "count", "together"),
    [
        ("masked", Dice, 40, 1),
        ("masked", Dice, 15, 3),
        ("masked", Greedy, 5, 1),
        ("left-to-right", Dice, 5, 1),
    ],
)
def test_the_text_is_the_same_in_fewer_passes(
    name: str, sampler: type[Dice], count: int, together: int
) -> None:
    """So the distribution is the same too, whatever is guessed."""
    plain, guessing = repeating_model(name), repeating_model(name)
    for first in range(0, count, together):
        numbers = range(first, first + together)
        expected = write(plain, [request(n, 20, sampler) for n in numbers], speculate=False)
        assert write(guessing, [request(n, 20, sampler) for n in numbers], speculate=True) == expected
    assert guessing.steps < plain.steps * (0.9 if together == 1 else 1)


def test_int8_by_rows_has_the_same_bits_however_many_rows_are_checked() -> None:
    decoder = OnnxDecoder(weights_of(small_model()), READING, arithmetic="int8-rows", threads=1)
    decoder.prefill(0, [5, 6, 7], [8])
    together = decoder.step([Chunk(slot=0, tokens=[9, 10, 11])])[0]
    decoder.prefill(0, [5, 6, 7], [8])
    for row, token in zip(together, [9, 10, 11], strict=True):
        assert decoder.step([Chunk(slot=0, tokens=[token])])[0][0].tobytes() == row.tobytes()


@pytest.mark.parametrize(
    ("tokens", "guesses"),
    [
        ([1, 2, 3, 4, 5, 6, 1, 2, 3, 4], [5, 6]),
        ([1, 2, 3, 4, 7, 1, 2, 3, 4, 5, 1, 2, 3, 4], [5, 1]),  # the last time counts
        ([9, 9, 9, 9, 9], [9, 9]),  # what is guessed repeats itself
        ([1, 2, 1, 2, 1, 2, 1], [2, 1]),
        ([1, 2, 3, 4, 5, 1, 2, 3], []),
        ([1, 2, 3, 4], []),
        ([], []),
    ],
)
def test_what_stood_behind_the_same_is_guessed(tokens: list[int], guesses: list[int]) -> None:
    assert Speculation(trust=2).guess(tokens, MOST) == guesses
    assert Speculation().guess(tokens, 1) == guesses[:1]
    assert Speculation().guess(tokens, 0) == []


def test_the_last_time_is_believed() -> None:
    tokens = [0, 1, 2, 3, 4, 5, 6, 7, 50, 4, 5, 6, 7, 60, 0, 1, 2, 3, 4, 5, 6, 7]
    assert Speculation().guess(tokens, 1) == [60]


def test_more_is_guessed_while_it_is_right() -> None:
    speculation, tokens = Speculation(), [9] * 20
    for _ in range(MOST):
        guesses = speculation.guess(tokens, MOST)
        speculation.learn(len(guesses), len(guesses))
    assert len(speculation.guess(tokens, MOST)) == MOST
    speculation.learn(MOST, 0)
    assert len(speculation.guess(tokens, MOST)) == FEWEST


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, MOST))
def test_guesses_are_what_followed_before(tokens: list[int], most: int) -> None:
    guesses = Speculation().guess(tokens, most)
    assert len(guesses) <= min(most, FEWEST)
    if guesses:
        end = tokens[-4:]
        places = [i for i in range(4, len(tokens)) if tokens[i - 4 : i] == end]
        assert guesses[0] in {tokens[i] for i in places}
