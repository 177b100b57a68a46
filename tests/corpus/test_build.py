import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from xuxie.books.book import Book
from xuxie.config import CorpusSettings
from xuxie.corpus.build import build_corpus
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.split import PARTS, split
from xuxie.errors import InputError, MissingStageError
from xuxie.progress import Silent
from xuxie.project import Project

WriteBook = Callable[[Path, Sequence[Sequence[str]]], Project]
SETTINGS = CorpusSettings()
CHAPTERS = [
    [f"第{n}夜，雨下得很大。他坐了一夜。", f"“你数到{n}了么？”她问，声音很轻。", "他点点头。"]
    for n in range(1, 7)
]


class Lines(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name != ".lock"}


def test_the_layout_of_tokens_and_offsets(tmp_path: Path, write_book: WriteBook) -> None:
    project = write_book(tmp_path / "半篙", CHAPTERS)
    record = build_corpus([project], SETTINGS)
    corpus = Corpus(project.corpus)
    tokenizer = corpus.tokenizer
    names = [
        {tokenizer.eos_id: "[EOS]", tokenizer.paragraph_id: "[PAR]"}.get(i, tokenizer.texts[i])
        for i in corpus.ids(0, record.tokens)
    ]
    assert "".join(names).startswith(
        "[PAR]第1夜，雨下得很大。[EOS]他坐了一夜。[EOS][PAR]“你数到1了么？”[EOS]她问，声音很轻。[EOS][PAR]他点点头。[EOS]"
        "[PAR]第2夜"
    )
    assert tokenizer.decode(corpus.ids(0, record.tokens)) == "\n".join("\n".join(c) for c in CHAPTERS)
    ends = [i + 1 for i, name in enumerate(names) if name == "[EOS]"]
    assert corpus.sentences.tolist() == [0, *ends]
    assert corpus.paragraphs.tolist() == [i for i, name in enumerate(names) if name == "[PAR]"] + [
        record.tokens
    ]
    assert corpus.chapters.tolist() == [*corpus.paragraphs[:-1:3].tolist(), record.tokens]
    assert record.characters == sum(len(p) for chapter in CHAPTERS for p in chapter)
    assert record.tokens == record.characters + 6 * (5 + 3)
    assert (record.unknown, record.dtype, record.books[0].title) == (0, "uint16", "半篙")
    assert (project.corpus / "text.txt").read_text("utf-8") == "".join(
        "".join(f"{paragraph}\n" for paragraph in chapter) + "\n" for chapter in CHAPTERS
    )


def test_sections_are_whole_chapters_of_one_part(tmp_path: Path, write_book: WriteBook) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    record = build_corpus([project], SETTINGS)
    corpus = Corpus(project.corpus)
    edges = corpus.chapters.tolist()
    assert [(s.start, s.end) for s in record.sections] == list(pairwise(edges))
    assert [s.part for s in record.sections] == split(6)
    assert [s.chapter for s in record.sections] == list(range(6))
    assert [corpus.sections(part)[0].chapter for part in PARTS] == [0, 2, 5]


def test_a_small_book_is_split_by_paragraphs(tmp_path: Path, write_book: WriteBook) -> None:
    chapters = [[f"第{n}段。" for n in range(8)], [f"第{n}段。" for n in range(8, 12)]]
    project = write_book(tmp_path / "a", chapters)
    record = build_corpus([project], SETTINGS)
    corpus = Corpus(project.corpus)
    parts = []
    for start in corpus.paragraphs[:-1].tolist():
        (section,) = [s for s in record.sections if s.start <= start < s.end]
        assert corpus.chapters[section.chapter] <= start < corpus.chapters[section.chapter + 1]
        parts.append(section.part)
    assert parts == split(12)
    assert all(a.end == b.start for a, b in pairwise(record.sections))


