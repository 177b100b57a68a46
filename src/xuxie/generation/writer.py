"""The writer: from a prompt to the passage that continues it, character by character.

    writer = Writer.load(Project("mybook"))
    for piece in writer.write("他推开门，", WriteSettings(length=100)):
        print(piece, end="", flush=True)

The prompt's whole sentences are the source; an unfinished one becomes the beginning of the target. The
target grows sentence by sentence, each with its [EOS], and the window moves on only when its positions
run out.
"""

import dataclasses
import secrets
from collections.abc import Iterator

import numpy as np
import torch
from transformers import BertForMaskedLM

from xuxie.config import WriteSettings
from xuxie.corpus.sentences import is_whole, split_sentences
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import WindowShape, source_start
from xuxie.errors import InputError
from xuxie.generation.sampling import sample
from xuxie.generation.whole_window import Decoder
from xuxie.language import tr
from xuxie.model_record import ModelRecord
from xuxie.models import load_model
from xuxie.project import Project

OVERRUN = 100  # characters that a sentence may run over the length asked for, before it is cut


class Writer:
    """A trained model that continues text. Its methods may be called from one thread at a time."""

    def __init__(self, model: BertForMaskedLM, tokenizer: NovelTokenizer, record: ModelRecord) -> None:
        self.model, self.tokenizer, self.record = model, tokenizer, record
        self.shape = WindowShape(source=record.source_length, target=record.target_length)

    @classmethod
    def load(cls, project: Project) -> "Writer":
        """The writer of a project. Raises MissingStageError without a model, InputError when damaged."""
        return cls(*load_model(project.model))

    def write(self, prompt: str, settings: WriteSettings) -> Iterator[str]:
        """The continuation of `prompt`, piece by piece (mostly single characters), without the prompt.

        Ends at the first sentence end behind `settings.length` characters. Raises InputError, before the
        first piece, for a prompt without text.
        """
        context = Context.of(prompt, self.tokenizer)
        return self._pieces(context, prompt, with_seed(settings))

    def _pieces(self, context: "Context", prompt: str, settings: WriteSettings) -> Iterator[str]:
        generator = torch.Generator().manual_seed(settings.seed or 0)
        decoder = self._decoder(context)
        last, characters = prompt[-1:], 0
        while characters < settings.length + OVERRUN:
            if len(decoder.target) >= self.shape.target:
                decoder = self._decoder(context)
            logits = decoder.logits()
            logits[self._forbidden(context)] = -torch.inf
            token = sample(
                logits,
                temperature=settings.temperature,
                top_k=settings.top_k,
                top_p=settings.top_p,
                generator=generator,
            )
            decoder.append(token)
            context.append(token)
            if piece := self.tokenizer.piece(token, last):
                last = piece[-1]
                characters += len(piece)
                yield piece
            if token == self.tokenizer.eos_id and characters >= settings.length:
                return

    def _decoder(self, context: "Context") -> Decoder:
        source, target = context.window(self.shape)
        return Decoder(self.model, self.tokenizer.mask_id, source, target)

    def _forbidden(self, context: "Context") -> list[int]:
        """Tokens that cannot come next: no sentence is empty, a paragraph opens where a sentence does."""
        forbidden = list(self.tokenizer.banned_ids)
        if context.tokens[-1] in (self.tokenizer.eos_id, self.tokenizer.paragraph_id):
            forbidden.append(self.tokenizer.eos_id)
        if context.tokens[-1] != self.tokenizer.eos_id:
            forbidden.append(self.tokenizer.paragraph_id)
        return forbidden


@dataclasses.dataclass(kw_only=True)
class Context:
    """All that has been written so far, as token ids, and where its sentences begin."""

    tokens: list[int]
    starts: list[int]
    eos_id: int

    @classmethod
    def of(cls, prompt: str, tokenizer: NovelTokenizer) -> "Context":
        """Read a prompt: a line is a paragraph; only in the last one can a sentence be unfinished.

        Raises InputError when there is no text in it.
        """
        context = cls(tokens=[], starts=[0], eos_id=tokenizer.eos_id)
        lines = prompt.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        paragraphs = [line.strip() for line in lines]
        for number, paragraph in enumerate(paragraphs, start=1):
            sentences = split_sentences(paragraph)
            if not sentences:
                continue
            context.append(tokenizer.paragraph_id)
            for sentence, ids in zip(sentences, tokenizer.encode(sentences), strict=True):
                for token in ids:
                    context.append(token)
                if number < len(paragraphs) or is_whole(sentence):
                    context.append(tokenizer.eos_id)
        if not context.tokens:
            raise InputError(tr("the text to continue is empty: give it at least one character"))
        if not paragraphs[-1]:
            context.append(tokenizer.paragraph_id)  # the prompt ended its line: a new paragraph begins
        return context

    def append(self, token: int) -> None:
        """Take one more token in."""
        self.tokens.append(token)
        if token == self.eos_id:
            self.starts.append(len(self.tokens))

    def window(self, shape: WindowShape) -> tuple[list[int], list[int]]:
        """Source and target to go on from: the unfinished sentence is target, what is before it source.

        An unfinished sentence that would fill half of the target goes to the source as well.
        """
        end = len(self.tokens)
        middle = self.starts[-1] if end - self.starts[-1] <= shape.target // 2 else end
        start = source_start(np.array(self.starts), middle, shape.source, shape.source)
        return self.tokens[start:middle], self.tokens[middle:]


def with_seed(settings: WriteSettings) -> WriteSettings:
    """The same settings with a seed drawn where none was given."""
    if settings.seed is not None:
        return settings
    return dataclasses.replace(settings, seed=secrets.randbelow(2**53))  # what JavaScript can say again
