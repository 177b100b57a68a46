"""What tests share: the language, a tiny model that really writes, books, a real server."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import torch
from flask import Flask
from hypothesis import settings as hypothesis_settings
from transformers import BertForMaskedLM

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, digest, file_name
from xuxie.config import ServeSettings, TrainSettings
from xuxie.corpus.tokenizer import build_character_tokenizer
from xuxie.generation.decoder import Reading
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.generation.writer import Writer
from xuxie.model_record import ModelRecord
from xuxie.models import save_model, weights_of
from xuxie.project import Project
from xuxie.server.app import bind
from xuxie.unilm.model import new_model

TEXT = "他推开门，屋里没有人。桌上的灯还亮着，茶也是热的。“谁来过？”她问。窗外下着雨，一滴一滴往石缸里落。"

hypothesis_settings.register_profile("xuxie", deadline=None, derandomize=True)  # a busy machine is no fault
hypothesis_settings.load_profile("xuxie")


def pytest_configure() -> None:
    """Hear Ctrl-C, and let child processes hear it, also where a shell started the tests with `&`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where XUXIE_NO_SKIP is set, as in CI, a test that was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("XUXIE_NO_SKIP") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


os.environ["XUXIE_LANG"] = "en"  # the texts of --help are chosen when the commands are imported


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XUXIE_LANG", "en")


TOKENIZER = build_character_tokenizer(Counter(TEXT), eos="[EOS]", paragraph="[PAR]")


@pytest.fixture(scope="session")
def tiny_model() -> BertForMaskedLM:
    """An untrained model of the tokenizer's vocabulary, for windows of 64 and 32."""
    torch.set_num_threads(1)  # more of them only get in each other's way at this size
    torch.manual_seed(0)
    model = new_model(vocabulary_size=TOKENIZER.size, layers=2, hidden_size=32, heads=2, positions=96)
    model.eval()
    return model


@pytest.fixture(scope="session")
def tiny_writer(tiny_model: BertForMaskedLM) -> Writer:
    """The untrained model's writer: it writes nonsense, quickly, and the same for the same seed."""
    record = ModelRecord(
        title="半篙",
        objective="masked",
        source_length=64,
        target_length=32,
        eos_token=TOKENIZER.eos,
        paragraph_token=TOKENIZER.paragraph,
        corpus="0" * 64,
        settings=TrainSettings(layers=2, hidden_size=32, heads=2, source_length=64, target_length=32),
        step=0,
        seconds=0.0,
        bits_per_character=None,
    )
    decoder = TorchDecoder(weights_of(tiny_model), Reading(mask_id=TOKENIZER.mask_id), slots=16)
    return Writer(decoder, TOKENIZER, record)


@pytest.fixture
def model_folder(tiny_model: BertForMaskedLM, tiny_writer: Writer, tmp_path: Path) -> Path:
    """A project's model folder."""
    directory = tmp_path / "a" / "model"
    save_model(directory, tiny_model, tiny_writer.tokenizer, tiny_writer.record)
    return directory


@pytest.fixture
def write_book() -> Callable[[Path, Sequence[Sequence[str]]], Project]:
    """Write a book of the given chapters (lists of paragraphs) into a project folder."""

    def write(directory: Path, chapters: Sequence[Sequence[str]]) -> Project:
        project = Project(directory)
        book = Book(project.book)
        records = []
        for number, paragraphs in enumerate(chapters, start=1):
            content = chapter_bytes(list(paragraphs))
            chapter = Chapter(
                title=f"第{number}章", file=file_name(number), state="fetched", sha256=digest(content)
            )
            book.clean_path(chapter).parent.mkdir(parents=True, exist_ok=True)
            book.clean_path(chapter).write_bytes(content)
            records.append(chapter)
        book.write_manifest(Manifest(title=directory.name, source="novel.txt", chapters=tuple(records)))
        return project

    return write


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Serve an application with waitress until the test ends; gives its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    settings: ServeSettings = app.extensions["engine"].settings.serve
    server = bind(app, settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # Its sockets belong to its own thread: that one closes them, and its loop ends for want of any.
        server.trigger.pull_trigger(lambda: [channel.close() for channel in list(server._map.values())])
        thread.join()
        server.task_dispatcher.shutdown()
