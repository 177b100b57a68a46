import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.reference import READINGS, small_model, whole_forward
from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.engines import open_decoder
from xuxie.generation.request import Drawn, Request, Verdict, Window
from xuxie.generation.scheduler import Scheduler
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.models import weights_of

MODEL = small_model()
READING = READINGS["masked"]
PROMPTS = [([5, 6, 7], [8]), ([], [9, 10]), ([11] * 12, []), ([5, 6, 7], [8]), ([30, 31], [32, 33, 34])]


@dataclass(frozen=True)
class Token:
    token: int


class Dice:
    """A sampler with its own random numbers."""

    def __init__(self, seed: int) -> None:
        self.random, self.tokens = np.random.default_rng(seed), list[int]()

    def sample(self, logits: Logits) -> Drawn:
        weights = np.exp(logits[5:] - logits[5:].max(), dtype=np.float64)
        edges = weights.cumsum()
        return Token(5 + int(np.searchsorted(edges, self.random.random() * edges[-1])))

    def append(self, token: int) -> None:
        self.tokens.append(token)


class Greedy(Dice):
    def sample(self, logits: Logits) -> Drawn:
        return Token(int(logits.argmax()))


def scheduler(slots: int) -> Scheduler:
    return Scheduler(TorchDecoder(weights_of(MODEL), READING, slots=slots))


def request(number: int, most: int = 12, sampler: type[Dice] = Dice) -> Request:
    source, target = PROMPTS[number % len(PROMPTS)]
    return Request(source=source, target=target, sampler=sampler(number), most=most)


def written(request: Request) -> list[int]:
    return [drawn.token for drawn in request.drawn]


def alone(number: int, most: int = 12) -> list[int]:
    one = request(number, most)
    for _ in scheduler(1).run(one):
        pass
    return written(one)


def test_greedy_text_is_that_of_whole_forwards() -> None:
    for number in range(len(PROMPTS)):
        one = request(number, sampler=Greedy)
        for _ in scheduler(1).run(one):
            pass
        source, target = PROMPTS[number]
        expected: list[int] = []
        for _ in range(12):
            logits = whole_forward(MODEL, READING, source, [*target, *expected])
            expected.append(int(logits.argmax()))
        assert written(one) == expected


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_together_each_writes_what_it_writes_alone(slots: int) -> None:
    requests = [request(number, most=3 + 2 * number) for number in range(5)]
    for _ in scheduler(slots).run_together(requests):
        pass
    assert [written(r) for r in requests] == [alone(n, most=3 + 2 * n) for n in range(5)]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=2, max_size=6), st.integers(1, 3))
@settings(max_examples=15)
def test_requests_join_and_leave_at_any_step(plan: list[tuple[int, int]], slots: int) -> None:
    """Each is begun when the one before it has so many tokens, and every second one is left half-way."""
    shared = scheduler(slots)
    requests = [request(number) for number, _ in plan]
    runs = []
    for one, (_, steps) in zip(requests, plan, strict=True):
        runs.append(shared.run(one))
        for _ in range(steps):
            next(runs[-1], None)
        if len(runs) % 2 or slots < len(runs):
            runs.pop(0).close()  # type: ignore[attr-defined]
    for run in runs:
        for _ in run:
            pass
    for one, (number, _) in zip(requests, plan, strict=True):
        assert written(one) == alone(number)[: len(one.drawn)]


def test_deterministic_text_does_not_depend_on_company() -> None:
    """200 prompts: alone, and in batches of any size in which others join and are cancelled."""
    one, many = (
        Scheduler(open_decoder(weights_of(MODEL), READING, slots=slots, deterministic=True, device="cpu"))
        for slots in (1, 7)
    )
    draw = np.random.default_rng(0)
    prompts = [draw.integers(5, 60, draw.integers(1, 20)).tolist() for _ in range(200)]
    requests, expected = (
        [Request(source=p, target=[], sampler=Dice(n), most=5) for n, p in enumerate(prompts)] for _ in "12"
    )
    for request in expected:
        for _ in one.run(request):
            pass
    for begin in range(0, 200, 20):
        cancelled = many.run(Request(source=[9], target=[], sampler=Dice(0), most=9))
        next(cancelled)
        run = many.run_together(requests[begin : begin + 20])
        next(run)
        cancelled.close()  # type: ignore[attr-defined]
        for _ in run:
            pass
    assert [written(r) for r in requests] == [written(r) for r in expected]


class Counting(TorchDecoder):
    prefills = 0

    def prefill(self, slot: int, source: Sequence[int], target: Sequence[int]) -> Logits:
        self.prefills += 1
        return super().prefill(slot, source, target)


