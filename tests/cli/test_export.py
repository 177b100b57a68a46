import json
from pathlib import Path

import pytest

from support import Command
from xuxie.books.book import Book
from xuxie.project import Project


@pytest.mark.parametrize("form", ["txt", "epub"])
def test_an_exported_book_is_imported_again(
    project: Project, tmp_path: Path, xuxie: Command, form: str
) -> None:
    result = xuxie("export", project, "--to", form, "--json")
    assert result.code == 0
    path = project.directory / f"mybook.{form}"
    assert json.loads(result.out) == {"file": str(path), "chapters": 12, "missing": 0}
    assert xuxie("import", path, "-o", tmp_path / "again", "-q").code == 0
    first, again = Book(project.book), Book(Project(tmp_path / "again").book)
    assert [(chapter.title, again.paragraphs(chapter)) for chapter in again.fetched()] == [
        (chapter.title, first.paragraphs(chapter)) for chapter in first.fetched()
    ]


def test_the_file_can_be_named_and_what_is_missing_is_told(
    project: Project, tmp_path: Path, xuxie: Command
) -> None:
    manifest = json.loads((project.book / "manifest.json").read_text("utf-8"))
    manifest["chapters"][3] |= {"state": "failed", "sha256": ""}
    (project.book / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    path = tmp_path / "new" / "起风.txt"
    result = xuxie("export", project, "--to", "txt", "-o", path)
    assert (result.code, result.out) == (0, f"{path}: 11 chapters\n")
    assert "1 chapters are missing" in result.err
    assert path.read_text("utf-8").startswith("《起风》\n共 11 章\n")


@pytest.mark.parametrize("arguments", [["--to", "pdf"], [], ["--to", "txt", "-o", "."]])
def test_wrong_wishes_are_one_line(project: Project, xuxie: Command, arguments: list[str]) -> None:
    result = xuxie("export", project, *arguments)
    assert result.code == 2
    assert len(result.err.strip().splitlines()) == 1


def test_without_a_book_it_says_what_to_do(tmp_path: Path, xuxie: Command) -> None:
    result = xuxie("export", tmp_path, "--to", "txt")
    assert result.code == 2
    assert "xuxie crawl" in result.err