def test_two_books_are_split_each_for_itself(tmp_path: Path, write_book: WriteBook) -> None:
    first = write_book(tmp_path / "a", CHAPTERS)
    second = write_book(tmp_path / "b", [[f"另一本，第{n}段。"] for n in range(12)])
    record = build_corpus([first, second], SETTINGS)
    assert [book.title for book in record.books] == ["a", "b"]
    assert [s.part for s in record.sections] == split(6) + split(12)
    assert [s.chapter for s in record.sections] == list(range(18))
    assert not second.corpus.exists()


def test_up_to_date_there_is_nothing_to_do(tmp_path: Path, write_book: WriteBook) -> None:
    project, progress = write_book(tmp_path / "a", CHAPTERS), Lines()
    record = build_corpus([project], SETTINGS)
    before = content(project.corpus)
    changed = (project.corpus / "tokens.bin").stat().st_mtime_ns
    assert build_corpus([project], SETTINGS, progress) == record
    assert progress.lines == ["the corpus is up to date: nothing to do"]
    assert content(project.corpus) == before
    assert (project.corpus / "tokens.bin").stat().st_mtime_ns == changed


def test_equal_input_gives_equal_bytes(tmp_path: Path, write_book: WriteBook) -> None:
    projects = [write_book(tmp_path / folder / "a", CHAPTERS) for folder in ("1", "2")]
    for project in projects:
        build_corpus([project], SETTINGS)
    assert content(projects[0].corpus) == content(projects[1].corpus)


@pytest.mark.parametrize("change", ["book", "order", "settings"])
def test_a_change_makes_it_anew(tmp_path: Path, write_book: WriteBook, change: str) -> None:
    project, settings = write_book(tmp_path / "a", CHAPTERS), SETTINGS
    old = build_corpus([project], settings)
    if change == "settings":
        settings = CorpusSettings(eos_token="[END]")
    else:
        write_book(tmp_path / "a", [*CHAPTERS, ["又一章。"]] if change == "book" else CHAPTERS[::-1])
    new = build_corpus([project], settings)
    assert new != old
    assert Corpus(project.corpus).record == new
    if change != "settings":
        assert new.sha256 != old.sha256


@pytest.mark.parametrize("name", ["tokens.bin", "sentences.npy", "tokenizer.json", "meta.json"])
def test_a_corpus_with_a_file_missing_is_made_again(
    tmp_path: Path, write_book: WriteBook, name: str
) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    build_corpus([project], SETTINGS)
    before = content(project.corpus)
    (project.corpus / name).unlink()
    build_corpus([project], SETTINGS)
    assert content(project.corpus) == before


def test_a_tokenizer_edited_by_hand_is_honoured(tmp_path: Path, write_book: WriteBook) -> None:
    project, progress = write_book(tmp_path / "a", CHAPTERS), Lines()
    old = build_corpus([project], SETTINGS)
    path = project.corpus / "tokenizer.json"
    edited = json.loads(path.read_text(encoding="utf-8"))
    del edited["model"]["vocab"]["雨"]
    edited["model"]["vocab"]["龘"] = 500
    path.write_text(json.dumps(edited), encoding="utf-8")
    record = build_corpus([project], SETTINGS, progress)
    assert progress.lines == [f"keeping {path}, which was edited by hand"]
    assert record.unknown == 6
    assert record.tokenizer_sha256 != old.tokenizer_sha256
    corpus = Corpus(project.corpus)
    assert corpus.tokenizer.size == 501
    assert corpus.ids(0, record.tokens).count(corpus.tokenizer.unk_id) == 6
    again = Lines()
    assert build_corpus([project], SETTINGS, again) == record
    assert again.lines == ["the corpus is up to date: nothing to do"]
    write_book(tmp_path / "a", [*CHAPTERS, ["又下雪了。"]])  # a later chapter does not undo the edit
    assert build_corpus([project], SETTINGS).tokenizer_edited
    assert Corpus(project.corpus).tokenizer.size == 501
    path.unlink()
    assert not build_corpus([project], SETTINGS).tokenizer_edited


