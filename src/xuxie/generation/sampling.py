"""From logits to a token: temperature, then top-k, then top-p, then the draw.

token = sample(logits, temperature=0.8, top_k=0, top_p=0.9, generator=torch.Generator())
"""

import torch
from torch import Tensor


def sample(
    logits: Tensor, *, temperature: float, top_k: int, top_p: float, generator: torch.Generator
) -> int:
    """Draw a token.

    Args:
        logits: float [vocabulary]; minus infinity forbids a token.
        temperature: divides the logits; 0 takes the likeliest token, and top-k and top-p mean nothing then.
        top_k: keep the k likeliest tokens; 0 keeps all.
        top_p: keep the likeliest tokens until their probability reaches p (nucleus sampling,
            arXiv 1904.09751); the first one is always kept.
    """
    if temperature == 0:
        return int(logits.argmax())
    logits = logits.double()
    # Less the largest, or the smallest temperatures would make infinities of them.
    probabilities = torch.softmax((logits - logits.max()) / temperature, dim=-1)
    probabilities, order = probabilities.sort(descending=True, stable=True)
    if top_k:
        probabilities[top_k:] = 0
        probabilities /= probabilities.sum()
    before = probabilities.cumsum(dim=-1) - probabilities
    probabilities[1:][before[1:] >= top_p] = 0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])
