"""A book goes out as TXT or EPUB, and comes in again as it was."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, file_name
from xuxie.books.edition import NAMELESS, Edition, EditionChapter, Part, edition_of, one_line
from xuxie.books.epub import read_epub
from xuxie.books.epub_documents import documents, identifier, modified
from xuxie.books.exporting import FORMATS, Format, export_book, write_epub
from xuxie.books.importing import import_file
from xuxie.books.txt import parse_txt
from xuxie.books.txt_layout import read_layout, write_txt
from xuxie.errors import InputError, MissingStageError
from xuxie.project import Project

Line = tuple[str, str, list[str]]  # volume, title, paragraphs
CHAPTERS: list[Line] = [
    ("", "楔子", ["话说。", "“你来了。”"]),
    ("第一卷 风起", "第一章 雪", ["第二章 雨？他问。", "那年。"]),
    ("第一卷 风起", "他没有回头，雪还在下。", ["一", "* * *"]),
    ("第二卷 云涌", "第一章 雷", ["且说。"]),
    ("", "尾声", ["完了。"]),
]


def make_book(directory: Path, chapters: list[Line], **facts: str) -> Book:
    book = Book(directory / "book")
    records = []
    for number, (volume, title, paragraphs) in enumerate(chapters, start=1):
        record = Chapter(title=title, volume=volume, file=file_name(number), state="fetched")
        book.clean_path(record).parent.mkdir(parents=True, exist_ok=True)
        book.clean_path(record).write_bytes(chapter_bytes(paragraphs))
        records.append(record)
    values = {"title": "雪夜", "author": "佚名", "source": "https://example.com/1/", **facts}
    book.write_manifest(Manifest(chapters=tuple(records), **values))  # type: ignore[arg-type]
    return book


def edition(chapters: list[Line]) -> Edition:
    parts = tuple(
        Part(volume=volume, chapters=(EditionChapter(title=title, paragraphs=tuple(paragraphs)),))
        for volume, title, paragraphs in chapters
    )
    return Edition(title="雪夜", author="佚名", introduction=("简介。",), source="", parts=parts)


@pytest.mark.parametrize("form", ["txt", "epub"])
def test_what_goes_out_comes_in_again(tmp_path: Path, form: Format) -> None:
    path = tmp_path / f"file.{form}"
    export_book(make_book(tmp_path, CHAPTERS, introduction="一。\n二。"), form, path)
    project = Project(tmp_path / "again")
    manifest = import_file(path, project)
    book = Book(project.book)
    assert (manifest.title, manifest.author) == ("雪夜", "佚名")
    assert [
        (chapter.volume, chapter.title, book.paragraphs(chapter)) for chapter in manifest.chapters
    ] == CHAPTERS


LETTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Cf", "Zs", "Zl", "Zp"], exclude_characters="\ufffd"
)
WORDS = st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: any(map(str.isalnum, text)))
TITLES = st.builds("第{}章 {}".format, st.integers(1, 999), WORDS) | WORDS
LINES = st.lists(
    WORDS | st.sampled_from(["“是。”", "第一章 雪", "共 3 章", "—— 卷 ——", "《雪》"]),
    min_size=1,
    max_size=5,
)
VOLUMES = st.sampled_from(["", "第一卷 风起", "外传"])
BOOKS = st.lists(st.tuples(VOLUMES, TITLES, LINES), min_size=1, max_size=6)


@given(BOOKS)
def test_any_book_comes_in_again_from_its_text(chapters: list[Line]) -> None:
    book = parse_txt(write_txt(edition(chapters)), "x.txt")
    assert (book.title, book.author) == ("雪夜", "佚名")
    assert [(each.volume, each.title, each.paragraphs) for each in book.chapters] == chapters


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BOOKS)
def test_any_book_comes_in_again_from_its_epub(tmp_path: Path, chapters: list[Line]) -> None:
    path = tmp_path / "book.epub"
    write_epub(edition(chapters), path)
    book = read_epub(path)
    assert (book.title, book.author) == ("雪夜", "佚名")
    # The titles stand in the documents as well, for cleaning to take away.
    assert [
        (each.title, each.paragraphs[-len(lines) :])
        for each, (_, _, lines) in zip(book.chapters, chapters, strict=True)
    ] == [(title, lines) for _, title, lines in chapters]


def test_the_text_is_laid_out_for_reading(tmp_path: Path) -> None:
    export_book(make_book(tmp_path, CHAPTERS[:2], introduction="一。"), "txt", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text("utf-8") == (
        "《雪夜》\n作者：佚名\n共 2 章\n\n　　一。\n\n楔子\n\n　　话说。\n　　“你来了。”\n\n"
        "—— 第一卷 风起 ——\n\n第一章 雪\n\n　　第二章 雨？他问。\n　　那年。\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "《雪夜》\n作者：佚名\n共 2 章\n\n第一章 雪\n\n　　话说。\n",  # a chapter was taken out
        "雪夜\n共 1 章\n第一章 雪\n　　话说。\n",
        "",
        "共 0 章",
    ],
)
def test_a_text_that_does_not_keep_to_the_layout_is_read_by_its_headings(text: str) -> None:
    assert read_layout([line for line in text.split("\n") if line]) is None
    parse_txt(text, "x.txt")


def test_equal_books_give_equal_files_and_others_others(tmp_path: Path) -> None:
    book = make_book(tmp_path, CHAPTERS)
    for form in FORMATS:
        export_book(book, form, tmp_path / "1")
        export_book(book, form, tmp_path / "2")
        assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    first = edition_of(book)
    changed = edition_of(make_book(tmp_path, [*CHAPTERS[:-1], ("", "尾声", ["未完。"])]))
    assert identifier(first) == identifier(changed)
    assert modified(first) != modified(changed)
    assert identifier(first) != identifier(
        edition_of(make_book(tmp_path, CHAPTERS, source="https://b.cn/"))
    )


def test_the_epub_begins_as_the_standard_wants(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    write_epub(edition(CHAPTERS), path)
    assert path.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


HOSTILE = "<script>alert(1)</script>&amp;]]>\"'<!--\x00\x08\x0b\x1b\x85\u2028\ud800\ufffe\uffff\t一\r\n二"


def test_hostile_text_is_escaped_and_what_xml_forbids_is_gone(tmp_path: Path) -> None:
    bad = [(HOSTILE, HOSTILE, [HOSTILE.replace("\ud800", "").replace("\n", "").replace("\r", "")])]
    book = make_book(tmp_path, [("卷", "雪", bad[0][2])], title="雪", author="<&>", introduction="<i>")
    sound = edition_of(book)
    parts = (Part(volume=one_line(HOSTILE), chapters=sound.parts[0].chapters),)
    for name, text in documents(
        Edition(title=one_line(HOSTILE), author="<", introduction=("<",), source="<", parts=parts)
    ):
        assert "<script>" not in text, name
        assert not set(text) & set("\x00\x08\x0b\x1b\x85\u2028\ud800\ufffe\uffff")


def test_titles_that_nobody_sees_have_a_stand_in(tmp_path: Path) -> None:
    book = make_book(tmp_path, [("", "\u200b\x00 ", ["一。"]), ("", "雪\n夜", ["二。"])])
    assert [chapter.title for chapter in edition_of(book).chapters] == [NAMELESS, "雪 夜"]


def test_what_is_missing_is_counted_and_without_chapters_there_is_no_file(tmp_path: Path) -> None:
    book = make_book(tmp_path, CHAPTERS)
    manifest = book.manifest()
    failed = Chapter(title="第九章", file="0009.txt", state="failed")
    book.write_manifest(Manifest(title="雪", source="a", chapters=(*manifest.chapters, failed)))
    assert export_book(book, "txt", tmp_path / "a.txt").missing == 1
    book.write_manifest(Manifest(title="雪", source="a", chapters=(failed,)))
    with pytest.raises(MissingStageError, match="xuxie crawl"):
        export_book(book, "epub", tmp_path / "b.epub")
    assert not (tmp_path / "b.epub").exists()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="-o"):
        export_book(make_book(tmp_path, CHAPTERS), "epub", tmp_path)