def test_a_tokenizer_broken_by_hand_is_named_and_nothing_lost(
    tmp_path: Path, write_book: WriteBook
) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    build_corpus([project], SETTINGS)
    (project.corpus / "tokenizer.json").write_text("{", encoding="utf-8")
    before = content(project.corpus)
    with pytest.raises(InputError, match=r"tokenizer\.json is not a tokenizer"):
        build_corpus([project], SETTINGS)
    assert content(project.corpus) == before


@pytest.mark.parametrize("chapters", [[], [["一段。"]], [["一段。"], ["两段。"]], [[""]]])
def test_too_little_text(tmp_path: Path, write_book: WriteBook, chapters: list[list[str]]) -> None:
    project = write_book(tmp_path / "a", chapters)
    with pytest.raises(InputError, match="too little text to train on: three paragraphs"):
        build_corpus([project], SETTINGS)
    assert not list(tmp_path.glob("a/corpus*"))


def test_a_project_without_a_book(tmp_path: Path, write_book: WriteBook) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    with pytest.raises(MissingStageError, match=r"there is no book in .*b"):
        build_corpus([project, Project(tmp_path / "b")], SETTINGS)


@pytest.mark.parametrize("damage", ["gone", "gb18030"])
def test_a_missing_or_damaged_chapter_is_named(tmp_path: Path, write_book: WriteBook, damage: str) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    path = project.book / "chapters" / "0003.txt"
    path.unlink() if damage == "gone" else path.write_bytes("雨夜".encode("gb18030"))
    with pytest.raises(InputError, match=r"0003\.txt is missing or damaged: run  xuxie clean"):
        build_corpus([project], SETTINGS)


def test_chapters_that_were_not_fetched_are_left_out(tmp_path: Path, write_book: WriteBook) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    book = Book(project.book)
    text = book.manifest_path.read_text(encoding="utf-8").replace('"fetched"', '"failed"', 1)
    book.manifest_path.write_text(text, encoding="utf-8")
    record = build_corpus([project], SETTINGS)
    assert record.books[0].chapters == 5


def test_a_chapter_that_stands_in_another_book_is_left_empty(tmp_path: Path, write_book: WriteBook) -> None:
    first = write_book(tmp_path / "a", CHAPTERS)
    second = write_book(
        tmp_path / "b", [[f"另一本，第{n}段。"] for n in range(5)] + [CHAPTERS[1], ["尾声。"]]
    )
    record = build_corpus([first, second], SETTINGS)
    assert [(book.chapters, book.repeated) for book in record.books] == [(6, 0), (7, 1)]
    corpus = Corpus(first.corpus)
    edges = corpus.chapters.tolist()
    assert [i for i, (a, b) in enumerate(pairwise(edges)) if a == b] == [6 + 5]
    assert [s.chapter for s in record.sections] == [*range(11), 12]
    assert [s.part for s in record.sections][6:] == [*split(7)[:5], split(7)[6]]
    assert corpus.book_of(5).title == "a"
    assert corpus.book_of(6).title == "b"


def test_what_cleaning_removes_is_counted(tmp_path: Path, write_book: WriteBook) -> None:
    noisy = [*CHAPTERS[0], "他坐下来①，越仙\ue24b而进。", "①坐：两膝着地。", "（原载《现代》第一期）"]
    project = write_book(tmp_path / "a", [noisy, *CHAPTERS[1:]])
    record = build_corpus([project], SETTINGS)
    assert {rule: n for rule, n in record.removed.items() if n} == {
        "footnotes": 1,
        "editors": 1,
        "marks": 1,
        "glyphs": 1,
    }
    assert "他坐下来，越仙\ufffd而进。\n\n" in (project.corpus / "text.txt").read_text("utf-8")
    report = json.loads((project.corpus / "cleaning.json").read_text("utf-8"))
    assert report["footnotes"] == {"count": 1, "removed": [{"text": "①坐：两膝着地。", "count": 1}]}
    assert record.unknown == 1  # no vocabulary has U+FFFD
    assert (project.book / "chapters" / "0001.txt").read_text("utf-8").count("①") == 2  # the reader's stays


