"""The writer: from a prompt to the passages that continue it.

writer = Writer.load(Project("mybook"))
for piece in writer.write("他推开门，", WriteSettings(length=100)):
    print(piece, end="", flush=True)
for passage in writer.candidates("他推开门，", WriteSettings(candidates=3)):
    print(passage.text)
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterator, Sequence

from xuxie.bert_weights import BertWeights, read_weights
from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import FILE_NAME, NovelTokenizer, load_tokenizer
from xuxie.corpus.windows import WindowShape
from xuxie.errors import InputError
from xuxie.generation.beams import never, search
from xuxie.generation.decoder import Decoder, Logits, Reading
from xuxie.generation.engines import Precision, open_decoder
from xuxie.generation.passage import Language, Passage
from xuxie.generation.pieces import Piece
from xuxie.generation.request import Drawn, Request, Verdict, Window
from xuxie.generation.sampling import Choice
from xuxie.generation.scheduler import Scheduler
from xuxie.language import tr
from xuxie.model_record import ModelRecord, read_record
from xuxie.project import Project

TRIES = 4  # for each candidate, to differ from the others


class Writer:
    """A trained model that continues text; several threads may use it at a time."""

    def __init__(self, decoder: Decoder, tokenizer: NovelTokenizer, record: ModelRecord) -> None:
        self.tokenizer, self.record = tokenizer, record
        self.scheduler = Scheduler(decoder)
        shape = WindowShape(source=record.source_length, target=record.target_length)
        self.language = Language(tokenizer, shape)

    @classmethod
    def load(
        cls,
        project: Project,
        *,
        slots: int = 4,
        precision: Precision | None = None,
        deterministic: bool = False,
    ) -> "Writer":
        """The writer of a project, for so many passages at a time; more of them wait for one another.

        `deterministic`: what is written does not depend on what is written beside it, nor on `slots`;
        `precision` as `open_decoder` takes it.
        Raises MissingStageError without a model, InputError when damaged.
        """
        record = read_record(project.model)
        tokenizer = load_tokenizer(
            project.model / FILE_NAME, eos=record.eos_token, paragraph=record.paragraph_token
        )
        weights = read_weights(project.model)
        positions = record.source_length + record.target_length
        if weights.shape.vocab_size != tokenizer.size or weights.shape.max_position_embeddings < positions:
            raise InputError(tr("{path}: its files do not fit each other", path=project.model))
        return cls.of(
            weights, tokenizer, record, slots=slots, precision=precision, deterministic=deterministic
        )

    @classmethod
    def of(
        cls,
        weights: BertWeights,
        tokenizer: NovelTokenizer,
        record: ModelRecord,
        *,
        slots: int,
        precision: Precision | None = None,
        deterministic: bool,
    ) -> "Writer":
        """The writer of a model whose weights are at hand, those of one in training for instance."""
        masked = record.objective not in ("shifted", "left-to-right")
        reading = Reading(
            mask_id=tokenizer.mask_id if masked else None, causal=record.objective == "left-to-right"
        )
        decoder = open_decoder(
            weights, reading, slots=slots, precision=precision, deterministic=deterministic
        )
        return cls(decoder, tokenizer, record)

    @property
    def slots(self) -> int:
        """How many passages are written side by side."""
        return self.scheduler.decoder.slots

    def write(self, prompt: str, settings: WriteSettings) -> Iterator[str]:
        """The continuation of `prompt`, piece by piece (mostly single characters), without the prompt.

        Ends at the first sentence end behind `settings.length` characters. Raises InputError, before the
        first piece, for a prompt without text, a bias on what is no character of the model, or more beams
        than the decoder has slots.
        """
        return (piece.text for piece in self.pieces(prompt, settings))

    def pieces(
        self, prompt: str, settings: WriteSettings, gone: Callable[[], bool] = never
    ) -> Iterator[Piece]:
        """The same with the log-probabilities that `logprobs` asks for; of several beams the best.

        Beams give nothing out until the end: `gone` is asked meanwhile whether anybody still wants it.
        """
        settings = with_seed(settings)
        passage = self._begin(prompt, settings)
        return self._stream(passage) if settings.beams == 1 else self._best(passage, settings, gone)

    def candidates(
        self, prompt: str, settings: WriteSettings, gone: Callable[[], bool] = never
    ) -> list[Passage]:
        """So many complete continuations as `settings.candidates` asks for, no two with the same text.

        The first is what `write` gives for the same seed; beams come best first. Fewer where the model has
        not so many to give, and where `gone` says, while they are written, that nobody wants them any more.
        Raises InputError as `write` does.
        """
        settings = with_seed(settings)
        passage = self._begin(prompt, settings)
        found: dict[str, Passage] = {}
        if settings.beams > 1:
            for beam in self._beams(passage, settings, gone):
                found.setdefault(beam.text, beam)
            return list(found.values())[: settings.candidates]
        for number in range(0, TRIES * settings.candidates, settings.candidates):
            seeds = range(number, number + settings.candidates - len(found))
            forks = [passage.fork([settings.seed or 0, seed]) for seed in seeds]
            for _ in self.run(forks):
                if gone():
                    return list(found.values())
            for fork in forks:
                found.setdefault(fork.text, fork)
            if len(found) == settings.candidates:
                break
        return list(found.values())

    def run(self, passages: Sequence[Passage]) -> Iterator[None]:
        """Write passages side by side; yields whenever one has changed, at last when all are done.

        Leaving the iteration cancels them. Raises InputError where nothing may be written.
        """
        return self.scheduler.run_together([Hand(passage).request() for passage in passages])

    def _begin(self, prompt: str, settings: WriteSettings) -> Passage:
        if settings.beams > self.scheduler.decoder.slots:
            raise InputError(
                tr("beams: {slots} at most at a time here", slots=self.scheduler.decoder.slots)
            )
        return Passage(prompt, settings, self.language, seed=settings.seed or 0)

    def _stream(self, passage: Passage) -> Iterator[Piece]:
        for _ in self.run([passage]):
            yield from passage.take()

    def _best(self, passage: Passage, settings: WriteSettings, gone: Callable[[], bool]) -> Iterator[Piece]:
        for best in self._beams(passage, settings, gone)[:1]:
            yield from best.take()

    def _beams(self, passage: Passage, settings: WriteSettings, gone: Callable[[], bool]) -> list[Passage]:
        decoder, penalty = self.scheduler.decoder, settings.length_penalty
        with self.scheduler.reserve(settings.beams) as slots:
            return search(passage, decoder, slots, length_penalty=penalty, gone=gone)


class Hand:
    """A passage in the form that the scheduler knows: the sampler and the judge of a request."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage

    def request(self) -> Request:
        """The request to write the passage."""
        source, target, most = self._window()
        return Request(source=source, target=target, sampler=self, most=most, judge=self.judge)

    def sample(self, logits: Logits) -> Drawn:
        """Let the passage go on by a step, which may also take back what it has."""
        self.passage.step(logits)
        return Choice(self.passage.context.tokens[-1])

    def append(self, token: int) -> None:
        """The passage has it already."""

    def judge(self, drawn: Sequence[Drawn]) -> Verdict:
        """What has become of the window by the last step."""
        if self.passage.done:
            return Verdict(done=True)
        length = len(self.passage.target) - self._begun
        if self.passage.source is not self._source or length < 0:
            return Verdict(window=self._window())
        return Verdict() if length == len(drawn) else Verdict(keep=length)

    def _window(self) -> Window:
        self._source, target = self.passage.source, self.passage.target
        self._begun = len(target)
        return Window(self._source, target, self.passage.language.shape.target - len(target))


def with_seed(settings: WriteSettings) -> WriteSettings:
    """The same settings with a seed drawn where none was given."""
    if settings.seed is not None:
        return settings
    return dataclasses.replace(settings, seed=secrets.randbelow(2**53))  # what JavaScript can say again
