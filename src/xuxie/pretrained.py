"""Models of others, named by a project, a folder or a name on the Hugging Face hub.

    folder = find_model("bert-base-chinese")
    tokenizer = load_pretrained_tokenizer("bert-base-chinese")

Only what is needed is fetched, safetensors and no pickle; no code of a model's is ever run.
"""

import os
import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from xuxie.errors import InputError, NetworkError
from xuxie.language import tr

WEIGHTS = "model.safetensors"
TOKENIZER, VOCABULARY = "tokenizer.json", "vocab.txt"  # a model has one or both
NEEDED = [WEIGHTS, "config.json", TOKENIZER, "tokenizer_config.json", VOCABULARY]


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


def load_pretrained_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a model in a project, a folder or on the hub. Raises InputError, NetworkError."""
    directory = find_model(name)
    try:
        if not any((directory / file).exists() for file in (TOKENIZER, VOCABULARY)):
            raise OSError(tr("no {file} in it", file=TOKENIZER))  # transformers would make an empty one
        return AutoTokenizer.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        ).backend_tokenizer
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            tr("{path} has no tokenizer that can be read: {why}", path=directory, why=first_line(error))
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of an error, for a message of one line."""
    return str(error).strip().split("\n")[0]
