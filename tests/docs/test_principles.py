"""What docs/原理.md quotes is what stands in the source."""

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "原理.md").read_text(encoding="utf-8")
EXCERPTS = re.findall(r"^`(src/\S+\.py)`\n\n```python\n(.*?)```$", TEXT, re.MULTILINE | re.DOTALL)


def test_there_are_excerpts() -> None:
    assert len(EXCERPTS) > 20
    assert len(EXCERPTS) == len(re.findall(r"^`src/", TEXT, re.MULTILINE))


@pytest.mark.parametrize(("file", "excerpt"), EXCERPTS)
def test_an_excerpt_stands_in_its_file(file: str, excerpt: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    indented = [textwrap.indent(excerpt, " " * width) for width in (0, 4, 8, 12)]  # it is quoted without
    assert any(lines in source for lines in indented)


def test_every_file_named_exists() -> None:
    named = set(re.findall(r"`((?:src|tests)/[\w./]+)`", TEXT))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_table_of_contents_leads_to_the_headings() -> None:
    headings = [
        re.sub(r"[^\w\s-]", "", h).lower().replace(" ", "-") for h in re.findall(r"^## (.+)$", TEXT, re.M)
    ]
    links = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert links == headings[: len(links)]
    assert len(links) == 8
