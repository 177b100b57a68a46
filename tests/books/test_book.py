import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.book import Book, Chapter, Manifest, chapter_bytes, digest, file_name, read_paragraphs
from xuxie.errors import InputError, MissingStageError


def a_manifest() -> Manifest:
    return Manifest(
        title="老残游记",
        author="刘鹗",
        source="https://example.org/1/",
        chapters=(
            Chapter(
                title="第一回 “土”",
                url="https://example.org/1/1",
                file="0001.txt",
                state="fetched",
                sha256="ab",
            ),
            Chapter(title="第二回", file="0002.txt", state="failed", reason="404"),
            Chapter(title="第三回", file="0003.txt"),
        ),
    )


def test_a_manifest_survives_the_disk_with_equal_bytes(tmp_path: Path) -> None:
    book = Book(tmp_path / "book")
    book.write_manifest(a_manifest())
    first = book.manifest_path.read_bytes()
    assert book.manifest() == a_manifest()
    book.write_manifest(book.manifest())
    assert book.manifest_path.read_bytes() == first


def test_counts_and_fetched_chapters(tmp_path: Path) -> None:
    book = Book(tmp_path / "book")
    book.write_manifest(a_manifest())
    assert [book.manifest().count(state) for state in ("pending", "fetched", "failed")] == [1, 1, 1]
    assert [chapter.file for chapter in book.fetched()] == ["0001.txt"]


def test_no_book_is_a_missing_stage(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="xuxie import"):
        Book(tmp_path / "book").manifest()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"version": 1', '"version": 2'),
        lambda text: text.replace('"title"', '"titel"', 1),
        lambda text: text.replace("0001.txt", "../../1.txt"),
        lambda text: text.replace('"fetched"', '"done"'),
    ],
)
def test_a_damaged_manifest_is_an_input_error_that_names_the_file(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    book = Book(tmp_path)
    book.write_manifest(a_manifest())
    book.manifest_path.write_text(damage(book.manifest_path.read_text("utf-8")), "utf-8")
    with pytest.raises(InputError, match=r"manifest\.json") as caught:
        book.manifest()
    assert "\n" not in str(caught.value)


def test_the_manifest_is_readable_json(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.write_manifest(a_manifest())
    text = book.manifest_path.read_text("utf-8")
    assert "老残游记" in text
    assert json.loads(text)["chapters"][0]["file"] == "0001.txt"


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)))
def test_paragraphs_survive_the_disk(
    tmp_path_factory: pytest.TempPathFactory, paragraphs: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "chapter.txt"
    path.write_bytes(chapter_bytes(paragraphs))
    assert read_paragraphs(path) == paragraphs


def test_names_and_digests() -> None:
    assert file_name(7) == "0007.txt"
    assert file_name(12345) == "12345.txt"
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
