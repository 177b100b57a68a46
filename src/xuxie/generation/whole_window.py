"""The decoder: what comes next, for one window of source and target.

    decoder = Decoder(model, mask_id, source, target)
    logits = decoder.logits()          # for the position behind the target
    decoder.append(token)

Behind the target stands one `[MASK]`, and the model says what is there. This decoder computes the whole
window anew for every character: slow, and plainly right.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import BertForMaskedLM

from xuxie.unilm.examples import IGNORED, Example, collate, positions
from xuxie.unilm.masks import compute_attention_mask
from xuxie.unilm.model import predict


class Decoder:
    """One window being continued. `source` and `target` are token ids; the model is in evaluation mode."""

    def __init__(
        self, model: BertForMaskedLM, mask_id: int, source: Sequence[int], target: Sequence[int]
    ) -> None:
        self.model, self.mask_id = model, mask_id
        self.source, self.target = list(source), list(target)

    @torch.no_grad()
    def logits(self) -> Tensor:
        """float32 [vocabulary]: the logits for the next token."""
        pairs = collate([(self.source, [*self.target, self.mask_id])], pad_id=0)
        labels = torch.full_like(pairs.input_ids, IGNORED)
        labels[0, -1] = self.mask_id
        example = Example(
            input_ids=pairs.input_ids,
            segment_ids=pairs.segment_ids,
            position_ids=positions(pairs),
            attention_mask=compute_attention_mask(pairs.segment_ids, pairs.padding),
            labels=labels,
        )
        logits, _ = predict(self.model, example.to(self.model.device))
        return logits[0].float().cpu()

    def append(self, token: int) -> None:
        """The next token is this one."""
        self.target.append(token)
