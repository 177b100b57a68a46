"""LoRA (arXiv 2106.09685), by PEFT: small matrices beside a pretrained model's own, which stay as they are.

    adapt(model, rank=16, known=21128)      # in place: beside all linear layers
    plain_weights(model)                    # what a BertForMaskedLM must have to compute the same without

The model stays a BertForMaskedLM to whoever runs it.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import BertForMaskedLM

from xuxie.errors import InputError
from xuxie.language import tr

LINEAR = r".*\.(query|key|value|dense)"  # all but the vocabulary head, which is the embeddings
SCALE = 2  # what an adapter adds is multiplied by this (LoRA's alpha over its rank)
NAME = "default"  # of the adapters, which are all of one set


class AddedRows(nn.Module):
    """The last rows of a weight, trained while those before them are not.

    PEFT's trainable tokens do not suit BERT: a vocabulary head tied to them loses its bias (PEFT 0.21).
    """

    def __init__(self, weight: Tensor, known: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(weight[known:].detach().clone())

    def forward(self, weight: Tensor) -> Tensor:
        """The weight [rows, …] with the trained rows in place of its last."""
        return torch.cat([weight[: len(weight) - len(self.rows)], self.rows])


def adapt(model: BertForMaskedLM, rank: int, known: int) -> None:
    """Freeze a model; train adapters in it, and the embeddings and biases of the tokens from id `known` on.

    It computes what it did until they are trained. Raises InputError when PEFT is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise InputError(tr('to train with LoRA PEFT is needed:  pip install "xuxie[lora]"')) from None
    config = LoraConfig(r=rank, lora_alpha=SCALE * rank, target_modules=LINEAR)
    inject_adapter_in_model(config, model, adapter_name=NAME)
    if known == model.config.vocab_size:
        return
    embeddings, head = model.bert.embeddings.word_embeddings, model.cls.predictions
    for name, modules in (("weight", (embeddings, head.decoder)), ("bias", (head, head.decoder))):
        added = AddedRows(getattr(head.decoder, name), known)
        for module in modules:  # whose weights are tied
            parametrize.register_parametrization(module, name, added)


@torch.no_grad()
def plain_weights(model: BertForMaskedLM) -> dict[str, Tensor]:
    """The weights of a model by the names that a BertForMaskedLM has for them, with adapters merged.

    Tied weights are listed once. Those that no adapter changes are the model's own, not copies.
    """
    with torch.device("meta"):
        names = [name for name, _ in BertForMaskedLM(model.config).named_parameters()]
    weights: dict[str, Tensor] = {}
    for name in names:
        path, _, kind = name.rpartition(".")
        module: Any = model.get_submodule(path)
        weights[name] = getattr(module, kind)
        if kind == "weight" and hasattr(module, "get_delta_weight"):
            weights[name] = weights[name] + module.get_delta_weight(NAME)
    return weights


def trained_share(model: nn.Module) -> str:
    """How much of a model is trained, for a person."""
    everything = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return tr(
        "{trained} of {all} parameters are trained ({share}%)",
        trained=f"{trained:,}",
        all=f"{everything:,}",
        share=f"{100 * trained / everything:.1f}",
    )
