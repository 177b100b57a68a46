import pytest

from generation.reference import READINGS, small_model
from xuxie.generation import overflow
from xuxie.generation.engines import FEW, open_decoder
from xuxie.models import weights_of

WEIGHTS = weights_of(small_model())


def logits(*, slots: int = 1, deterministic: bool = False) -> bytes:
    decoder = open_decoder(
        WEIGHTS, READINGS["masked"], slots=slots, deterministic=deterministic, device="cpu"
    )
    return decoder.prefill(0, [7, 8, 9], [10]).tobytes()


@pytest.mark.parametrize("overflows", [False, True])
def test_few_slots_need_no_other_arithmetic_than_many_without_vnni(
    overflows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overflow, "sums_overflow", lambda: overflows)
    many, few, sure = logits(slots=FEW + 1), logits(slots=FEW), logits(deterministic=True)
    assert many == sure
    assert (few == sure) == overflows
