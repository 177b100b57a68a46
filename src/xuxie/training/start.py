"""What a run starts from: the model, fresh or pretrained, the optimizer, and the learning rate's course."""

import torch
from transformers import BertForMaskedLM

from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.errors import InputError
from xuxie.files import sha256_of
from xuxie.language import tr
from xuxie.lora import adapt
from xuxie.models import load_pretrained_model
from xuxie.pretrained import WEIGHTS, find_model, load_pretrained_tokenizer
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
    check_place(corpus, settings.start)
    known = check_vocabulary(corpus, settings.start)
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
    add_embeddings(model, tokenizer, known)
    if settings.lora:
        adapt(model, settings.lora, known)
    return model


def check_place(corpus: Corpus, start: str) -> None:
    """See that a run does not write over the model that it starts from. Raises InputError, NetworkError."""
    if find_model(start).resolve() == (corpus.directory.parent / "model").resolve():
        raise InputError(
            tr(
                "this run would write over {model}, from which it starts:"
                " copy that folder elsewhere and start from there",
                model=start,
            )
        )


def check_vocabulary(corpus: Corpus, start: str) -> int:
    """See that a pretrained model's token ids mean the same in the corpus, and count them.

    The corpus's further ids are of characters that the model lacks. Raises InputError.
    """
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
    return max(known.values()) + 1


@torch.no_grad()
def add_embeddings(model: BertForMaskedLM, tokenizer: NovelTokenizer, known: int) -> None:
    """Fit a model to a tokenizer of which it knows the first `known` ids.

    Every added token starts as the mean of the n single characters that the model knows, its bias in the
    vocabulary head likewise. The exponential of a mean is no more than the mean of the exponentials, so k
    added tokens get at most k / n of the probability of those n, and what the model foresees changes by
    log(1 + k / n) nats at most; random embeddings may take all of it. (J. Hewitt, "Initializing New Word
    Embeddings for Pretrained Language Models", 2021. transformers' mean_resizing leaves BERT's bias at 0.)
    """
    characters = [i for i, text in enumerate(tokenizer.texts[:known]) if len(text) == 1]
    model.resize_token_embeddings(tokenizer.size, mean_resizing=False)
    for rows in (model.bert.embeddings.word_embeddings.weight, model.cls.predictions.bias):
        rows[known:] = rows[characters].mean(dim=0)


def fingerprint(settings: TrainSettings) -> str:
    """The sha256 of a pretrained model's weights where some of them are not trained; else empty."""
    return sha256_of(find_model(settings.start) / WEIGHTS) if settings.lora else ""


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
