"""Site rules: what a person knows of a site that its structure does not tell, in a small TOML file.

    hosts = ["example.com"]                 # and all names below it
    [catalogue]
    list = "#list dd a"
    [chapter]
    body = "#content"
    drop = ["*手机用户请浏览*"]

    rules = load_rules(Path("site.toml"))
    rules.matches("https://www.example.com/book/1/") is True

Every key but `hosts` may be left out: what no rule says, structure finds. docs/site-rules.md has all keys.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from xuxie.config import STRICT, explain
from xuxie.crawl.addresses import host_of, is_literal
from xuxie.errors import ConfigurationError, InputError
from xuxie.files import write_if_changed
from xuxie.language import tr
from xuxie.project import Project

FILE_NAME = "site.toml"
MAX_BYTES = 65_536
MAX_SELECTOR = 300  # characters
MAX_DROPPED = 200  # patterns
TABLE = re.compile(r"\s*\[\s*([\w.\-]+)\s*\]")
KEY = re.compile(r"(\s*)([\w.\-]+)(\s*=\s*)")
SYNTAX_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def check_selector(selector: str) -> str:
    """`selector` itself. Raises ValueError when it is no CSS selector."""
    try:
        LexborHTMLParser("<p></p>").css(selector)
    except SelectolaxError:
        raise ValueError(tr('"{selector}" is no CSS selector', selector=selector)) from None
    return selector


def check_host(host: str) -> str:
    """`host` as addresses have it. Raises ValueError for anything but a host's name."""
    wrong = ValueError(tr('"{host}" is no host: give a name like "example.com"', host=host))
    if is_literal(host):
        return host
    try:
        name = host.encode("idna").decode("ascii").lower()
    except ValueError:
        raise wrong from None
    if not re.fullmatch(r"[a-z0-9._-]*[a-z0-9][a-z0-9._-]*", name):
        raise wrong
    return name


def check_dropped(line: str) -> str:
    """`line` itself. Raises ValueError when it could be any line."""
    if sum(map(str.isalnum, line)) < 2:
        raise ValueError(tr('"{line}" fits too many lines: at least two letters are needed', line=line))
    return line


Selector = Annotated[str, Field(min_length=1, max_length=MAX_SELECTOR), AfterValidator(check_selector)]
Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(check_host)]
Dropped = Annotated[str, Field(max_length=MAX_SELECTOR), AfterValidator(check_dropped)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CatalogueRules:
    """[catalogue]: where the page of a book says what. All are CSS selectors."""

    list: Selector | None = None  # the links to the chapters, or what holds them
    title: Selector | None = None
    author: Selector | None = None
    next: Selector | None = None  # the links to the catalogue's further pages


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ChapterRules:
    """[chapter]: where a chapter's page says what. All but `drop` are CSS selectors."""

    title: Selector | None = None
    body: Selector | None = None  # what holds the text
    next: Selector | None = None  # the link to the same chapter's next page
    drop: Annotated[tuple[Dropped, ...], Field(max_length=MAX_DROPPED)] = ()  # lines; * stands for anything


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SiteRules:
    """A whole file of site rules."""

    hosts: Annotated[tuple[Host, ...], Field(min_length=1, max_length=100)]
    catalogue: CatalogueRules = CatalogueRules()
    chapter: ChapterRules = ChapterRules()

    def matches(self, url: str) -> bool:
        """Whether these rules speak of the site at `url`."""
        host = host_of(url)
        return any(host == own or host.endswith("." + own) for own in self.hosts)


def load_rules(path: Path) -> SiteRules:
    """The rules in the file at `path`.

    Raises InputError when it cannot be read, ConfigurationError with line and column when it is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(
            tr("there are no site rules at {path}: check the file's name", path=path)
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(tr("{path} is not UTF-8", path=path)) from None
    if len(content) > MAX_BYTES:
        raise InputError(tr("{path} is too large for site rules", path=path))
    try:
        return parse_rules(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}:{error}") from None


def parse_rules(text: str) -> SiteRules:
    """The rules in `text`. Raises ConfigurationError that begins with `line:column:`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = SYNTAX_PLACE.search(str(error))
        last = text.splitlines() or [""]
        line, column = (found[1], found[2]) if found and found[1] else (len(last), len(last[-1]) + 1)
        raise ConfigurationError(f"{line}:{column}: {SYNTAX_PLACE.sub('', str(error))}") from None
    except RecursionError:
        raise ConfigurationError("1:1: " + tr("it is nested beyond reason")) from None
    try:
        # By way of JSON, for which "strict" lets an array be a tuple.
        return TypeAdapter(SiteRules).validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        unknown = fault["type"] == "unexpected_keyword_argument"
        names = tuple(str(part) for part in fault["loc"])
        line, column = place_of(text, names, of_value=not unknown)
        raise ConfigurationError(f"{line}:{column}: {explain(error)}") from None


def place_of(text: str, names: tuple[str, ...], *, of_value: bool) -> tuple[int, int]:
    """Line and column, from 1, where the setting `names` stands in `text`; 1:1 when it is not there."""
    best, depth = (1, 1), 0
    for path, line, column, value_column in places(text):
        if names[: len(path)] == path and len(path) > depth:
            best, depth = (line, value_column if of_value else column), len(path)
    return best


def places(text: str) -> Iterator[tuple[tuple[str, ...], int, int, int]]:
    """Each table and key of a TOML text: its path, its line, its column, its value's column."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := TABLE.match(line):
            table = tuple(header[1].split("."))
            yield table, number, header.start(1) + 1, header.start(1) + 1
        elif key := KEY.match(line):
            yield (*table, *key[2].split(".")), number, key.start(2) + 1, key.end() + 1


def kept_rules(project: Project) -> SiteRules | None:
    """The rules that a crawl kept in the project. Raises like load_rules."""
    path = project.directory / FILE_NAME
    return load_rules(path) if path.exists() else None


def rules_for(project: Project, url: str, given: Path | None = None) -> SiteRules | None:
    """The rules to crawl `url` by: those of the file `given`, else those kept in the project, else none.

    Given rules are kept in the project's folder, so that the next run uses them again. Raises like
    load_rules, and InputError when the rules speak of other hosts.
    """
    rules = load_rules(given) if given else kept_rules(project)
    if rules is not None and not rules.matches(url):
        raise InputError(
            tr(
                "{path} has rules for {hosts}, not for {host}",
                path=given or project.directory / FILE_NAME,
                hosts=", ".join(rules.hosts),
                host=host_of(url),
            )
        )
    if given is not None:
        project.directory.mkdir(parents=True, exist_ok=True)
        write_if_changed(project.directory / FILE_NAME, given.read_bytes())
    return rules
