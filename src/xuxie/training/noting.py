"""What is noted at each evaluation: scores by chapter, a sample, the peak of memory; and the report anew.

note_evaluation(project, corpus, history, model, record, chapters={4: score})
"""

import dataclasses
from collections.abc import Mapping

from transformers import BertForMaskedLM

from xuxie.corpus.corpus import Corpus
from xuxie.errors import InputError
from xuxie.generation.writer import Writer
from xuxie.model_record import ModelRecord, read_record
from xuxie.models import weights_of
from xuxie.project import Project
from xuxie.training.evaluation import Score
from xuxie.training.history import History
from xuxie.training.memory import peak_memory
from xuxie.training.report import write_report
from xuxie.training.rows import Evaluation

PROMPT, SAMPLE = 60, 80  # characters, about


def note_evaluation(
    project: Project,
    corpus: Corpus,
    history: History,
    model: BertForMaskedLM,
    record: ModelRecord,
    chapters: Mapping[int, Score],
) -> None:
    """Add the evaluation of a model to the history and write the report, which is of the best so far."""
    prompt, sample = write_sample(project, corpus, model, record)
    history.append(
        Evaluation(
            step=record.step,
            seconds=record.seconds,
            bits_per_character=record.bits_per_character,
            chapters=tuple(
                (place, round(one.bits_per_character, 4))
                for place, one in chapters.items()
                if one.characters
            ),
            prompt=prompt,
            sample=sample,
            peak_memory=peak_memory(),
        )
    )
    write_report(project.model, read_record(project.model))


def write_sample(
    project: Project, corpus: Corpus, model: BertForMaskedLM, record: ModelRecord
) -> tuple[str, str]:
    """The opening of the validation part, always the same, and what a model makes of it."""
    sections = corpus.sections("validation")
    if not sections:
        return "", ""
    starts = corpus.sentence_starts(sections[0]).tolist()
    end = next((start for start in starts if start - starts[0] >= PROMPT), starts[-1])
    prompt = corpus.tokenizer.decode(corpus.ids(starts[0], end)[: 2 * PROMPT])
    settings = dataclasses.replace(project.settings().write, length=SAMPLE, seed=0)
    try:
        writer = Writer.of(weights_of(model), corpus.tokenizer, record, slots=1, deterministic=True)
        return prompt, "".join(writer.write(prompt, settings))
    except InputError:  # settings.write may forbid all that this model can write
        return prompt, ""
