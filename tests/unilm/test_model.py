import math

import pytest
import torch

from xuxie.unilm.examples import IGNORED, collate
from xuxie.unilm.model import cross_entropy, new_model, predict, sinusoids
from xuxie.unilm.objectives import pseudo_masked


def test_a_new_model_has_the_shape_asked_for() -> None:
    model = new_model(
        vocabulary_size=50, layers=3, hidden_size=24, heads=4, positions=40, dropout=0.25, pad_id=7
    )
    config = model.config
    assert (config.vocab_size, config.num_hidden_layers, config.hidden_size) == (50, 3, 24)
    assert (config.num_attention_heads, config.intermediate_size) == (4, 96)
    assert (config.max_position_embeddings, config.pad_token_id) == (40, 7)
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.25, 0.25)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight


def test_the_seed_makes_the_weights() -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        model = new_model(vocabulary_size=10, layers=1, hidden_size=8, heads=2, positions=8)
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    assert weights(1).equal(weights(1))
    assert not weights(1).equal(weights(2))


@torch.no_grad()
def test_the_head_runs_at_the_predicted_positions_in_order() -> None:
    torch.manual_seed(0)
    model = new_model(vocabulary_size=20, layers=1, hidden_size=8, heads=2, positions=8).eval()
    example = pseudo_masked(collate([([5, 6], [7, 8]), ([9], [10, 11, 12])], pad_id=0), mask_id=4)
    logits, labels = predict(model, example)
    assert logits.shape == (5, 20)
    assert labels.tolist() == [7, 8, 10, 11, 12]
    assert IGNORED not in labels


def test_cross_entropy_is_in_nats_and_in_fp32() -> None:
    logits, labels = torch.zeros(3, 8, dtype=torch.bfloat16), torch.tensor([1, 2, 3])
    loss = cross_entropy(logits, labels)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(math.log(8))
    assert cross_entropy(logits, labels, reduction="sum").item() == pytest.approx(3 * math.log(8))


@pytest.mark.parametrize("size", [8, 7])
def test_positions_begin_as_sinusoids(size: int) -> None:
    model = new_model(vocabulary_size=10, layers=1, hidden_size=size, heads=1, positions=40)
    rows = model.bert.embeddings.position_embeddings.weight.detach() / model.config.initializer_range
    expected = [
        [
            math.sqrt(2) * (math.cos if i % 2 else math.sin)(position / 10_000 ** ((i - i % 2) / size))
            for i in range(size)
        ]
        for position in range(40)
    ]
    torch.testing.assert_close(rows, torch.tensor(expected))


def test_a_step_is_the_same_rotation_from_everywhere() -> None:
    alike = sinusoids(40, 8) @ sinusoids(40, 8).T / 8
    for step in range(39):
        along = alike.diagonal(step)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    torch.testing.assert_close(alike.diagonal(), torch.ones(40))
