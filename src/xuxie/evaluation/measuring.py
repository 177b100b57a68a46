"""A model is measured on books, and what it writes on what was written.

    evaluation = evaluate_model(Project("mybook"), [Project("mybook"), Project("another")])

Every book is cleaned and encoded as for training, with the model's own tokenizer and no character added, in
a temporary folder; its test part is what the same split gives. The openings for the writing are taken from
there, evenly spread, and the author's own continuation is measured beside the model's.
"""

import dataclasses
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass
from transformers import BertForMaskedLM

from xuxie.books.book import Book
from xuxie.config import STRICT, CorpusSettings, WriteSettings
from xuxie.corpus.build import make
from xuxie.corpus.corpus import META, NAMED, SIMPLIFIED, Corpus, write_record
from xuxie.corpus.tokenizer import CONTINUATION, NovelTokenizer
from xuxie.corpus.windows import WindowShape, measuring_windows
from xuxie.errors import InputError
from xuxie.evaluation.copying import longest_copies
from xuxie.evaluation.statistics import calibration_error, distinct, interval, repetition
from xuxie.generation.writer import Writer
from xuxie.language import tr
from xuxie.model_record import ModelRecord
from xuxie.models import load_model
from xuxie.progress import SILENT, Progress
from xuxie.project import Project
from xuxie.training.evaluation import Foreseen, Score, foresee_windows

NGRAMS = (1, 2, 3, 4)
OPENING = 200  # characters before each passage


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ChapterScore:
    """Bits per character of one chapter, `number` in its book, from 1."""

    number: int
    characters: int
    bits_per_character: float


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BookScore:
    """How the test part of one book was foreseen."""

    title: str
    trained_on: bool  # on its training part, as it is now
    characters: int
    unknown: int  # tokens that are [UNK]
    bits_per_character: float
    interval: tuple[float, float] | None  # 95%, by chapters
    perplexity: float  # per character
    accuracy: float  # of the next token
    calibration_error: float
    chapters: tuple[ChapterScore, ...]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Variety:
    """What some passages of equal length are like. Copies in characters."""

    characters: int
    distinct: dict[int, float]  # by the length of the runs
    repetition: float  # mean over the passages
    longest_copy: int | None  # from the training books; None where their corpus is not here
    mean_copy: float | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Evaluation:
    """All of it."""

    title: str  # of the books that the model was trained on
    objective: str
    step: int
    books: tuple[BookScore, ...]
    written: Variety | None = None
    real: Variety | None = None


def evaluate_model(
    project: Project, books: Sequence[Project], *, passages: int = 8, progress: Progress = SILENT
) -> Evaluation:
    """Measure a project's model on the test parts of books.

    `passages`: how many continuations to write and measure; 0: none. Raises MissingStageError without a
    model or a book, InputError when a book is too short to have a test part.
    """
    model, tokenizer, record = load_model(project.model)
    settings = project.settings().write
    scores: list[BookScore] = []
    openings: list[tuple[str, str]] = []
    for book in books:
        with tempfile.TemporaryDirectory() as temporary:
            corpus = encoded(Book(book.book), tokenizer, record, Path(temporary), progress)
            scores.append(score_book(model, corpus, record, progress))
            openings += openings_of(corpus, settings.length)
    evaluation = Evaluation(
        title=record.title, objective=record.objective, step=record.step, books=tuple(scores)
    )
    if not (passages and openings):
        return evaluation
    spread = np.linspace(0, len(openings) - 1, min(passages, len(openings))).astype(int)
    chosen = [openings[place] for place in spread]
    writer = Writer.load(project, slots=1, deterministic=True)
    written = list(write_passages(writer, settings, chosen, progress))
    real = [passage for _, passage in chosen]
    return dataclasses.replace(
        evaluation, written=variety(written, project.corpus), real=variety(real, project.corpus)
    )


def encoded(
    book: Book, tokenizer: NovelTokenizer, record: ModelRecord, directory: Path, progress: Progress
) -> Corpus:
    """A corpus of one book in the model's tokens."""
    settings = CorpusSettings(
        eos_token=record.eos_token,
        paragraph_token=record.paragraph_token,
        simplify=SIMPLIFIED in record.corpus.split("-"),
    )
    write_record(directory, make(directory, [book], [1.0], settings, tokenizer, progress))
    return Corpus(directory)


