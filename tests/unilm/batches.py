"""What tests of objectives share: pairs, settings for every way to learn, and a model where all matters."""

import torch
from transformers import BertForMaskedLM

from xuxie.config import TrainSettings
from xuxie.unilm.examples import Example, Pair, collate
from xuxie.unilm.model import new_model
from xuxie.unilm.objectives import learned

PAD, MASK, VOCABULARY, SEED = 0, 4, 30, 3
PAIRS: list[Pair] = [
    ([5, 6, 7], [8, 9]),
    ([], [10, 11, 12, 13]),
    ([14], [15]),
    ([16, 17, 18, 19, 20, 21], [22, 23, 24, 25, 26]),
    ([27, 27], [28, 29, 28]),
]
OBJECTIVES = {
    "masked": TrainSettings(objective="masked"),
    "masked-all": TrainSettings(objective="masked", mask_rate=1.0),
    "pseudo-masked": TrainSettings(objective="pseudo-masked"),
    "unilm-bidirectional": TrainSettings(objective="unilm", unilm_weights=(1, 0, 0, 0)),
    "unilm-left-to-right": TrainSettings(objective="unilm", unilm_weights=(0, 1, 0, 0)),
    "unilm-right-to-left": TrainSettings(objective="unilm", unilm_weights=(0, 0, 1, 0)),
    "unilm-sequence-to-sequence": TrainSettings(objective="unilm", unilm_weights=(0, 0, 0, 1)),
    "unilm": TrainSettings(objective="unilm"),
    "shifted": TrainSettings(objective="shifted"),
    "left-to-right": TrainSettings(objective="left-to-right"),
}


def a_model(dropout: float = 0.0, layers: int = 2) -> BertForMaskedLM:
    torch.manual_seed(0)
    model = new_model(
        vocabulary_size=VOCABULARY, layers=layers, hidden_size=16, heads=2, positions=16, dropout=dropout
    )
    for parameter in model.parameters():  # larger than they begin, so that every position matters
        if parameter.dim() > 1:
            parameter.data *= 8
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def an_example(name: str, pairs: list[Pair]) -> Example:
    generator = torch.Generator().manual_seed(SEED)
    return learned(OBJECTIVES[name], collate(pairs, PAD), MASK, VOCABULARY, generator)
