from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.reference import MASK, READINGS, expected_rows, small_model, whole_forward
from xuxie.generation.decoder import Chunk, Decoder, Logits
from xuxie.generation.onnx_decoder import OnnxDecoder
from xuxie.generation.onnx_products import Arithmetic
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.models import weights_of

MODEL = small_model()
SLOTS = 3
WEIGHTS = weights_of(MODEL)
ENGINES: dict[str, Callable[..., Decoder]] = {
    "torch": TorchDecoder,
    "onnx": partial(OnnxDecoder, arithmetic="fp32", threads=1),
}
EXACT = {
    (engine, name): make(WEIGHTS, reading, slots=SLOTS)
    for name, reading in READINGS.items()
    for engine, make in ENGINES.items()
}
TOKENS = st.integers(5, 59)


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("engine", "name"), EXACT)
@given(data=st.data())
@settings(max_examples=25)
def test_logits_are_those_of_the_whole_window(engine: str, name: str, data: st.DataObject) -> None:
    """Whatever stands in the slots, joins, is appended, taken back and forked."""
    decoder, reading = EXACT[engine, name], READINGS[name]
    windows: dict[int, tuple[list[int], list[int]]] = {}
    for _ in range(data.draw(st.integers(1, 6), "actions")):
        slot = data.draw(st.integers(0, SLOTS - 1), "slot")
        match data.draw(st.sampled_from(["prefill", "rewind", "fork", "step", "step"])):
            case "rewind" if slot in windows:
                source, target = windows[slot]
                kept = data.draw(st.integers(0 if source else 1, len(target)), "kept")
                windows[slot] = (source, target[:kept])
                decoder.rewind(slot, len(source) + kept)
            case "fork" if slot in windows:
                other = (slot + 1) % SLOTS
                decoder.fork(slot, [other])
                windows[other] = (windows[slot][0], windows[slot][1].copy())
            case "step" if windows:
                chunks = [data.draw(chunk_for(slot)) for slot in sorted(windows)]
                chunks = [chunk for chunk in chunks if fits(decoder, chunk)]
                for chunk, logits in zip(chunks, decoder.step(chunks) if chunks else [], strict=True):
                    close(logits, expected_rows(MODEL, reading, *windows[chunk.slot], chunk))
                    windows[chunk.slot][1].extend(chunk.tokens)
            case _:
                source = data.draw(st.lists(TOKENS, max_size=12), "source")
                target = data.draw(st.lists(TOKENS, min_size=not source, max_size=8), "target")
                windows[slot] = (source, target)
                close(decoder.prefill(slot, source, target), whole_forward(MODEL, reading, source, target))


def chunk_for(slot: int) -> st.SearchStrategy[Chunk]:
    return st.builds(
        Chunk,
        slot=st.just(slot),
        tokens=st.lists(TOKENS, min_size=1, max_size=4),
    )


def fits(decoder: Decoder, chunk: Chunk) -> bool:
    return decoder.lengths[chunk.slot] + len(chunk.tokens) + 1 <= decoder.positions


@pytest.mark.parametrize(("engine", "name"), EXACT)
def test_a_window_may_fill_all_positions(engine: str, name: str) -> None:
    decoder, source = EXACT[engine, name], [5, 6, 7]
    target = list(range(8, 8 + decoder.positions - len(source) - 2))
    decoder.prefill(0, source, target[:-1])
    [logits] = decoder.step([Chunk(slot=0, tokens=target[-1:])])
    close(logits[0], whole_forward(MODEL, READINGS[name], source, target))
    assert decoder.room(0) == 0


@pytest.mark.parametrize(("source", "target"), [([], []), ([9] * 20, [9] * 20)])
def test_windows_without_tokens_or_without_room_are_refused(source: list[int], target: list[int]) -> None:
    with pytest.raises(ValueError, match="tokens in 40 positions"):
        EXACT["torch", "masked"].prefill(0, source, target)


def test_chunks_that_do_not_fit_are_refused() -> None:
    decoder = EXACT["torch", "masked"]
    decoder.prefill(0, [9] * 30, [])
    for chunk in (Chunk(slot=0, tokens=[]), Chunk(slot=0, tokens=[9] * 10)):
        with pytest.raises(ValueError, match="positions"):
            decoder.step([chunk])
    assert decoder.lengths[0] == 30


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_the_mask_leaves_no_trace(engine: str) -> None:
    decoder = EXACT[engine, "masked"]
    first = decoder.prefill(0, [7, 8], [9])
    [second] = decoder.step([Chunk(slot=0, tokens=[10])])
    decoder.rewind(0, 2)
    [again] = decoder.step([Chunk(slot=0, tokens=[9])])
    close(again[0], first)
    [after] = decoder.step([Chunk(slot=0, tokens=[10])])
    close(after, second)
    assert not np.allclose(first, whole_forward(MODEL, READINGS["masked"], [7, 8], [9, MASK]), atol=1e-4)


NEARNESS: dict[Arithmetic, float] = {"int8-rows": 0.998, "int8-blocks": 0.998, "int4-blocks": 0.98}


@pytest.mark.parametrize("arithmetic", NEARNESS)
def test_whole_numbers_are_near(arithmetic: Arithmetic) -> None:
    def near(actual: Logits, expected: Logits) -> None:
        assert np.corrcoef(actual, expected)[0, 1] > NEARNESS[arithmetic]

    decoder = OnnxDecoder(WEIGHTS, READINGS["masked"], arithmetic=arithmetic, threads=1)
    source, target = list(range(5, 20)), [20, 21]
    near(decoder.prefill(0, source, target), whole_forward(MODEL, READINGS["masked"], source, target))
    for token in range(30, 40):
        [logits] = decoder.step([Chunk(slot=0, tokens=[token])])
        target.append(token)
        near(logits[0], whole_forward(MODEL, READINGS["masked"], source, target))


@given(data=st.data())
@settings(max_examples=25)
def test_by_rows_nothing_depends_on_what_is_computed_beside_it(data: st.DataObject) -> None:
    """Bit for bit: which is what makes deterministic writing so."""
    windows = data.draw(
        st.lists(st.tuples(*[st.lists(TOKENS, min_size=1, max_size=9)] * 2), min_size=3, max_size=3)
    )
    places = data.draw(st.permutations(range(SLOTS)))
    steps = data.draw(st.lists(st.lists(TOKENS, min_size=3, max_size=3), max_size=4))
    for place, (source, target) in zip(places, windows, strict=True):
        assert (
            BY_ROWS.prefill(place, source, target).tobytes() == ALONE.prefill(0, source, target).tobytes()
        )
    together = [
        BY_ROWS.step([Chunk(slot=place, tokens=[t]) for place, t in zip(places, tokens, strict=True)])
        for tokens in steps
    ]
    for number, (source, target) in enumerate(windows):
        ALONE.prefill(0, source, target)
        for tokens, logits in zip(steps, together, strict=True):
            [alone] = ALONE.step([Chunk(slot=0, tokens=[tokens[number]])])
            assert alone.tobytes() == logits[number].tobytes()


BY_ROWS, ALONE = (
    OnnxDecoder(WEIGHTS, READINGS["masked"], slots=slots, arithmetic="int8-rows", threads=2)
    for slots in (SLOTS, 1)
)
