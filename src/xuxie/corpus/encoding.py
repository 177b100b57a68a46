"""A text becomes token ids and offsets, a chapter at a time.

    encoded = encode(directory, gathered.books, tokenizer, progress)

Each paragraph opens with [PAR] and each sentence ends in [EOS]. Memory holds one chapter and the offsets.
"""

import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xuxie.corpus.corpus import CHAPTERS, PARAGRAPHS, SENTENCES, TEXT, TOKENS, BookRecord, Section
from xuxie.corpus.gathering import read_chapters
from xuxie.corpus.sentences import split_sentences
from xuxie.corpus.split import FEWEST_CHAPTERS, Part, split
from xuxie.corpus.tokenizer import NovelTokenizer
from xuxie.language import tr
from xuxie.progress import SILENT, Progress


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """What was written: the type of the ids, their number, those that are [UNK], and the sections."""

    dtype: Literal["uint16", "uint32"]
    tokens: int
    unknown: int
    sections: tuple[Section, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The ids of some paragraphs, and where among them sentences and paragraphs begin."""

    ids: NDArray[np.int64]
    sentences: NDArray[np.int64]
    paragraphs: NDArray[np.int64]


def encode(
    directory: Path, books: Sequence[BookRecord], tokenizer: NovelTokenizer, progress: Progress = SILENT
) -> Encoded:
    """Write the token ids and offsets of the text in a corpus's folder."""
    dtype: Literal["uint16", "uint32"] = "uint16" if tokenizer.size <= 2**16 else "uint32"
    progress.start(tr("encoding"), sum(record.characters for record in books))
    sentences, paragraphs, chapters = array("q"), array("q"), array("q")
    sections: list[Section] = []
    offset = unknown = 0
    with (directory / TOKENS).open("wb") as file:
        for chapter, (text, parts) in enumerate(with_parts(read_chapters(directory / TEXT), books)):
            layout = lay_out(text, tokenizer)
            file.write(layout.ids.astype(dtype).tobytes())
            unknown += int(np.count_nonzero(layout.ids == tokenizer.unk_id))
            sentences.frombytes((layout.sentences + offset).tobytes())
            paragraphs.frombytes((layout.paragraphs + offset).tobytes())
            chapters.append(offset)
            begins = [*(layout.paragraphs + offset).tolist(), offset + len(layout.ids)]
            sections += sections_of(chapter, parts, begins)
            offset += len(layout.ids)
            progress.advance(sum(map(len, text)))
    for name, offsets in ((SENTENCES, sentences), (PARAGRAPHS, paragraphs), (CHAPTERS, chapters)):
        offsets.append(offset)
        np.save(directory / name, np.frombuffer(offsets, dtype=np.int64))
    return Encoded(dtype=dtype, tokens=offset, unknown=unknown, sections=tuple(sections))


def lay_out(paragraphs: Sequence[str], tokenizer: NovelTokenizer) -> Layout:
    """Token ids of some paragraphs: the first sentence of each opens with [PAR], each ends in [EOS]."""
    split_up = [split_sentences(paragraph) for paragraph in paragraphs]
    ids, lengths = tokenizer.encode_flat(list(itertools.chain.from_iterable(split_up)))
    counts = np.array([len(sentences) for sentences in split_up], dtype=np.int64)
    opens = np.zeros(len(lengths), dtype=np.int64)  # 1 where a sentence opens a paragraph
    opens[np.cumsum(counts) - counts] = 1
    sizes = opens + lengths + 1
    ends = np.cumsum(sizes)
    begins = ends - sizes
    result = np.empty(int(sizes.sum()), dtype=np.int64)
    sentence_of = np.repeat(np.arange(len(lengths)), lengths)
    result[np.arange(len(ids)) + sentence_of + np.cumsum(opens)[sentence_of]] = ids
    result[ends - 1] = tokenizer.eos_id
    result[begins[opens == 1]] = tokenizer.paragraph_id
    return Layout(ids=result, sentences=begins, paragraphs=begins[opens == 1])


def with_parts(
    chapters: Iterator[list[str]], books: Sequence[BookRecord]
) -> Iterator[tuple[list[str], list[Part]]]:
    """Each chapter with the part of every paragraph in it."""
    for book in books:
        whole = book.chapters >= FEWEST_CHAPTERS
        parts = iter(split(book.chapters if whole else book.paragraphs))
        for text in itertools.islice(chapters, book.chapters):
            yield text, [next(parts)] * len(text) if whole else list(itertools.islice(parts, len(text)))


def sections_of(chapter: int, parts: Sequence[Part], begins: Sequence[int]) -> Iterator[Section]:
    """The sections of a chapter: `parts` of its paragraphs, and where they begin, and the end."""
    place = 0
    for part, run in itertools.groupby(parts):
        start, place = place, place + len(list(run))
        yield Section(chapter=chapter, part=part, start=begins[start], end=begins[place])