def score_book(
    model: BertForMaskedLM, corpus: Corpus, record: ModelRecord, progress: Progress
) -> BookScore:
    """Measure the test part of the one book in a corpus. Raises InputError where there is none."""
    (book,) = corpus.record.books
    shape = WindowShape(source=record.source_length, target=record.target_length)
    windows = list(measuring_windows(corpus, corpus.sections("test"), shape))
    progress.start(tr("measuring {title}", title=book.title), len(windows))
    chapters: defaultdict[int, Score] = defaultdict(Score)
    foreseen: list[Foreseen] = []
    unknown = 0
    for window, seen in foresee_windows(model, corpus, windows, record.objective):
        chapters[corpus.chapter_at(window.middle)] += seen.score
        foreseen.append(seen)
        unknown += corpus.ids(window.middle, window.end).count(corpus.tokenizer.unk_id)
        progress.advance()
    score = sum(chapters.values(), start=Score())
    if not score.characters:
        raise InputError(tr("{title} is too short to have a test part", title=book.title))
    right = np.concatenate([seen.right for seen in foreseen])
    confidence = np.concatenate([seen.confidence for seen in foreseen])
    return BookScore(
        title=book.title,
        trained_on=book.sha256[:NAMED] in record.corpus.split("-"),
        characters=score.characters,
        unknown=unknown,
        bits_per_character=score.bits_per_character,
        interval=interval(list(chapters.values())),
        perplexity=2**score.bits_per_character,
        accuracy=float(right.mean()),
        calibration_error=calibration_error(confidence, right),
        chapters=tuple(
            ChapterScore(
                number=place + 1, characters=one.characters, bits_per_character=one.bits_per_character
            )
            for place, one in sorted(chapters.items())
            if one.characters
        ),
    )


def openings_of(corpus: Corpus, length: int) -> list[tuple[str, str]]:
    """Openings from the test part that end where a sentence does, each with the `length` characters behind.

    They follow one another without overlap; where a part is shorter there are none.
    """
    openings = []
    for section in corpus.sections("test"):
        starts = corpus.sentence_starts(section).tolist()
        free = section.start + OPENING
        for start in starts:
            if start < free:
                continue
            passage = plain(corpus.tokenizer.decode(corpus.ids(start, section.end)[: 2 * length]))[:length]
            if len(passage) < length:
                break
            opening = corpus.tokenizer.decode(corpus.ids(max(section.start, start - OPENING), start))
            openings.append((opening, passage))
            free = start + length
    return openings


def write_passages(
    writer: Writer, settings: WriteSettings, openings: Sequence[tuple[str, str]], progress: Progress
) -> Iterator[str]:
    """What the writer makes of each opening, as long as the author's passage at most."""
    progress.start(tr("writing"), len(openings))
    for number, (opening, passage) in enumerate(openings):
        own = dataclasses.replace(settings, seed=number)
        yield plain("".join(writer.write(opening, own)))[: len(passage)]
        progress.advance()


def variety(passages: Sequence[str], corpus: Path) -> Variety:
    """The figures of some passages, beside the training part of a corpus where there is one."""
    copies = longest_copies(passages, training_texts(corpus)) if (corpus / META).exists() else []
    return Variety(
        characters=sum(map(len, passages)),
        distinct={n: distinct(passages, n) for n in NGRAMS},
        repetition=sum(map(repetition, passages)) / len(passages),
        longest_copy=max(copies, default=None),
        mean_copy=sum(copies) / len(copies) if copies else None,
    )


def training_texts(directory: Path) -> Iterator[str]:
    """The text of each section of a corpus's training part, in a row."""
    corpus = Corpus(directory)
    texts = [text.removeprefix(CONTINUATION) if len(text) > 2 else text for text in corpus.tokenizer.texts]
    for section in corpus.sections("train"):
        yield "".join(texts[token] for token in corpus.ids(section.start, section.end))


def plain(text: str) -> str:
    """Text without the ends of paragraphs."""
    return text.replace("\n", "")
