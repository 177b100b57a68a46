"""What the decoders must agree with: the whole window through transformers, for every single row."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import BertForMaskedLM

from xuxie.generation.decoder import Chunk, Logits, Reading
from xuxie.unilm.masks import additive_mask, compute_attention_mask
from xuxie.unilm.model import new_model

MASK = 4
READINGS = {
    "masked": Reading(mask_id=MASK),
    "shifted": Reading(mask_id=None),
    "left-to-right": Reading(mask_id=None, causal=True),
}


def small_model(seed: int = 0) -> BertForMaskedLM:
    torch.manual_seed(seed)
    model = new_model(vocabulary_size=60, layers=3, hidden_size=32, heads=2, positions=40)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                torch.randn_like(parameter) * 0.1
            )  # biases and norms that are 0 and 1 hide faults
    model.eval()
    return model


@torch.no_grad()
def whole_forward(
    model: BertForMaskedLM, reading: Reading, source: Sequence[int], target: Sequence[int]
) -> Logits:
    """What stands behind the target; float32 [vocabulary]."""
    masks = [] if reading.mask_id is None else [reading.mask_id]
    ids = torch.tensor([[*source, *target, *masks]])
    segments = (torch.arange(ids.shape[1]) >= len(source)).long()[None]
    mask = compute_attention_mask(torch.ones_like(segments) if reading.causal else segments)
    output = model(
        input_ids=ids, token_type_ids=segments, attention_mask=additive_mask(mask, torch.float32)
    )
    logits: Logits = output.logits[0, -1].numpy()
    return logits


def expected_rows(
    model: BertForMaskedLM, reading: Reading, source: Sequence[int], target: Sequence[int], chunk: Chunk
) -> Logits:
    """What `Decoder.step` must give for a chunk behind this window."""
    targets = [[*target, *chunk.tokens[: i + 1]] for i in range(len(chunk.tokens))]
    rows = [whole_forward(model, reading, source, written) for written in targets]
    return np.stack(rows)
