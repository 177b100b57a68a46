import pytest
import torch

from xuxie.config import TrainSettings
from xuxie.training import learner
from xuxie.training.learner import backward, own_seed
from xuxie.training.precision import Precision
from xuxie.unilm.examples import Example, collate
from xuxie.unilm.model import cross_entropy, new_model, predict
from xuxie.unilm.objectives import learned
from xuxie.unilm.stream import Stream, concatenate

PAIRS = [([5, 6, 7], [8, 9, 10, 11]), ([12], [13, 14]), ([], [15, 5, 6])]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("rows", [1, 4, 100])
def test_the_head_in_parts_is_the_head_at_once(
    monkeypatch: pytest.MonkeyPatch, rows: int, padded: bool
) -> None:
    monkeypatch.setattr(learner, "HEAD_ROWS", rows)
    torch.manual_seed(0)
    model = new_model(vocabulary_size=20, layers=2, hidden_size=16, heads=2, positions=16, dropout=0.0)
    example = learned(TrainSettings(), collate(PAIRS, 0), 4, 20, torch.Generator())
    logits, labels = predict(model, example)
    whole = cross_entropy(logits, labels, "sum") / 7
    whole.backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    part: Example | Stream = example if padded else concatenate(example)
    loss = backward(model, part, 7, Precision("fp32", torch.device("cpu")))
    assert loss == pytest.approx(whole.item(), abs=1e-5)
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_seeds_differ_by_every_number() -> None:
    seeds = {own_seed(seed, step, rank) for seed in (0, 1) for step in (0, 1, 2**20) for rank in (0, 1)}
    assert len(seeds) == 12
    assert own_seed(1, 2, 3) == own_seed(1, 2, 3)
