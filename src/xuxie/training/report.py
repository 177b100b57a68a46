"""model/report.html: how a run went, in one file that opens offline.

    write_report(project.model, record)

It is made anew from history.jsonl and the model's record at each evaluation. Everything in it is escaped,
and its own content security policy forbids scripts and whatever lies outside the file.
"""

import dataclasses
import platform
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, PackageLoader

from xuxie.files import write_atomically
from xuxie.language import language, tr
from xuxie.model_record import ModelRecord
from xuxie.training.chart import Chart, Line
from xuxie.training.history import History
from xuxie.training.rows import Evaluation, Row, Updates

FILE_NAME = "report.html"
PACKAGES = ("xuxie", "torch", "transformers", "tokenizers", "numpy")


def write_report(directory: Path, record: ModelRecord) -> None:
    """Write the report of the model in a folder."""
    updates, evaluations = History(directory).read()
    write_atomically(directory / FILE_NAME, render(record, updates, evaluations))


def render(record: ModelRecord, updates: list[Updates], evaluations: list[Evaluation]) -> str:
    """The report as HTML."""
    environment = Environment(loader=PackageLoader("xuxie.training"), autoescape=True, trim_blocks=True)
    measured = [row for row in evaluations if row.bits_per_character is not None]
    return environment.get_template("report.html").render(
        language=language(),
        labels={
            "chapters": tr("bits per character by chapter"),
            "samples": tr("what it wrote"),
            "step": tr("update"),
            "settings": tr("settings"),
            "versions": tr("versions"),
        },
        record=record,
        summary=summary(record, updates, evaluations),
        charts=charts(updates, measured),
        chapters=by_chapter(measured[-1]) if measured else [],
        samples=[row for row in evaluations if row.sample],
        settings=dataclasses.asdict(record.settings),
        versions=versions(),
    )


def summary(
    record: ModelRecord, updates: list[Updates], evaluations: list[Evaluation]
) -> list[tuple[str, str]]:
    """Names and figures for the head of the page."""
    rows_of_all: list[Row] = [*updates, *evaluations]
    last = max(rows_of_all, key=lambda row: row.step, default=None)
    bits = record.bits_per_character
    rows = [
        (tr("best bits per character"), "–" if bits is None else f"{bits:.3f}"),
        (tr("at update"), f"{record.step:,}"),
        (tr("objective"), record.objective),
    ]
    if last:
        rows += [
            (tr("updates"), f"{last.step:,}"),
            (tr("minutes of training"), f"{last.seconds / 60:.1f}"),
        ]
    if peak := max((row.peak_memory for row in evaluations), default=0):
        rows.append((tr("peak memory"), f"{peak / 2**20:,.0f} MB"))
    return rows


def charts(updates: list[Updates], measured: list[Evaluation]) -> list[Chart]:
    """The curves over the updates."""
    return [
        Chart(
            tr("loss in training, nats per predicted token"),
            [Line(tr("training"), [(row.step, row.loss) for row in updates])],
        ),
        Chart(
            tr("bits per character on the validation part"),
            [Line(tr("validation"), [(row.step, row.bits_per_character or 0.0) for row in measured])],
        ),
        Chart(
            tr("learning rate"),
            [Line(tr("learning rate"), [(row.step, row.learning_rate) for row in updates])],
        ),
        Chart(
            tr("target tokens a second"),
            [Line(tr("tokens"), [(row.step, row.tokens_per_second) for row in updates])],
        ),
    ]


def by_chapter(evaluation: Evaluation) -> list[tuple[int, float, float]]:
    """Of each chapter measured: its number in the corpus, bits per character, and the length of its bar."""
    longest = max((bits for _, bits in evaluation.chapters), default=1.0)
    return [(place + 1, bits, round(400 * bits / longest, 1)) for place, bits in evaluation.chapters]


def versions() -> list[tuple[str, str]]:
    """What the run was made with."""
    return [
        ("python", platform.python_version()),
        *((package, metadata.version(package)) for package in PACKAGES),
        ("machine", f"{platform.system()} {platform.machine()}"),
    ]
