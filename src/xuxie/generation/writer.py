"""The writer: from a prompt to the passage that continues it, character by character.

writer = Writer.load(Project("mybook"))
for piece in writer.write("他推开门，", WriteSettings(length=100)):
    print(piece, end="", flush=True)
"""

import dataclasses
import secrets
from collections.abc import Iterator

from transformers import BertForMaskedLM

from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.generation.passage import Language, Passage, Piece
from xuxie.generation.whole_window import Decoder
from xuxie.model_record import ModelRecord
from xuxie.models import load_model
from xuxie.project import Project


class Writer:
    """A trained model that continues text. Its methods may be called from one thread at a time."""

    def __init__(self, model: BertForMaskedLM, tokenizer: NovelTokenizer, record: ModelRecord) -> None:
        self.model, self.tokenizer, self.record = model, tokenizer, record
        shape = WindowShape(source=record.source_length, target=record.target_length)
        self.language = Language(tokenizer, shape)

    @classmethod
    def load(cls, project: Project) -> "Writer":
        """The writer of a project. Raises MissingStageError without a model, InputError when damaged."""
        return cls(*load_model(project.model))

    def write(self, prompt: str, settings: WriteSettings) -> Iterator[str]:
        """The continuation of `prompt`, piece by piece (mostly single characters), without the prompt.

        Ends at the first sentence end behind `settings.length` characters. Raises InputError, before the
        first piece, for a prompt without text or a bias on what is no character of the model.
        """
        return (piece.text for piece in self.pieces(prompt, settings))

    def pieces(self, prompt: str, settings: WriteSettings) -> Iterator[Piece]:
        """The same with the log-probabilities that `settings.logprobs` asks for."""
        settings = with_seed(settings)
        return self._run(Passage(prompt, settings, self.language, seed=settings.seed or 0))

    def _run(self, passage: Passage) -> Iterator[Piece]:
        while not passage.done:
            decoder = Decoder(self.model, self.tokenizer.mask_id, passage.source, passage.target)
            passage.step(decoder.logits().numpy())
            yield from passage.take()


def with_seed(settings: WriteSettings) -> WriteSettings:
    """The same settings with a seed drawn where none was given."""
    if settings.seed is not None:
        return settings
    return dataclasses.replace(settings, seed=secrets.randbelow(2**53))  # what JavaScript can say again
