"""A model's folder: what transformers loads, and a record of how the model was trained.

    model/config.json, model.safetensors          BertForMaskedLM.from_pretrained
    model/tokenizer.json, tokenizer_config.json   AutoTokenizer.from_pretrained
    model/meta.json                               the record: objective, window, tokens, score

Elsewhere than in a project, a model is named by its folder or by its name on the Hugging Face hub. Only
safetensors are read; nothing is ever unpickled. The record is described in model_record.py.
"""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import safetensors
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertForMaskedLM
from transformers.utils import logging as transformers_logging

from xuxie.corpus.tokenizer import FILE_NAME, NovelTokenizer, load_tokenizer
from xuxie.errors import InputError, NetworkError
from xuxie.files import replacing, write_atomically
from xuxie.language import tr
from xuxie.model_record import META, ModelRecord, read_record
from xuxie.tensors import save_tensors

WEIGHTS = "model.safetensors"
VOCABULARY = "vocab.txt"
NEEDED = [WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", VOCABULARY]


def save_model(
    directory: Path, model: BertForMaskedLM, tokenizer: NovelTokenizer, record: ModelRecord
) -> None:
    """Write a model's folder, each file whole or not at all, the record last."""
    tokenizer.save(directory, positions=model.config.max_position_embeddings)
    model.config.architectures = ["BertForMaskedLM"]
    write_atomically(directory / "config.json", model.config.to_json_string())
    # named_parameters lists tied weights once, which is what safetensors wants
    with replacing(directory / WEIGHTS) as temporary:
        save_tensors(temporary, dict(model.named_parameters()))
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


def load_pretrained_model(name: str) -> BertForMaskedLM:
    """BertForMaskedLM from a project, a folder or the hub. Raises InputError, NetworkError."""
    return load_weights(find_model(name))


def load_pretrained_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a model in a project, a folder or on the hub. Raises InputError, NetworkError."""
    directory = find_model(name)
    try:
        if not any((directory / file).exists() for file in (FILE_NAME, VOCABULARY)):
            raise OSError(tr("no {file} in it", file=FILE_NAME))  # transformers would make an empty one
        return AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        ).backend_tokenizer
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            tr("{path} has no tokenizer that can be read: {why}", path=directory, why=first_line(error))
        ) from None


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


def find_model(name: str) -> Path:
    """The local folder of a model named by a project, a folder or a hub name.

    Raises InputError when there is no such folder or name, NetworkError when the hub cannot be reached.
    """
    path = Path(os.path.expanduser(name))  # leaves an unknown ~user as it is
    for folder in (path / "model", path):
        if (folder / "config.json").exists():
            return folder
    if path.is_dir():
        raise InputError(tr("{path} holds no model (no config.json in it)", path=path))
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name, re.ASCII) or name.startswith("."):
        raise InputError(tr("there is no model {name}: give a folder or a name on the hub", name=name))
    try:
        return Path(snapshot_download(name, allow_patterns=NEEDED))
    except (RepositoryNotFoundError, HFValidationError):
        raise InputError(
            tr("there is no model {name}, neither as a folder nor on the hub", name=name)
        ) from None
    except (LocalEntryNotFoundError, OSError) as error:
        raise NetworkError(
            tr(
                "{name} is no folder here, and the hub cannot be reached ({why}): give a local folder",
                name=name,
                why=first_line(error),
            )
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of an error, for a message of one line."""
    return str(error).strip().split("\n")[0]
