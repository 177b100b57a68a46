"""What tests of training runs share: a small book, small settings, who watches, and what comes out."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizer

from xuxie.config import TrainSettings
from xuxie.corpus.tokenizer import SPECIAL_TOKENS
from xuxie.models import load_model
from xuxie.progress import Silent
from xuxie.project import Project
from xuxie.training.checkpoints import checkpoints

CHAPTERS = [  # each once: a chapter that repeats another is left out of a corpus
    ["他推开门，屋里没有人。桌上的灯还亮着。", f"“谁来过？”她问{mark}窗外下着雨。"]
    for mark in "。，、！？；：—…～"
]
SETTINGS = TrainSettings(
    layers=1,
    hidden_size=16,
    heads=2,
    source_length=24,
    target_length=16,
    left_to_right=0.5,
    batch_tokens=256,
    learning_rate=5e-3,
    precision="fp32",
    steps=12,
    evaluations=4,
)
WEIGHTS = "model.safetensors"


class Watching(Silent):
    """Remembers what was said and every loss; may stop the run behind a step."""

    def __init__(self, stop: int = 0) -> None:
        self.lines: list[str] = []
        self.losses: list[float] = []
        self.stop = stop

    def say(self, line: str) -> None:
        if not line.startswith(("an epoch", "peak memory")):
            self.lines.append(line)

    def advance(self, amount: float = 1, note: str = "") -> None:
        if note:
            self.losses.append(float(note.rpartition(" ")[2]))
            if f"step {self.stop}," in note:
                raise KeyboardInterrupt


def copy_of(project: Project, name: str) -> Project:
    """The same corpus in another project, to run it otherwise."""
    other = Project(project.directory.parent / name)
    other.corpus.parent.mkdir()
    other.corpus.symlink_to(project.corpus)
    return other


def outcome(project: Project) -> tuple[bytes, bytes, Any]:
    """The best weights, the last checkpoint, and the record but for what a clock decides."""
    last = checkpoints(project.model / "checkpoints")[-1]
    record = dataclasses.replace(load_model(project.model)[2], seconds=0.0)
    return (project.model / WEIGHTS).read_bytes(), (last / "tensors.safetensors").read_bytes(), record


def pretrained(directory: Path, positions: int = 64, unused: int = 0) -> str:
    """A BERT folder such as the hub has, with random weights, few characters and `unused` embeddings."""
    directory.mkdir()
    tokens = [*SPECIAL_TOKENS, *"他推开门，屋里没有人。桌上的灯还亮着谁来过？她问", "hello", "##s"]
    (directory / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    BertTokenizer(vocab={token: i for i, token in enumerate(tokens)}).save_pretrained(directory)
    torch.manual_seed(7)
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokens) + unused,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=positions,
        )
    )
    with torch.no_grad():
        for parameter in model.parameters():  # trained weights are larger, and no bias is 0
            parameter.add_(0.3 * torch.randn_like(parameter))
        model.cls.predictions.bias[: len(tokens)].sub_(4)
    model.save_pretrained(directory)
    return str(directory)
