"""What a run starts from: the model, fresh or pretrained, the optimizer, and the learning rate's course."""

import torch
from transformers import BertForMaskedLM

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.errors import InputError
from xuxie.language import tr
from xuxie.models import load_pretrained_model
from xuxie.pretrained import load_pretrained_tokenizer
from xuxie.unilm.model import new_model


def start_model(corpus: Corpus, settings: TrainSettings) -> BertForMaskedLM:
    """The model that a run starts from, sized to the corpus's vocabulary.

    Raises InputError when the two do not fit, NetworkError when the hub cannot be reached.
    """
    positions = settings.source_length + settings.target_length
    tokenizer = corpus.tokenizer
    if settings.start == "scratch":
        return new_model(
            vocabulary_size=tokenizer.size,
            layers=settings.layers,
            hidden_size=settings.hidden_size,
            heads=settings.heads,
            positions=positions,
            dropout=settings.dropout,
            pad_id=tokenizer.pad_id,
        )
    check_vocabulary(corpus, settings.start)
    model = load_pretrained_model(settings.start)
    if positions > model.config.max_position_embeddings:
        raise InputError(
            tr(
                "{model} has {limit} positions: lower source_length and target_length,"
                " now {positions} together",
                model=settings.start,
                limit=model.config.max_position_embeddings,
                positions=positions,
            )
        )
    model.resize_token_embeddings(tokenizer.size)
    return model


def check_vocabulary(corpus: Corpus, start: str) -> None:
    """See that a pretrained model's token ids mean the same in the corpus. Raises InputError."""
    known = load_pretrained_tokenizer(start).get_vocab(with_added_tokens=True)
    ours = corpus.tokenizer.vocabulary()
    if any(ours.get(token) != index for token, index in known.items()):
        raise InputError(
            tr(
                "the corpus has another tokenizer than {model}:"
                " run  xuxie corpus {project} --tokenizer {model}",
                model=start,
                project=corpus.directory.parent,
            )
        )


def make_optimizer(model: BertForMaskedLM, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW, with no decay on biases and norms (all parameters of one dimension)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)


def rate_factor(fraction: float, warmup: float) -> float:
    """The learning rate's factor when `fraction` of the run is done: up linearly, then down to zero."""
    if fraction < warmup:
        return max(fraction, 1e-3) / warmup
    return max(0.0, 1 - fraction) / (1 - warmup) if warmup < 1 else 1.0
