"""Books become a corpus: gathered and cleaned to one text, the text encoded.

    record = build_corpus([Project("mybook"), Project("another")], CorpusSettings(), weights=[2.0, 1.0])

The corpus is written into the first project. It is made anew only when a book, its weight, the settings or
the tokenizer.json in it (edited by hand) has changed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xuxie.books.book import Book
from xuxie.config import CorpusSettings
from xuxie.corpus.cleaning import RULES
from xuxie.corpus.corpus import Corpus, CorpusRecord, read_record, write_record
from xuxie.corpus.encoding import encode
from xuxie.corpus.gathering import Gatherer, book_sha256
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

POSITIONS = 512  # the longest input that tokenizer_config.json promises


def build_corpus(
    projects: Sequence[Project],
    settings: CorpusSettings,
    progress: Progress = SILENT,
    *,
    weights: Sequence[float] | None = None,
) -> CorpusRecord:
    """Encode the books of `projects` into the first one's corpus folder.

    An epoch of training reads a book `weights` times (once by default). Raises MissingStageError when a
    project has no book, InputError when there is too little text to train on, a weight is below 1 or a
    tokenizer does not fit.
    """
    directory = projects[0].corpus
    weights = weights or [1.0] * len(projects)
    if min(weights) < 1:
        raise InputError(tr("a weight is 1 or more: give the other books more instead"))
    books = [Book(project.book) for project in projects]
    for book in books:
        book.manifest()  # fails early, and in the order the books were named
    with exclusive(projects[0].directory):
        restore_directory(directory)
        if is_current(directory, settings, books, weights):
            progress.say(tr("the corpus is up to date: nothing to do"))
            return read_record(directory)
        edited = edited_tokenizer(directory, settings)
        if edited:
            progress.say(tr("keeping {path}, which was edited by hand", path=directory / FILE_NAME))
        with replacing_directory(directory) as new:
            record = make(new, books, weights, settings, edited, progress)
            write_record(new, record)
        return record


def make(
    directory: Path,
    books: Sequence[Book],
    weights: Sequence[float],
    settings: CorpusSettings,
    given: NovelTokenizer | None,
    progress: Progress,
) -> CorpusRecord:
    """Write all files of a corpus but its record, which is returned. No tokenizer `given`: one is made."""
    rules = RULES
    if settings.simplify:
        from xuxie.corpus.simplifying import simplifier  # its library is optional

        rules = (*RULES, ("simplified", simplifier()))
    gatherer = Gatherer(directory, rules)
    records = gatherer.gather(books, progress)
    tokenizer, added = (given, {}) if given else make_tokenizer(gatherer.characters, settings)
    encoded = encode(directory, records, tokenizer, progress)
    if not any(section.part == "train" for section in encoded.sections):
        raise InputError(tr("there is too little text to train on: three paragraphs are the least"))
    tokenizer.save(directory, positions=POSITIONS)
    return CorpusRecord(
        simplified=settings.simplify,
        removed={name: gatherer.count(name) for name, _ in rules},
        tokenizer=settings.tokenizer,
        tokenizer_sha256=sha256_of(directory / FILE_NAME),
        tokenizer_edited=given is not None,
        eos_token=settings.eos_token,
        paragraph_token=settings.paragraph_token,
        dtype=encoded.dtype,
        tokens=encoded.tokens,
        unknown=encoded.unknown,
        added=added,
        books=tuple(replace(book, weight=weight) for book, weight in zip(records, weights, strict=True)),
        sections=encoded.sections,
    )


def is_current(
    directory: Path, settings: CorpusSettings, books: Sequence[Book], weights: Sequence[float]
) -> bool:
    """Whether the corpus in `directory` is whole, and was made from these books in this way."""
    try:
        record = Corpus(directory).record
    except (MissingStageError, InputError):
        return False
    asked = (settings.tokenizer, settings.eos_token, settings.paragraph_token, settings.simplify)
    made = (record.tokenizer, record.eos_token, record.paragraph_token, record.simplified)
    if asked != made or sha256_of(directory / FILE_NAME) != record.tokenizer_sha256:
        return False
    present = [
        (book.manifest().title, book_sha256(book), weight)
        for book, weight in zip(books, weights, strict=True)
    ]
    return present == [(book.title, book.sha256, book.weight) for book in record.books]


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


def make_tokenizer(counts: Counter[str], settings: CorpusSettings) -> tuple[NovelTokenizer, dict[str, int]]:
    """The tokenizer that the settings ask for, and the characters of the books that were added to it."""
    names = {"eos": settings.eos_token, "paragraph": settings.paragraph_token}
    if settings.tokenizer == "char":
        return build_character_tokenizer(counts, **names), {}
    from xuxie.pretrained import load_pretrained_tokenizer  # transformers takes a second to import

    tokenizer = adopt(load_pretrained_tokenizer(settings.tokenizer), **names)
    lacking = tokenizer.lacking(sorted(counts))
    tokenizer.add(lacking)
    return tokenizer, {character: counts[character] for character in lacking}