def test_candidates_share_the_prefill() -> None:
    decoder = Counting(weights_of(MODEL), READING, slots=4)
    requests = [request(0) for _ in range(3)] + [request(1)]
    for number, one in enumerate(requests):
        one.sampler = Dice(number)
    for _ in Scheduler(decoder).run_together(requests):
        pass
    assert decoder.prefills == 2
    assert len({tuple(written(one)) for one in requests}) == 4
    assert written(requests[0]) == alone(0)


def test_a_judge_takes_tokens_back_and_ends() -> None:
    taken_back: list[int] = []

    def judge(drawn: Sequence[Drawn]) -> Verdict:
        if len(drawn) == 4 and not taken_back:
            taken_back.extend(d.token for d in drawn[1:])
            return Verdict(keep=1)
        return Verdict(done=len(drawn) == 6)

    one = request(0, sampler=Greedy)
    one.judge = judge
    for _ in scheduler(2).run_together([one, request(1)]):
        pass
    expected = request(0, sampler=Greedy, most=6)
    for _ in scheduler(1).run(expected):
        pass
    assert written(one) == written(expected)
    assert taken_back == written(expected)[1:4]


def test_everything_may_be_taken_back() -> None:
    verdicts = iter([Verdict(keep=0)] * 3)
    one = request(2, sampler=Greedy, most=5)
    one.judge = lambda _: next(verdicts, Verdict())
    for _ in scheduler(1).run(one):
        pass
    expected = request(2, sampler=Greedy, most=5)
    for _ in scheduler(1).run(expected):
        pass
    assert written(one) == written(expected)


def moving(window: Window) -> Callable[[Sequence[Drawn]], Verdict]:
    """A judge that moves to this window once there are two tokens."""
    windows = iter([window])

    def judge(drawn: Sequence[Drawn]) -> Verdict:
        return Verdict(window=next(windows, None)) if len(drawn) == 2 else Verdict()

    return judge


def test_a_judge_moves_the_window_on() -> None:
    """Each writes on in the other's window, in its slot, beside one that stays in its own."""
    moved = [request(number, sampler=Greedy, most=3) for number in (0, 4)]
    for one, (source, target) in zip(moved, (PROMPTS[4], PROMPTS[0]), strict=True):
        one.judge = moving(Window(source, target, 5))
    for _ in scheduler(3).run_together([*moved, request(1)]):
        pass
    for one, number in zip(moved, (4, 0), strict=True):
        expected = request(number, sampler=Greedy, most=5)
        for _ in scheduler(1).run(expected):
            pass
        assert written(one) == written(expected)


def test_a_failing_sampler_fails_its_request_alone() -> None:
    class Failing(Dice):
        def sample(self, logits: Logits) -> Drawn:
            if len(self.tokens) == 3:
                raise ArithmeticError("no numbers")
            return super().sample(logits)

    shared, other = scheduler(2), request(1)
    runs = shared.run(other)
    next(runs)
    with pytest.raises(ArithmeticError, match="no numbers"):
        for _ in shared.run(request(0, sampler=Failing)):
            pass
    for _ in runs:
        pass
    assert written(other) == alone(1)


def test_a_failing_decoder_fails_all_and_serves_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = scheduler(2)
    with monkeypatch.context() as patch:
        patch.setattr(shared.decoder, "step", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            for _ in shared.run_together([request(0), request(1)]):
                pass
    again = request(0)
    for _ in shared.run(again):
        pass
    assert written(again) == alone(0)


def test_threads_write_side_by_side() -> None:
    shared = scheduler(3)
    requests = [request(number) for number in range(8)]

    def write(one: Request) -> None:
        for _ in shared.run(one):
            pass

    threads = [threading.Thread(target=write, args=(one,)) for one in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [written(one) for one in requests] == [alone(number) for number in range(8)]


def test_a_window_without_room_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="a window of 4 tokens, and 37 more"):
        scheduler(1).run(request(0, most=37))


def test_reserved_slots_are_nobody_elses() -> None:
    shared = scheduler(3)
    run = shared.run(request(0))
    next(run)
    with shared.reserve(2) as slots:
        assert slots == [1, 2]
        decoder: Decoder = shared.decoder
        decoder.prefill(slots[0], [5], [6])
        decoder.step([Chunk(slot=slots[0], tokens=[7])])
    with pytest.raises(ValueError, match="4 slots of 3"), shared.reserve(4):
        pass
    for _ in run:
        pass


def test_who_wants_several_slots_waits_for_what_was_begun() -> None:
    shared, lengths = scheduler(2), (4, 8, 12)
    requests = [request(number, most) for number, most in enumerate(lengths)]
    run = shared.run_together(requests)
    next(run)
    with shared.reserve(2) as slots:
        assert slots == [0, 1]
        assert [written(r) for r in requests] == [alone(0, 4), alone(1, 8), []]
    for _ in run:
        pass
    assert written(requests[2]) == alone(2)
