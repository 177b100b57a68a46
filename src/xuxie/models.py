"""A model's folder: what transformers loads, and a record of how the model was trained.

    model/config.json, model.safetensors          BertForMaskedLM.from_pretrained
    model/tokenizer.json, tokenizer_config.json   AutoTokenizer.from_pretrained
    model/meta.json                               the record: objective, window, tokens, score

The record is described in model_record.py; models of others are found in pretrained.py. Only safetensors
are read; nothing is ever unpickled.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import safetensors
from transformers import BertForMaskedLM
from transformers.utils import logging as transformers_logging

from xuxie.bert_weights import BertShape, BertWeights
from xuxie.corpus.tokenizer import FILE_NAME, NovelTokenizer, load_tokenizer
from xuxie.errors import InputError
from xuxie.files import replacing, write_atomically
from xuxie.language import tr
from xuxie.lora import plain_weights
from xuxie.model_record import META, ModelRecord, read_record
from xuxie.pretrained import WEIGHTS, find_model, first_line
from xuxie.tensors import save_tensors


def save_model(
    directory: Path, model: BertForMaskedLM, tokenizer: NovelTokenizer, record: ModelRecord
) -> None:
    """Write a model's folder, each file whole or not at all, the record last; adapters are merged."""
    tokenizer.save(directory, positions=model.config.max_position_embeddings)
    model.config.architectures = ["BertForMaskedLM"]
    write_atomically(directory / "config.json", model.config.to_json_string())
    with replacing(directory / WEIGHTS) as temporary:
        save_tensors(temporary, plain_weights(model))
    text = json.dumps(dataclasses.asdict(record), ensure_ascii=False, indent=1)
    write_atomically(directory / META, text + "\n")


def load_model(directory: Path) -> tuple[BertForMaskedLM, NovelTokenizer, ModelRecord]:
    """A trained model, in evaluation mode, with its tokenizer and record.

    Raises MissingStageError when there is none, InputError when a file is damaged.
    """
    record = read_record(directory)
    tokenizer = load_tokenizer(
        directory / FILE_NAME, eos=record.eos_token, paragraph=record.paragraph_token
    )
    model = load_weights(directory)
    positions = record.source_length + record.target_length
    if model.config.vocab_size != tokenizer.size or model.config.max_position_embeddings < positions:
        raise InputError(tr("{path}: its files do not fit each other", path=directory))
    return model, tokenizer, record


def weights_of(model: BertForMaskedLM) -> BertWeights:
    """A model in memory as decoders take it, adapters merged; while one is made, it must not change."""
    config, tensors = model.config.to_dict(), plain_weights(model)
    return BertWeights(
        BertShape(**{name: config[name] for name in BertShape.__dataclass_fields__}),
        read=lambda name: tensors[name].detach().cpu().numpy().copy(),
        row=lambda name, index: tensors[name][index].detach().cpu().numpy(),
    )


def load_pretrained_model(name: str) -> BertForMaskedLM:
    """BertForMaskedLM from a project, a folder or the hub. Raises InputError, NetworkError."""
    return load_weights(find_model(name))


def load_weights(directory: Path) -> BertForMaskedLM:
    """Read config.json and model.safetensors into a BertForMaskedLM in evaluation mode, in fp32."""
    if not (directory / WEIGHTS).exists():
        raise InputError(tr("{path} is missing: only safetensors are read", path=directory / WEIGHTS))
    transformers_logging.disable_progress_bar()
    try:
        check_kind(directory)
        loaded: Any = BertForMaskedLM.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            dtype="float32",
            output_loading_info=True,
        )
        model, found = loaded
        if found["missing_keys"]:  # transformers has filled them with random numbers
            raise ValueError(tr("it lacks {weight}", weight=min(found["missing_keys"])))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(
            tr("{path} is not a BERT model that can be read: {why}", path=directory, why=first_line(error))
        ) from None
    trained: BertForMaskedLM = model.eval()
    return trained


def check_kind(directory: Path) -> None:
    """See that config.json is a BERT's: transformers would read another model's as one, all wrong.

    Raises ValueError or OSError.
    """
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind != "bert":
        raise ValueError(tr("it is of the kind {kind}", kind=kind))
