import json

import pytest

from support import Command
from xuxie.project import Project


def test_a_model_is_measured(project: Project, xuxie: Command) -> None:
    xuxie("corpus", project, "-q")
    xuxie("train", project, "-q")
    result = xuxie("eval", project, "-q", "--passages", "1")
    assert result.code == 0
    heading, figures, *_ = result.out.splitlines()
    assert heading.split("  ")[0] == "book"
    assert "–" in figures
    found = json.loads(xuxie("eval", project, project, project, "--json", "-q", "--passages", "0").out)
    assert [book["trained_on"] for book in found["books"]] == [True, True]
    assert found["books"][0]["bits_per_character"] > 0
    assert found["written"] is None


@pytest.mark.parametrize("arguments", [["{book}"], ["{book}", "nowhere"]])
def test_what_is_missing(project: Project, xuxie: Command, arguments: list[str]) -> None:
    result = xuxie("eval", *(argument.format(book=project) for argument in arguments), "-q")
    assert result.code == 2
    assert "xuxie train" in result.err or "no folder" in result.err


@pytest.mark.parametrize("book", ["{}:0.5", "{}:2:1"])
def test_weights_that_cannot_be(project: Project, xuxie: Command, book: str) -> None:
    assert xuxie("corpus", book.format(project), "-q").code == 2


def test_a_book_with_a_weight(project: Project, xuxie: Command) -> None:
    assert xuxie("corpus", f"{project}:2", "-q").code == 0
    assert '"weight": 2.0' in (project.corpus / "meta.json").read_text("utf-8")
    text = xuxie("corpus", f"{project}:2").out
    assert "[UNK]: 0 of the tokens" in text
