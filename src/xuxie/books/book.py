"""A book on disk.

    book/manifest.json         title, author, source; the chapters in reading order
    book/raw/0001.txt …        as extracted, a paragraph a line
    book/chapters/0001.txt …   cleaned (see cleaning.py)
    book/cleaning.json         what cleaning took away, and how often

The manifest is the truth: order lives in it alone, and a chapter keeps the file that it got at first
sight. Nothing in it depends on the clock, so equal input gives equal bytes.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.config import STRICT, explain
from xuxie.errors import InputError, MissingStageError
from xuxie.files import replacing
from xuxie.language import tr

to_json = json.JSONEncoder(ensure_ascii=False).encode
LOST = "\ufffd".encode()  # stands where bytes could not be decoded


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)  # there are thousands of them
class Chapter:
    """One chapter's record. `file` is a bare name, the same in raw/ and chapters/."""

    title: str
    url: str = ""  # empty for an imported book
    file: Annotated[str, Field(pattern=r"^[0-9]{4,9}\.txt$")]
    state: Literal["pending", "fetched", "failed"] = "pending"
    sha256: str = ""  # of the raw file, once fetched
    reason: str = ""  # why it failed
    volume: str = ""  # the name of the volume that the catalogue puts it in
    losses: int = 0  # places of its text that could not be decoded


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Manifest:
    """The truth about a book."""

    version: Literal[1] = 1
    title: str
    author: str = ""
    source: str  # the catalogue's address, or the name of the imported file
    cover: str = ""  # the address of its picture
    introduction: str = ""  # a paragraph a line
    status: Literal["", "ongoing", "finished"] = ""  # "" where the site does not say
    chapters: tuple[Chapter, ...]

    def count(self, state: str) -> int:
        """How many chapters are in `state`."""
        return sum(chapter.state == state for chapter in self.chapters)


class Book:
    """The book in a project's `book/` folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest_path = directory / "manifest.json"

    def exists(self) -> bool:
        """Whether there is a book here at all."""
        return self.manifest_path.exists()

    def manifest(self) -> Manifest:
        """Read the manifest.

        Raises MissingStageError when there is no book here, InputError when the file is damaged.
        """
        try:
            return TypeAdapter(Manifest).validate_json(self.manifest_path.read_bytes())
        except FileNotFoundError:
            raise MissingStageError(
                tr(
                    "there is no book in {path}: make one with xuxie crawl or xuxie import",
                    path=self.directory.parent,
                )
            ) from None
        except ValidationError as error:
            raise InputError(f"{self.manifest_path}: {explain(error)}") from None

    def write_manifest(self, manifest: Manifest) -> None:
        """Make `manifest` the truth, in one step."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (
            replacing(self.manifest_path) as temporary,
            temporary.open("w", encoding="utf-8", newline="\n") as file,
        ):
            file.writelines(manifest_lines(manifest))

    def raw_path(self, chapter: Chapter) -> Path:
        """Where a chapter lies as extracted."""
        return self.directory / "raw" / chapter.file

    def clean_path(self, chapter: Chapter) -> Path:
        """Where a chapter lies cleaned."""
        return self.directory / "chapters" / chapter.file

    def raw(self, chapter: Chapter) -> list[str]:
        """The paragraphs of a fetched chapter, as extracted."""
        return read_paragraphs(self.raw_path(chapter))

    def paragraphs(self, chapter: Chapter) -> list[str]:
        """The paragraphs of a fetched chapter, cleaned."""
        return read_paragraphs(self.clean_path(chapter))

    def fetched(self) -> list[Chapter]:
        """The chapters whose text is here, in reading order."""
        return [chapter for chapter in self.manifest().chapters if chapter.state == "fetched"]


def manifest_lines(manifest: Manifest) -> Iterator[str]:
    """The manifest as JSON, a chapter a line: one after another, for there are thousands."""
    head = {name: value for name, value in vars(manifest).items() if name != "chapters"}
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "chapters": ['
    for place, chapter in enumerate(manifest.chapters):
        record = {name: getattr(chapter, name) for name in Chapter.__slots__}
        yield f"{',' if place else ''}\n  {to_json(record)}"
    yield "\n ]\n}\n"


def file_name(number: int) -> str:
    """The file of the `number`-th chapter ever seen (from 1)."""
    return f"{number:04d}.txt"


def chapter_bytes(paragraphs: list[str]) -> bytes:
    """A chapter file's content: UTF-8, LF, a paragraph a line."""
    return "\n".join([*paragraphs, ""]).encode("utf-8")


def read_paragraphs(path: Path) -> list[str]:
    """What `chapter_bytes` wrote."""
    return path.read_bytes().decode("utf-8").split("\n")[:-1]


def accepted(chapter: Chapter, content: bytes) -> Chapter:
    """`chapter` as fetched, with what its raw file's content tells of it."""
    losses = content.count(LOST)
    return dataclasses.replace(chapter, state="fetched", sha256=digest(content), reason="", losses=losses)


def digest(content: bytes) -> str:
    """The SHA-256 of a chapter file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
