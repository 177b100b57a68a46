"""Adapters: what they compute, what they leave alone, and the plain weights that they come to."""

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import BertForMaskedLM

from training.runs import pretrained
from xuxie.errors import InputError
from xuxie.lora import adapt, plain_weights, trained_share
from xuxie.models import load_pretrained_model
from xuxie.training.checkpoints import trained
from xuxie.unilm.examples import Example, collate
from xuxie.unilm.model import cross_entropy, predict
from xuxie.unilm.objectives import pseudo_masked
from xuxie.unilm.stream import concatenate, predict_stream

RANK, KNOWN = 2, 20


@pytest.fixture
def plain(tmp_path: Path) -> BertForMaskedLM:
    return load_pretrained_model(pretrained(tmp_path / "bert"))


def adapted(model: BertForMaskedLM, known: int = KNOWN) -> BertForMaskedLM:
    """The model with adapters that do something."""
    adapt(model, RANK, known)
    torch.manual_seed(1)
    with torch.no_grad():
        for _, parameter in trained(model):
            parameter.add_(0.2 * torch.randn_like(parameter))
    model.eval()
    return model


def example() -> Example:
    return pseudo_masked(collate([([5, 6, 7], [8, 9]), ([], [21, 22, 23]), ([10], [24])], 0), mask_id=4)


def test_until_it_is_trained_it_computes_what_it_did(plain: BertForMaskedLM) -> None:
    expected, _ = predict(plain, example())
    adapt(plain, RANK, KNOWN)
    torch.testing.assert_close(predict(plain, example())[0], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("known", [KNOWN, 30])
def test_merged_it_computes_the_same(plain: BertForMaskedLM, known: int) -> None:
    names = set(dict(plain.named_parameters()))
    known = min(known, plain.config.vocab_size)
    model = adapted(plain, known)
    before = [p.clone() for p in model.parameters()]
    weights = plain_weights(model)
    assert set(weights) == names
    fresh = BertForMaskedLM(model.config)
    fresh.load_state_dict(weights, strict=False)
    fresh.eval()
    padded, stream = example(), concatenate(example())
    torch.testing.assert_close(predict(fresh, padded), predict(model, padded), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        predict_stream(fresh, stream), predict_stream(model, stream), rtol=1e-5, atol=1e-5
    )
    assert all(one.equal(other) for one, other in zip(before, model.parameters(), strict=True))


def test_asking_for_the_weights_draws_no_random_numbers(plain: BertForMaskedLM) -> None:
    state = torch.get_rng_state()
    assert {name: id(weight) for name, weight in plain_weights(plain).items()} == {
        name: id(weight) for name, weight in plain.named_parameters()
    }
    assert torch.get_rng_state().equal(state)


def test_padded_and_un_padded_agree_with_adapters(plain: BertForMaskedLM) -> None:
    model = adapted(plain)

    def gradients(logits: Tensor, labels: Tensor) -> Tensor:
        model.zero_grad()
        cross_entropy(logits, labels).backward()
        return torch.cat([p.grad.flatten() for _, p in trained(model) if p.grad is not None])

    padded, stream = predict(model, example()), predict_stream(model, concatenate(example()))
    torch.testing.assert_close(stream[0], padded[0], rtol=1e-5, atol=1e-5)
    one, other = gradients(*stream), gradients(*padded)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert len(one) == sum(p.numel() for _, p in trained(model))


def test_bf16_is_near_with_adapters(plain: BertForMaskedLM) -> None:
    model, stream = adapted(plain), concatenate(example())
    exact, labels = predict_stream(model, stream)
    with torch.autocast("cpu", torch.bfloat16):
        logits, _ = predict_stream(model, stream)
    assert logits.dtype == torch.bfloat16
    assert abs(cross_entropy(logits, labels) - cross_entropy(exact, labels)) < 0.05


def test_what_is_trained_is_told(plain: BertForMaskedLM) -> None:
    adapt(plain, RANK, KNOWN)
    size, inner, added = 16, 32, plain.config.vocab_size - KNOWN
    linear = 4 * (size + size) + 2 * (size + inner) + (size + size)  # of one layer, and of the head
    expected = RANK * linear + added * (size + 1)
    whole = sum(p.numel() for p in plain.parameters())
    assert trained_share(plain) == (
        f"{expected:,} of {whole:,} parameters are trained ({100 * expected / whole:.1f}%)"
    )


def test_without_peft(plain: BertForMaskedLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match=r'PEFT is needed:  pip install "xuxie\[lora\]"'):
        adapt(plain, RANK, KNOWN)
