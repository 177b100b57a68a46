"""Books become a corpus.

    record = build_corpus([Project("mybook"), Project("another")], CorpusSettings())

The corpus is written into the first project. It is made anew only when a book, the tokenizer asked for
or the tokenizer.json in it (edited by hand) has changed.
"""

import dataclasses
import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from xuxie.books.book import Book
from xuxie.config import CorpusSettings
from xuxie.corpus.corpus import (
    CHAPTERS,
    PARAGRAPHS,
    SENTENCES,
    TOKENS,
    BookRecord,
    Corpus,
    CorpusRecord,
    Section,
    read_record,
    write_record,
)
from xuxie.corpus.sentences import split_sentences
from xuxie.corpus.split import FEWEST_CHAPTERS, Part, split
from xuxie.corpus.tokenizer import (
    FILE_NAME,
    NovelTokenizer,
    adopt,
    build_character_tokenizer,
    load_tokenizer,
)
from xuxie.errors import InputError, MissingStageError
from xuxie.files import exclusive, replacing_directory, restore_directory, sha256_of
from xuxie.language import tr
from xuxie.progress import SILENT, Progress
from xuxie.project import Project


def build_corpus(
    projects: Sequence[Project], settings: CorpusSettings, progress: Progress = SILENT
) -> CorpusRecord:
    """Encode the books of `projects` into the first one's corpus folder.

    Raises MissingStageError when a project has no book, InputError when there is too little text to train
    on or a tokenizer does not fit.
    """
    directory = projects[0].corpus
    books = [Book(project.book) for project in projects]
    for book in books:
        book.manifest()  # fails early, and in the order the books were named
    with exclusive(projects[0].directory):
        restore_directory(directory)
        counts, records = survey(books, progress)
        if is_current(directory, settings, records):
            progress.say(tr("the corpus is up to date: nothing to do"))
            return read_record(directory)
        edited = edited_tokenizer(directory, settings)
        tokenizer = edited or make_tokenizer(counts, settings)
        if edited:
            progress.say(tr("keeping {path}, which was edited by hand", path=directory / FILE_NAME))
        with replacing_directory(directory) as new:
            record = encode(new, books, records, tokenizer, settings, progress)
            record = dataclasses.replace(record, tokenizer_edited=edited is not None)
            write_record(new, record)
        return record


def survey(books: Sequence[Book], progress: Progress) -> tuple[Counter[str], tuple[BookRecord, ...]]:
    """Count the characters of every book and take its hash."""
    progress.start(tr("reading"), sum(len(book.fetched()) for book in books))
    total: Counter[str] = Counter()
    records = []
    for book in books:
        counts: Counter[str] = Counter()
        hasher = hashlib.sha256()
        for paragraphs in chapters_of(book):
            for paragraph in paragraphs:
                counts.update(paragraph)
            hasher.update("\n".join(paragraphs).encode("utf-8") + b"\0")
            progress.advance()
        records.append(
            BookRecord(
                title=book.manifest().title,
                sha256=hasher.hexdigest(),
                chapters=len(book.fetched()),
                characters=counts.total(),
            )
        )
        total += counts
    return total, tuple(records)


def chapters_of(book: Book) -> Iterator[list[str]]:
    """The paragraphs of each fetched chapter. Raises InputError when its file has gone."""
    for chapter in book.fetched():
        try:
            yield [paragraph for paragraph in book.paragraphs(chapter) if paragraph]
        except (FileNotFoundError, UnicodeDecodeError):
            raise InputError(
                tr(
                    "{path} is missing or damaged: run  xuxie clean {project}",
                    path=book.clean_path(chapter),
                    project=book.directory.parent,
                )
            ) from None


def is_current(directory: Path, settings: CorpusSettings, records: tuple[BookRecord, ...]) -> bool:
    """Whether the corpus in `directory` is whole, and was made from these books in this way."""
    try:
        record = Corpus(directory).record
    except (MissingStageError, InputError):
        return False
    asked = (settings.tokenizer, settings.eos_token, settings.paragraph_token)
    made = (record.tokenizer, record.eos_token, record.paragraph_token)
    same_tokenizer = sha256_of(directory / FILE_NAME) == record.tokenizer_sha256
    return asked == made and same_tokenizer and records == record.books


