import pytest
import torch

from xuxie.training.precision import Precision, best_device, choose

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "dtype", "scaled"),
    [("fp32", torch.float32, False), ("bf16", torch.bfloat16, False), ("fp16", torch.float16, True)],
)
def test_products_in_the_type_asked_for_weights_in_fp32(
    name: str, dtype: torch.dtype, scaled: bool
) -> None:
    precision = Precision(name, CPU)
    layer = torch.nn.Linear(4, 4)
    with precision.autocast():
        product = layer(torch.ones(2, 4))
        assert torch.nn.functional.layer_norm(product.float(), [4]).dtype == torch.float32
    assert product.dtype == dtype
    assert layer.weight.dtype == torch.float32
    assert precision.scaler.is_enabled() == scaled
    assert bool(precision.scaler.state_dict()) == scaled


def test_small_gradients_survive_fp16_by_scaling() -> None:
    precision = Precision("fp16", CPU)
    weight = torch.nn.Parameter(torch.ones(4))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    tiny = torch.full((4,), 1e-8)  # zero in fp16
    loss = (weight * tiny).sum()
    precision.scaler.scale(loss).backward()
    precision.scaler.unscale_(optimizer)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, tiny)


@pytest.mark.parametrize(
    ("capabilities", "name"),
    [
        ({"avx512_bf16": True}, "bf16"),
        ({"amx_bf16": True}, "bf16"),
        ({"avx2": True, "avx512_bf16": False}, "fp32"),
    ],
)
def test_auto_on_a_cpu(monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], name: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert choose(CPU) == name
    assert Precision("auto", CPU).name == name


@pytest.mark.parametrize(("supported", "name"), [(True, "bf16"), (False, "fp16")])
def test_auto_on_cuda(monkeypatch: pytest.MonkeyPatch, supported: bool, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: supported)
    assert choose(torch.device("cuda")) == name


@pytest.mark.parametrize("there", [True, False])
def test_cuda_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert best_device().type == ("cuda" if there else "cpu")
