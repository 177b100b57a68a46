from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.reference import READINGS, small_model, weights_of
from generation.test_scheduler import Dice, Greedy, request, written
from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.onnx_decoder import OnnxDecoder
from xuxie.generation.request import Request
from xuxie.generation.scheduler import Scheduler
from xuxie.generation.speculation import MOST, TRY_AGAIN, Speculation
from xuxie.generation.torch_decoder import TorchDecoder

READING = READINGS["masked"]


class Counting(TorchDecoder):
    steps = 0

    def step(self, chunks: Sequence[Chunk]) -> list[Logits]:
        self.steps += 1
        return super().step(chunks)


def foreseeing_model() -> Counting:
    """One that cares little for what stands before, so that its guesses are often right."""
    model = small_model()
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight[5:] *= 0.2
        model.cls.predictions.bias[10:14] += 2.0
    return Counting(weights_of(model), READING, slots=4)


def write(decoder: Decoder, requests: list[Request], *, speculate: bool) -> list[list[int]]:
    for _ in Scheduler(decoder, speculate=speculate).run_together(requests):
        pass
    return [written(one) for one in requests]


@pytest.mark.parametrize(("sampler", "count", "together"), [(Dice, 200, 1), (Dice, 30, 3), (Greedy, 30, 1)])
def test_the_text_is_the_same_in_fewer_passes(sampler: type[Dice], count: int, together: int) -> None:
    """So the distribution is the same too, whatever is guessed."""
    plain, guessing = foreseeing_model(), foreseeing_model()
    for first in range(0, count, together):
        numbers = range(first, first + together)
        expected = write(plain, [request(n, 10, sampler) for n in numbers], speculate=False)
        assert write(guessing, [request(n, 10, sampler) for n in numbers], speculate=True) == expected
    assert guessing.steps < plain.steps * (0.9 if together == 1 else 1.01)


def test_int8_by_rows_has_the_same_bits_however_many_rows_are_checked() -> None:
    decoder = OnnxDecoder(weights_of(small_model()), READING, arithmetic="int8-rows", threads=1)
    decoder.prefill(0, [5, 6, 7], [8])
    together = decoder.step([Chunk(slot=0, tokens=[9, 10, 11], guesses=2)])[0]
    decoder.prefill(0, [5, 6, 7], [8])
    for row, token in zip(together, [9, 10, 11], strict=False):
        assert decoder.step([Chunk(slot=0, tokens=[token])])[0][0].tobytes() == row.tobytes()


def test_guesses_that_are_right_are_made_and_those_that_are_wrong_are_not() -> None:
    good, bad = Speculation(), Speculation()
    for _ in range(40):
        good.learn(2, 2)
        bad.learn(2, 0)
    assert good.wanted(beside=0) >= 2
    assert bad.wanted(beside=0) == 0
    assert good.wanted(beside=31) == 0  # where rows are dear


def test_one_that_has_given_up_tries_again() -> None:
    speculation = Speculation(rates=[0.0] * MOST)
    wanted = [speculation.wanted(beside=0) for _ in range(3 * TRY_AGAIN)]
    assert sum(wanted) == 3
    for _ in range(40):
        speculation.learn(1, 1)
    assert speculation.wanted(beside=0) > 0


@given(st.lists(st.tuples(st.integers(0, MOST), st.integers(0, MOST)), max_size=30), st.integers(0, 31))
def test_rates_stay_rates(learned: list[tuple[int, int]], beside: int) -> None:
    speculation = Speculation()
    for guessed, accepted in learned:
        speculation.learn(guessed, min(guessed, accepted))
    assert all(0 <= rate <= 1 for rate in speculation.rates)
    assert 0 <= speculation.wanted(beside) <= MOST
    assert speculation.speed(0, 0) == 1
    assert np.isfinite([speculation.speed(g, beside) for g in range(MOST + 1)]).all()
