"""xuxie info: what a project holds, and how far it has come."""

from typing import Any

from xuxie.books.book import Book
from xuxie.books.completeness import measure, report
from xuxie.cli.console import AsJson, Folder, Quiet, Terminal, existing
from xuxie.corpus.corpus import read_record as read_corpus_record
from xuxie.corpus.gathering import book_sha256
from xuxie.errors import MissingStageError
from xuxie.language import tr
from xuxie.model_record import read_record as read_model_record
from xuxie.project import Project

HELP = tr("Show what a project holds: chapters, what is missing, and which stages are done.")
EXAMPLE = "xuxie info mybook --json"


def command(book: Folder, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Print the description of a project."""
    project = existing(book)
    Terminal(as_json, quiet).result(describe(project), summary(project))


def describe(project: Project) -> dict[str, Any]:
    """A project as plain values. Raises MissingStageError when it has no book."""
    book = Book(project.book)
    manifest = book.manifest()
    return {
        "project": str(project),
        "title": manifest.title,
        "author": manifest.author,
        "source": manifest.source,
        "chapters": len(manifest.chapters),
        "characters": sum(len("".join(book.paragraphs(chapter))) for chapter in book.fetched()),
        "failed": [
            {"title": chapter.title, "url": chapter.url, "reason": chapter.reason}
            for chapter in manifest.chapters
            if chapter.state == "failed"
        ],
        "pending": manifest.count("pending"),
        "cover": manifest.cover,
        "introduction": manifest.introduction,
        "status": manifest.status,
        "completeness": measure(book).as_json(),
        "stages": stages(project),
    }


def stages(project: Project) -> dict[str, str]:
    """Each stage as "done", "incomplete", "outdated" (what it was made from has changed) or "missing"."""
    book = Book(project.book)
    manifest = book.manifest()
    result = {"book": "done", "corpus": "missing", "model": "missing"}
    if manifest.count("fetched") < len(manifest.chapters):
        result["book"] = "incomplete"
    try:
        corpus = read_corpus_record(project.corpus)
        known = {record.sha256 for record in corpus.books}
        result["corpus"] = "done" if book_sha256(book) in known else "outdated"
        model = read_model_record(project.model)
        result["model"] = "done" if model.corpus == corpus.sha256 else "outdated"
    except MissingStageError:
        pass
    return result


def summary(project: Project) -> str:
    """The same for a person."""
    facts = describe(project)
    names = {
        "done": tr("done"),
        "incomplete": tr("incomplete"),
        "outdated": tr("outdated"),
        "missing": tr("missing"),
    }
    lines = [
        tr("{title}  by {author}", title=facts["title"], author=facts["author"] or "?"),
        tr(
            "{chapters} chapters, {characters} characters, {failed} failed, {pending} not fetched yet",
            chapters=facts["chapters"],
            characters=facts["characters"],
            failed=len(facts["failed"]),
            pending=facts["pending"],
        ),
        *(f"  {line}" for line in report(measure(Book(project.book)))),
        "  ".join(f"{stage}: {names[state]}" for stage, state in facts["stages"].items()),
    ]
    return "\n".join(lines)