def edited_tokenizer(directory: Path, settings: CorpusSettings) -> NovelTokenizer | None:
    """The tokenizer.json in the corpus, if a person changed it, now or before an earlier encoding.

    Deleting the file, or asking for another tokenizer, goes back to one that is made.
    """
    path = directory / FILE_NAME
    try:
        record = read_record(directory)
        changed = sha256_of(path) != record.tokenizer_sha256
    except (MissingStageError, InputError, FileNotFoundError):
        return None
    if settings.tokenizer != record.tokenizer or not (changed or record.tokenizer_edited):
        return None
    return load_tokenizer(path, eos=settings.eos_token, paragraph=settings.paragraph_token)


def make_tokenizer(counts: Counter[str], settings: CorpusSettings) -> NovelTokenizer:
    """The tokenizer that the settings ask for, able to write every character of the books."""
    names = {"eos": settings.eos_token, "paragraph": settings.paragraph_token}
    if settings.tokenizer == "char":
        return build_character_tokenizer(counts, **names)
    from xuxie.pretrained import load_pretrained_tokenizer  # transformers takes a second to import

    tokenizer = adopt(load_pretrained_tokenizer(settings.tokenizer), **names)
    tokenizer.add(tokenizer.lacking(sorted(counts)))
    return tokenizer


def encode(
    directory: Path,
    books: Sequence[Book],
    records: tuple[BookRecord, ...],
    tokenizer: NovelTokenizer,
    settings: CorpusSettings,
    progress: Progress,
) -> CorpusRecord:
    """Write the token ids and offsets of every chapter, in order; the record is the caller's to write."""
    dtype = np.dtype(np.uint16 if tokenizer.size <= 2**16 else np.uint32)
    progress.start(tr("encoding"), sum(record.characters for record in records))
    sentences, paragraphs, chapters = array("q"), array("q"), array("q")
    sections: list[Section] = []
    offset = unknown = 0
    with (directory / TOKENS).open("wb") as file:
        for book, record in zip(books, records, strict=True):
            parts = parts_of(book, record)
            for text in chapters_of(book):
                chapters.append(offset)
                for paragraph, sentence_ids in encode_paragraphs(text, tokenizer):
                    part = next(parts)
                    paragraphs.append(offset)
                    start = offset
                    for ids in sentence_ids:
                        sentences.append(offset)
                        file.write(np.array(ids, dtype).tobytes())
                        offset += len(ids)
                        unknown += ids.count(tokenizer.unk_id)
                    extend(sections, Section(chapter=len(chapters) - 1, part=part, start=start, end=offset))
                    progress.advance(len(paragraph))
    if not any(section.part == "train" for section in sections):
        raise InputError(tr("there is too little text to train on: three paragraphs are the least"))
    for name, offsets in ((SENTENCES, sentences), (PARAGRAPHS, paragraphs), (CHAPTERS, chapters)):
        np.save(directory / name, np.array([*offsets, offset], dtype=np.int64))
    tokenizer.save(directory, positions=512)
    return CorpusRecord(
        tokenizer=settings.tokenizer,
        tokenizer_sha256=sha256_of(directory / FILE_NAME),
        eos_token=settings.eos_token,
        paragraph_token=settings.paragraph_token,
        dtype="uint16" if dtype == np.uint16 else "uint32",
        tokens=offset,
        unknown=unknown,
        books=records,
        sections=tuple(sections),
    )


def parts_of(book: Book, record: BookRecord) -> Iterator[Part]:
    """The part of every paragraph of a book, in reading order."""
    lengths = [len(paragraphs) for paragraphs in chapters_of(book)]
    if record.chapters < FEWEST_CHAPTERS:
        yield from split(sum(lengths))
        return
    for part, length in zip(split(len(lengths)), lengths, strict=True):
        yield from [part] * length


def encode_paragraphs(
    paragraphs: Sequence[str], tokenizer: NovelTokenizer
) -> Iterator[tuple[str, list[list[int]]]]:
    """Each paragraph with its sentences' ids: the first opens with [PAR], each ends in [EOS]."""
    split_up = [split_sentences(paragraph) for paragraph in paragraphs]
    ids = iter(tokenizer.encode([sentence for sentences in split_up for sentence in sentences]))
    for paragraph, sentences in zip(paragraphs, split_up, strict=True):
        encoded = [[*next(ids), tokenizer.eos_id] for _ in sentences]
        encoded[0].insert(0, tokenizer.paragraph_id)
        yield paragraph, encoded


def extend(sections: list[Section], new: Section) -> None:
    """Add a paragraph's section, joined to the last one where chapter and part are the same."""
    if sections and (sections[-1].chapter, sections[-1].part) == (new.chapter, new.part):
        new = Section(chapter=new.chapter, part=new.part, start=sections.pop().start, end=new.end)
    sections.append(new)
