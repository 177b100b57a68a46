"""A corpus on disk: books as token ids, memory-mapped, with the offsets of what they are made of.

    corpus/text.txt          what is learned from: a paragraph a line, an empty line behind each chapter
    corpus/cleaning.json     what the rules of cleaning.py took away from the books' chapters
    corpus/tokens.bin        token ids, one after another:  [PAR] 他 推 开 门 。 [EOS] 门 外 … [EOS] [PAR] …
    corpus/sentences.npy     where each sentence begins, and the end
    corpus/paragraphs.npy    where each paragraph begins, and the end
    corpus/chapters.npy      where each chapter begins, and the end
    corpus/tokenizer.json    the tokenizer; one edited by hand is kept
    corpus/meta.json         names, counts, and the sections with the part each belongs to

A section is a stretch of one chapter that belongs to one part of the split; a window lies within one.
"""

import dataclasses
import itertools
import json
import mmap
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT, explain
from xuxie.corpus.split import Part
from xuxie.corpus.tokenizer import FILE_NAME, NovelTokenizer, load_tokenizer
from xuxie.errors import InputError, MissingStageError
from xuxie.files import write_atomically
from xuxie.language import tr

Offsets = NDArray[np.int64]
TEXT, CLEANING = "text.txt", "cleaning.json"
TOKENS, SENTENCES, PARAGRAPHS, CHAPTERS, META = (
    "tokens.bin",
    "sentences.npy",
    "paragraphs.npy",
    "chapters.npy",
    "meta.json",
)
NAMED, SIMPLIFIED = 16, "simplified"  # what a corpus's name is made of: digits of hashes, and this word


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Section:
    """Token ids [start, end) of one chapter (its place in the corpus, from 0) in one part."""

    chapter: int
    part: Part
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BookRecord:
    """One book in the corpus; `sha256` is over its chapters in order, as the book has them."""

    title: str
    sha256: str
    weight: float = 1.0  # how often an epoch reads it
    chapters: int
    repeated: int  # of the chapters, left empty: their text stands in the corpus before
    paragraphs: int
    characters: int  # of its text in the corpus


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CorpusRecord:
    """meta.json."""

    version: Literal[2] = 2
    simplified: bool = False  # traditional characters were made simplified ones
    removed: dict[str, int]  # how often each rule of cleaning took something away
    tokenizer: str  # as asked for: "char" or a model's name
    tokenizer_sha256: str
    tokenizer_edited: bool = False  # by hand: it is kept when the books change
    eos_token: str
    paragraph_token: str
    dtype: Literal["uint16", "uint32"]
    tokens: int
    unknown: int  # tokens that are [UNK]
    added: dict[str, int]  # characters that a pretrained vocabulary lacked, and how often they stand here
    books: tuple[BookRecord, ...]
    sections: tuple[Section, ...]

    @property
    def characters(self) -> int:
        """Of text, in all books."""
        return sum(book.characters for book in self.books)

    @property
    def sha256(self) -> str:
        """A name for the content: the same books, weights and tokenizer give the same."""
        names = [self.tokenizer_sha256[:NAMED], *(book.sha256[:NAMED] for book in self.books)]
        names += [SIMPLIFIED] * self.simplified
        if any(book.weight != 1 for book in self.books):
            names += [f"{book.weight:g}" for book in self.books]
        return "-".join(names)


class Corpus:
    """An encoded corpus, read through the page cache.

    Raises MissingStageError when there is none, InputError when its files do not fit each other.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.record = read_record(directory)
        self.tokenizer: NovelTokenizer = load_tokenizer(
            directory / FILE_NAME, eos=self.record.eos_token, paragraph=self.record.paragraph_token
        )
        try:
            self.tokens = np.memmap(directory / TOKENS, dtype=self.record.dtype, mode="r")
            self.sentences, self.paragraphs, self.chapters = (
                load_offsets(directory / name) for name in (SENTENCES, PARAGRAPHS, CHAPTERS)
            )
        except (OSError, ValueError, EOFError) as error:
            raise InputError(damaged(directory, error)) from None
        if len(self.tokens) != self.record.tokens or self.sentences[-1] != self.record.tokens:
            raise InputError(damaged(directory, tr("its files do not fit each other")))

    def release(self) -> None:
        """Let go of the pages read so far: the system may keep them, this process does not."""
        for mapped in (self.tokens, self.sentences, self.paragraphs, self.chapters):
            memory = getattr(mapped, "_mmap", None)  # an array of no length is not mapped
            if memory is not None and hasattr(mmap, "MADV_DONTNEED"):
                memory.madvise(mmap.MADV_DONTNEED)

    def sections(self, part: Part) -> list[Section]:
        """The sections of one part, in reading order."""
        return [section for section in self.record.sections if section.part == part]

    def chapter_at(self, token: int) -> int:
        """The chapter that holds a token, by its place in the corpus, from 0."""
        return int(np.searchsorted(self.chapters, token, side="right")) - 1

    def book_of(self, chapter: int) -> BookRecord:
        """The book of a chapter, given by its place in the corpus."""
        ends = itertools.accumulate(book.chapters for book in self.record.books)
        return next(book for book, end in zip(self.record.books, ends, strict=True) if chapter < end)

    def sentence_starts(self, section: Section) -> Offsets:
        """Where the sentences of a section begin, and its end."""
        first, last = np.searchsorted(self.sentences, (section.start, section.end))
        return self.sentences[first : last + 1]

    def ids(self, start: int, end: int) -> list[int]:
        """Token ids [start, end)."""
        ids: list[int] = self.tokens[start:end].tolist()
        return ids


def load_offsets(path: Path) -> Offsets:
    """An array of offsets, never unpickled. Raises ValueError when the file holds something else."""
    offsets: Offsets = np.load(path, mmap_mode="r", allow_pickle=False)
    if offsets.ndim != 1 or offsets.dtype != np.int64 or not len(offsets):
        raise ValueError(tr("{file} is no list of offsets", file=path.name))
    return offsets


def read_record(directory: Path) -> CorpusRecord:
    """Read meta.json. Raises MissingStageError, or InputError when it is damaged."""
    try:
        return TypeAdapter(CorpusRecord).validate_json((directory / META).read_bytes())
    except FileNotFoundError:
        raise MissingStageError(
            tr("there is no corpus in {path}: make it with  xuxie corpus {path}", path=directory.parent)
        ) from None
    except ValidationError as error:
        raise InputError(damaged(directory, explain(error))) from None


def write_record(directory: Path, record: CorpusRecord) -> None:
    """Write meta.json."""
    text = json.dumps(dataclasses.asdict(record), ensure_ascii=False, indent=1)
    write_atomically(directory / META, text + "\n")


def damaged(directory: Path, why: object) -> str:
    """The message for a corpus that cannot be read."""
    return tr(
        "{path} is damaged ({why}): delete it and run  xuxie corpus {project}",
        path=directory,
        why=why,
        project=directory.parent,
    )