def test_weights_are_recorded_and_name_the_corpus(tmp_path: Path, write_book: WriteBook) -> None:
    projects = [write_book(tmp_path / "a", CHAPTERS), write_book(tmp_path / "b", [["另一本。"]] * 3)]
    plain = build_corpus(projects, SETTINGS)
    weighted = build_corpus(projects, SETTINGS, weights=[2.0, 1.5])
    assert [book.weight for book in weighted.books] == [2.0, 1.5]
    assert weighted.sha256 == plain.sha256 + "-2-1.5"
    progress = Lines()
    build_corpus(projects, SETTINGS, progress, weights=[2.0, 1.5])
    assert progress.lines == ["the corpus is up to date: nothing to do"]
    with pytest.raises(InputError, match="a weight is 1 or more"):
        build_corpus(projects, SETTINGS, weights=[1.0, 0.5])


def test_traditional_characters_are_made_simplified(tmp_path: Path, write_book: WriteBook) -> None:
    project = write_book(tmp_path / "a", [["後來他說：「乾隆皇后。」"], ["頭髮。"], ["雨。"], ["雪。"]])
    record = build_corpus([project], CorpusSettings(simplify=True))
    assert (project.corpus / "text.txt").read_text("utf-8").startswith("后来他说：「乾隆皇后。」\n")
    assert record.removed["simplified"] == 5
    assert record.simplified
    assert not build_corpus([project], SETTINGS).simplified


KILLED = """
import os, signal, sys
from pathlib import Path
from xuxie.config import CorpusSettings
from xuxie.corpus.build import build_corpus
from xuxie.progress import Silent
from xuxie.project import Project

class Dying(Silent):
    left = int(sys.argv[2])
    def advance(self, amount=1, note=""):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

build_corpus([Project(Path(sys.argv[1]))], CorpusSettings(), Dying())
"""


def test_killed_and_run_again(tmp_path: Path, write_book: WriteBook) -> None:
    whole = write_book(tmp_path / "whole" / "a", CHAPTERS)
    build_corpus([whole], SETTINGS)
    project = write_book(tmp_path / "killed" / "a", CHAPTERS[:5])
    build_corpus([project], SETTINGS)
    before = content(project.corpus)
    write_book(project.directory, CHAPTERS)
    source = Path(__file__).resolve().parents[2] / "src"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(project), "9"],  # in the middle of encoding
        env=os.environ | {"PYTHONPATH": str(source)},
    )
    assert killed.returncode == -signal.SIGKILL
    assert (project.directory / "corpus.new" / "tokens.bin").exists()
    assert content(project.corpus) == before
    build_corpus([project], SETTINGS)
    assert content(project.corpus) == content(whole.corpus)
    assert sorted(path.name for path in project.directory.iterdir()) == [".lock", "book", "corpus"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("meta.json", b"{"),
        ("meta.json", b'{"version": 1}'),
        ("tokens.bin", b""),
        ("tokens.bin", b"12"),
        ("sentences.npy", b""),
        ("sentences.npy", b"\x93NUMPY"),
        ("sentences.npy", "empty array"),
        ("sentences.npy", "objects"),
        ("chapters.npy", "one number"),
    ],
)
def test_a_damaged_corpus_says_what_to_do(
    tmp_path: Path, write_book: WriteBook, name: str, content: bytes | str
) -> None:
    project = write_book(tmp_path / "a", CHAPTERS)
    build_corpus([project], SETTINGS)
    path = project.corpus / name
    if content == "empty array":
        np.save(path, np.array([], dtype=np.int64))
    elif content == "objects":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif content == "one number":
        np.save(path, np.int64(1))
    else:
        assert isinstance(content, bytes)
        path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"corpus is damaged \(.*\): delete it and run  xuxie corpus"
    ) as caught:
        Corpus(project.corpus)
    assert "\n" not in str(caught.value)


def test_no_corpus_is_a_missing_stage(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="make it with  xuxie corpus"):
        Corpus(tmp_path / "corpus")
