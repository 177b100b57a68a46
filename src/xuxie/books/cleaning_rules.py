"""What was learned of a book's boilerplate: book/cleaning-rules.json, for cleaning to apply.

    rules = read_rules(book)      # None where nothing was learned yet
    write_rules(book, rules)

The file is made for reading: each rule with an example of what it takes away, and in how many chapters it
was seen. Equal books give equal bytes.
"""

import dataclasses
import json
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.books.book import Book
from xuxie.books.templates import Names
from xuxie.config import STRICT, explain
from xuxie.errors import InputError
from xuxie.files import write_if_changed
from xuxie.language import tr

FILE_NAME = "cleaning-rules.json"
Where = Literal["top", "bottom", "line", "inside", "address"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LearnedRule:
    """One thing to take away.

    top, bottom: a line among a chapter's first or last, that fits the template `pattern`;
    line: such a line anywhere; inside: the squeezed phrase `pattern`, cut out of its line;
    address: behind a sentence, the web address `pattern` (letters and digits only).
    """

    where: Where
    pattern: str
    example: str
    chapters: int  # that have it


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Kept:
    """A line that many chapters share at their edge, but that nothing shows to be no prose: it stays."""

    example: str
    chapters: int


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CleaningRules:
    """All that was learned of a book, from `chapters` chapters."""

    version: Literal[1] = 1
    chapters: int = 0
    names: Names = Names()
    rules: tuple[LearnedRule, ...] = ()
    kept: tuple[Kept, ...] = ()

    def patterns(self, where: Where) -> list[str]:
        """The patterns of one kind, longest first."""
        return sorted(
            (rule.pattern for rule in self.rules if rule.where == where),
            key=lambda text: (-len(text), text),
        )


def read_rules(book: Book) -> CleaningRules | None:
    """The rules kept with a book, None where there are none. Raises InputError when they are damaged."""
    path = book.directory / FILE_NAME
    try:
        return TypeAdapter(CleaningRules).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InputError(
            tr(
                "{path} is damaged ({why}): run  xuxie clean {book}  to learn it anew",
                path=path,
                why=explain(error),
                book=book.directory.parent,
            )
        ) from None


def write_rules(book: Book, rules: CleaningRules) -> None:
    """Keep the rules with the book."""
    text = json.dumps(dataclasses.asdict(rules), ensure_ascii=False, indent=1)
    write_if_changed(book.directory / FILE_NAME, text + "\n")
