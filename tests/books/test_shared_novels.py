"""The novels of ../shared, as found in the wild: right number of chapters, no character lost."""

from pathlib import Path

import pytest

from xuxie.books.adverts import address_in
from xuxie.books.book import Book
from xuxie.books.decoding import decode
from xuxie.books.headings import chapter_number
from xuxie.books.importing import import_file
from xuxie.books.sections import ImportedBook
from xuxie.books.txt import parse_txt
from xuxie.project import Project

NOVELS = Path(__file__).resolve().parents[2].parent / "shared" / "novels"
CHAPTERS = {
    "hongloumeng": 120,
    "xiyouji": 100,
    "sanguoyanyi": 120,
    "laocanyouji": 20,
    "yudafu": 54,
    "hulanhezhuan": 7,
}
CLASSICS = sorted((NOVELS / "classics").glob("*.txt"))

pytestmark = pytest.mark.skipif(not NOVELS.exists(), reason=f"{NOVELS} is missing")


def visible(text: str) -> str:
    return "".join(text.split())


def in_order(book: ImportedBook) -> str:
    """Every line once: a title that is only a part of its line is followed by the whole line."""
    parts = list(book.preamble)
    for chapter in book.chapters:
        derived = chapter.paragraphs and chapter.paragraphs[0] != chapter.title
        derived = derived and chapter.paragraphs[0].endswith(chapter.title)
        parts += chapter.paragraphs if derived else [chapter.title, *chapter.paragraphs]
    return visible("".join(parts))


@pytest.mark.parametrize("name", CHAPTERS)
def test_novels(name: str) -> None:
    path = NOVELS / f"{name}.txt"
    decoded = decode(path.read_bytes())
    book = parse_txt(decoded.text, path.name)
    assert decoded.losses == 0
    assert len(book.chapters) == CHAPTERS[name]
    assert in_order(book) == visible(decoded.text)
    assert all(chapter.paragraphs for chapter in book.chapters)
    numbers = [chapter_number(chapter.title) for chapter in book.chapters]
    assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers)))


@pytest.mark.parametrize("path", CLASSICS, ids=lambda path: path.stem)
def test_classics(path: Path) -> None:
    text = decode(path.read_bytes()).text
    # Not the importer's rule: here a heading is a line at the margin, and nothing else is.
    headings = [line for line in text.splitlines() if line.strip() and not line.startswith("\u3000")]
    book = parse_txt(text, path.name)
    assert book.title == path.stem
    assert book.preamble == []
    assert [chapter.title for chapter in book.chapters] == [line.strip() for line in headings]
    assert in_order(book) == visible(text)
    assert all(chapter.paragraphs for chapter in book.chapters)
    assert sum(chapter_number(chapter.title) is None for chapter in book.chapters) == (
        path.stem == "文明小史"
    )


def test_names_and_contents_of_laocanyouji() -> None:
    book = parse_txt(decode((NOVELS / "laocanyouji.txt").read_bytes()).text, "laocanyouji.txt")
    assert (book.title, book.author) == ("老残游记", "刘鹗")
    assert len(book.preamble) == 22


def gone(book: Book) -> list[str]:
    """What cleaning took away, line by line, apart from its own report."""
    lost: list[str] = []
    for chapter in book.fetched():
        kept = visible("".join(book.paragraphs(chapter)))
        lost.extend(line for line in book.raw(chapter) if visible(line) not in kept)
    return lost


@pytest.mark.parametrize(("name", "removed"), [("yudafu", 54), ("hulanhezhuan", 7), ("laocanyouji", 0)])
def test_cleaning_takes_advertisements_and_no_prose(tmp_path: Path, name: str, removed: int) -> None:
    project = Project(tmp_path)
    import_file(NOVELS / f"{name}.txt", project)
    lost = gone(Book(project.book))
    assert len(lost) == removed
    assert all("xiaoshuotxtnet" in address_in(line) for line in lost)


@pytest.mark.parametrize(("name", "mark"), [("hongloumeng", "(本章完)"), ("sanguoyanyi", "(本章完)")])
def test_cleaning_takes_end_marks_and_no_prose(tmp_path: Path, name: str, mark: str) -> None:
    project = Project(tmp_path)
    import_file(NOVELS / f"{name}.txt", project)
    assert gone(Book(project.book)) == [mark] * 120


def test_cleaning_takes_headings_and_one_site_line_from_xiyouji(tmp_path: Path) -> None:
    project = Project(tmp_path)
    import_file(NOVELS / "xiyouji.txt", project)
    lost = gone(Book(project.book))
    assert len([line for line in lost if line.startswith("《》目录 第")]) == 100
    assert [line[:6] for line in lost if not line.startswith("《》目录 第")] == ["TXT小说天"]
