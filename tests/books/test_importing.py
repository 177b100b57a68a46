import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from xuxie.books import importing
from xuxie.books.book import Book, digest
from xuxie.books.importing import import_file
from xuxie.errors import EnvironmentFailure, InputError
from xuxie.files import exclusive
from xuxie.progress import Silent
from xuxie.project import Project

TEXT = "《雪夜》\n作者：某人\n第一回 雪\n　　话说。\n(本章完)\n第二回 雨\n　　却说。\n(本章完)\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "雪夜.txt"
    path.write_bytes(TEXT.encode("gb18030"))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "mybook")


def state(project: Project) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(project.book)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in project.book.rglob("*")
        if path.is_file()
    }


def test_a_text_file_becomes_a_book(source: Path, project: Project) -> None:
    manifest = import_file(source, project)
    book = Book(project.book)
    assert (manifest.title, manifest.author, manifest.source) == ("雪夜", "某人", "雪夜.txt")
    assert book.manifest() == manifest
    assert [(chapter.title, chapter.state, chapter.url) for chapter in manifest.chapters] == [
        ("第一回 雪", "fetched", ""),
        ("第二回 雨", "fetched", ""),
    ]
    for chapter in manifest.chapters:
        assert digest(book.raw_path(chapter).read_bytes()) == chapter.sha256
    assert [book.raw(chapter) for chapter in manifest.chapters] == [
        ["话说。", "(本章完)"],
        ["却说。", "(本章完)"],
    ]
    assert [book.paragraphs(chapter) for chapter in manifest.chapters] == [["话说。"], ["却说。"]]
    assert (project.book / "raw" / "preamble.txt").read_text("utf-8") == "《雪夜》\n作者：某人\n"


def test_running_it_again_touches_nothing(source: Path, project: Project) -> None:
    import_file(source, project)
    before = state(project)
    import_file(source, project)
    assert state(project) == before


def test_a_changed_file_updates_what_changed(source: Path, project: Project) -> None:
    import_file(source, project)
    before = state(project)
    source.write_text("第一回 雪\n　　话说。\n(本章完)\n", "utf-8")
    manifest = import_file(source, project)
    after = state(project)
    assert len(manifest.chapters) == 1
    assert after["raw/0001.txt"] == before["raw/0001.txt"]
    assert sorted(after) == [
        "chapters/0001.txt",
        "cleaning-rules.json",
        "cleaning.json",
        "manifest.json",
        "raw/0001.txt",
    ]


def test_an_import_that_was_killed_is_put_right(
    source: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(book: Book) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "clean_book", killed)
        with pytest.raises(KeyboardInterrupt):
            import_file(source, project)
    (project.book / "raw" / "0001.txt").write_text("半", "utf-8")
    (project.book / "raw" / "0002.txt.tmp").write_text("半", "utf-8")
    import_file(source, project)
    fresh = Project(project.directory.with_name("fresh"))
    import_file(source, fresh)
    contents = [{name: content for name, (content, _) in state(one).items()} for one in (project, fresh)]
    assert contents[0] == contents[1]


def test_another_book_is_not_overwritten(source: Path, project: Project) -> None:
    import_file(source, project)
    other = source.with_name("雨夜.txt")
    other.write_text("第一回 雨\n却说。\n", "utf-8")
    before = state(project)
    with pytest.raises(InputError, match="-o"):
        import_file(other, project)
    assert state(project) == before


def test_an_epub_is_known_by_its_content(tmp_path: Path, project: Project) -> None:
    path = tmp_path / "book.txt"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("META-INF/container.xml", '<container><rootfile full-path="a.opf"/></container>')
        file.writestr(
            "a.opf",
            '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        file.writestr("a.xhtml", "<html><body><h1>第一章</h1><p>话说。</p></body></html>")
    manifest = import_file(path, project)
    assert [chapter.title for chapter in manifest.chapters] == ["第一章"]
    assert Book(project.book).paragraphs(manifest.chapters[0]) == ["话说。"]


def docx(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", "<w/>")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b" \n\t"), "no readable text"),
        (lambda path: path.write_bytes(bytes(range(256)) * 9), "binary"),
        (lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(99)), "PDF.*Calibre"),
        (lambda path: path.write_bytes(bytes(60) + b"BOOKMOBI" + bytes(99)), "MOBI.*Calibre"),
        (docx, "DOCX.*Calibre"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(50)), "damaged"),
    ],
)
def test_what_cannot_be_imported_says_so_in_one_line(
    tmp_path: Path,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path], object],
    message: str,
) -> None:
    monkeypatch.setenv("XUXIE_LANG", "en")
    path = tmp_path / "novel.txt"
    prepare(path)
    with pytest.raises(InputError, match=message) as caught:
        import_file(path, project)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert not project.directory.exists()


def test_size_caps(source: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_TXT_BYTES", 10)
    with pytest.raises(InputError, match="MiB"):
        import_file(source, project)


def test_a_folder_in_use_is_left_alone(source: Path, project: Project) -> None:
    with exclusive(project.directory), pytest.raises(EnvironmentFailure):
        import_file(source, project)


def test_progress_counts_chapters(source: Path, project: Project) -> None:
    class Recorder(Silent):
        total: float | None = None
        done = 0.0

        def start(self, what: str, total: float | None = None) -> None:
            self.total = total

        def advance(self, amount: float = 1, note: str = "") -> None:
            self.done += amount

    recorder = Recorder()
    import_file(source, project, recorder)
    assert (recorder.total, recorder.done) == (2, 2)


def test_bytes_that_cannot_be_read_are_counted_and_told(source: Path, project: Project) -> None:
    text = TEXT.replace("却说。", "却说那年，他们来了，又走了。" * 9)
    source.write_bytes(text.encode() + b"\xff\xfe" * 3 + "\n第三回 雷\n　　且说。\ufffd".encode())
    told = Told()
    manifest = import_file(source, project, told)
    assert [chapter.losses for chapter in manifest.chapters] == [0, 6, 1]
    assert any("6 bytes of" in line for line in told.lines)


def test_a_file_that_is_read_whole_says_nothing(source: Path, project: Project) -> None:
    told = Told()
    source.write_bytes((TEXT + "\ufffd").encode())
    assert [chapter.losses for chapter in import_file(source, project, told).chapters] == [0, 0]
    assert told.lines == []


class Told(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)
