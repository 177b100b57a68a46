import pytest
import torch

from xuxie.generation.whole_window import Decoder
from xuxie.generation.writer import Writer
from xuxie.unilm.examples import collate
from xuxie.unilm.model import predict
from xuxie.unilm.objectives import pseudo_masked


@pytest.mark.parametrize("source", [[], [7, 8, 9, 10, 11]])
@torch.no_grad()
def test_logits_are_those_of_a_full_example(tiny_writer: Writer, source: list[int]) -> None:
    model, mask_id = tiny_writer.model, tiny_writer.tokenizer.mask_id
    target = [12, 13, 14, 15, 16]
    expected, _ = predict(model, pseudo_masked(collate([(source, target)], pad_id=0), mask_id))
    decoder = Decoder(model, mask_id, source, [])
    for row, token in zip(expected, target, strict=True):
        logits = decoder.logits()
        assert logits.dtype == torch.float32
        torch.testing.assert_close(logits, row, rtol=1e-4, atol=1e-5)
        decoder.append(token)
    assert decoder.target == target
    begun = Decoder(model, mask_id, source, target[:3])
    torch.testing.assert_close(begun.logits(), expected[3], rtol=1e-4, atol=1e-5)


def test_asking_twice_changes_nothing(tiny_writer: Writer) -> None:
    prompt = [7, 8]
    decoder = Decoder(tiny_writer.model, tiny_writer.tokenizer.mask_id, prompt, [9])
    assert decoder.logits().equal(decoder.logits())
    decoder.append(10)
    assert prompt == [7, 8]
