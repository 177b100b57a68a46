"""What epubcheck, the reference program, says of an exported book (apt-get install epubcheck)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from xuxie.books.edition import Edition, EditionChapter, Part, lines, one_line
from xuxie.books.exporting import write_epub

EPUBCHECK, JAVA = shutil.which("epubcheck"), shutil.which("java")
NASTY = '<b>&amp; "x" \']]> <!-- --> &#x0; \x00\x01\x1b\ufffe\ufdd0\U0001fffe\x85\u2028𠮷é\u202e\u200d{x}%s'

pytestmark = pytest.mark.skipif(
    EPUBCHECK is None or JAVA is None, reason="epubcheck is missing: apt-get install epubcheck"
)


def test_epubcheck_finds_nothing(tmp_path: Path) -> None:
    chapter = EditionChapter(title="楔子", paragraphs=lines(["话说。", "“你来了。”"]))
    nasty = EditionChapter(title=one_line(NASTY), paragraphs=lines([NASTY, NASTY]))
    edition = Edition(
        title=one_line(NASTY * 3),
        author=one_line(NASTY),
        introduction=lines([NASTY, "一。"]),
        source="https://example.com/?a=1&b=<2>",
        parts=(
            Part(volume="", chapters=(chapter,)),
            Part(volume=one_line(NASTY), chapters=(nasty, EditionChapter(title="空", paragraphs=()))),
            Part(volume="第二卷", chapters=(chapter, chapter)),
            Part(volume="", chapters=(chapter,)),
        ),
    )
    path = tmp_path / "book.epub"
    write_epub(edition, path)
    command = [str(JAVA), "-jar", str(Path(str(EPUBCHECK)).resolve()), "--failonwarnings", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
