import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import BertForMaskedLM

from xuxie.config import Objective, WriteSettings
from xuxie.errors import InputError, MissingStageError
from xuxie.generation.passage import OVERRUN, Passage
from xuxie.generation.quotes import opened
from xuxie.generation.writer import Writer, with_seed
from xuxie.models import save_model
from xuxie.project import Project

SETTINGS = WriteSettings(length=40, seed=3)
PROMPT = "他推开门，屋里没有人。桌上的灯"


def text_of(writer: Writer, prompt: str, settings: WriteSettings = SETTINGS) -> str:
    return "".join(writer.write(prompt, settings))


@pytest.mark.parametrize("prompt", ["", " ", "\n", "　\r\n \t"])
def test_an_empty_prompt_is_refused_before_the_first_piece(tiny_writer: Writer, prompt: str) -> None:
    with pytest.raises(InputError, match="the text to continue is empty"):
        tiny_writer.write(prompt, SETTINGS)


def test_a_bias_that_cannot_be_is_refused_before_the_first_piece(tiny_writer: Writer) -> None:
    with pytest.raises(InputError, match="龘"):
        tiny_writer.write(PROMPT, WriteSettings(bias={"龘": 1.0}))


def test_the_seed_decides(tiny_writer: Writer) -> None:
    texts = [text_of(tiny_writer, PROMPT, WriteSettings(length=40, seed=seed)) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]
    greedy = [WriteSettings(length=20, temperature=0.0, seed=seed) for seed in (1, 2)]
    assert text_of(tiny_writer, PROMPT, greedy[0]) == text_of(tiny_writer, PROMPT, greedy[1])


def test_a_seed_is_drawn_where_none_is_given(tiny_writer: Writer) -> None:
    drawn = {with_seed(WriteSettings()).seed for _ in range(5)}
    assert len(drawn) == 5
    assert all(seed is not None and 0 <= seed < 2**53 for seed in drawn)
    assert with_seed(SETTINGS) == SETTINGS
    assert len({text_of(tiny_writer, PROMPT, WriteSettings(length=40)) for _ in range(3)}) > 1


@pytest.mark.parametrize("length", [1, 60, 150])
def test_a_passage_is_as_long_as_asked_and_closes_its_quotes(tiny_writer: Writer, length: int) -> None:
    settings = WriteSettings(length=length, seed=1, temperature=1.5, top_p=1.0)
    text = text_of(tiny_writer, PROMPT, settings)
    assert length <= len(text) <= length + OVERRUN + 2
    assert opened(text) == ""
    assert "[" not in text


def test_log_probabilities_come_with_the_pieces(tiny_writer: Writer) -> None:
    settings = WriteSettings(length=20, seed=1, logprobs=3)
    pieces = list(tiny_writer.pieces(PROMPT, settings))
    assert "".join(piece.text for piece in pieces[:-1]) in text_of(tiny_writer, PROMPT, settings)
    assert all(piece.log_probability < 0 and len(piece.alternatives) == 3 for piece in pieces[:20])  # type: ignore[operator]


@pytest.mark.parametrize("number", [2, 5])
def test_candidates_differ_and_the_first_is_the_single_one(tiny_writer: Writer, number: int) -> None:
    settings = WriteSettings(length=20, seed=3, candidates=number)
    texts = [passage.text for passage in tiny_writer.candidates(PROMPT, settings)]
    assert len(set(texts)) == number
    assert texts[0] == text_of(tiny_writer, PROMPT, WriteSettings(length=20, seed=3))
    assert texts == [passage.text for passage in tiny_writer.candidates(PROMPT, settings)]


def test_where_the_model_has_not_so_many_candidates_there_are_fewer(tiny_writer: Writer) -> None:
    cold = WriteSettings(length=5, seed=3, candidates=4, temperature=1e-6)
    assert len(tiny_writer.candidates(PROMPT, cold)) == 1


def test_many_passages_are_written_as_each_alone(tiny_writer: Writer) -> None:
    """More of them than there are slots, of different lengths, over several windows, with rewinding."""
    options = [
        WriteSettings(length=5 * number + 1, seed=number, stop=("缸",), ban=("灯", "门。", "的茶"))
        for number in range(18)
    ]
    passages = [Passage(PROMPT, o, tiny_writer.language, seed=o.seed or 0) for o in options]
    for _ in tiny_writer.run(passages):
        pass
    assert [passage.text for passage in passages] == [text_of(tiny_writer, PROMPT, o) for o in options]


def test_the_best_beam_is_written(tiny_writer: Writer) -> None:
    settings = WriteSettings(length=20, temperature=0.0, beams=4, candidates=3)
    texts = [passage.text for passage in tiny_writer.candidates(PROMPT, settings)]
    assert len(set(texts)) == len(texts) == 3
    assert text_of(tiny_writer, PROMPT, settings) == texts[0]


def test_unknown_characters_in_the_prompt_are_fine(tiny_writer: Writer) -> None:
    text = text_of(tiny_writer, "龘\U00020089\x00[EOS] hello 😀")
    assert len(text) >= 40
    assert "龘" not in text


def test_a_prompt_longer_than_the_window(tiny_writer: Writer) -> None:
    prompt = "他推开门，屋里没有人。" * 300
    expected = "他推开门，屋里没有人。" * 20
    assert text_of(tiny_writer, prompt) == text_of(tiny_writer, expected)


def test_a_writer_is_loaded_from_a_project(
    tiny_model: BertForMaskedLM, tiny_writer: Writer, tmp_path: Path
) -> None:
    project = Project(tmp_path / "a")
    with pytest.raises(MissingStageError, match=r"there is no model in .*: make it with  xuxie train"):
        Writer.load(project)
    save_model(project.model, tiny_model, tiny_writer.tokenizer, tiny_writer.record)
    writer = Writer.load(project)
    assert (writer.record, writer.tokenizer.texts) == (tiny_writer.record, tiny_writer.tokenizer.texts)
    assert len(text_of(writer, PROMPT)) >= SETTINGS.length
    with pytest.raises(InputError, match="beams: 4 at most"):
        writer.write(PROMPT, WriteSettings(temperature=0.0, beams=5))


@pytest.mark.parametrize(
    ("objective", "reading"),
    [("unilm", (4, False)), ("shifted", (None, False)), ("left-to-right", (None, True))],
)
def test_it_reads_the_model_as_it_was_trained(
    tiny_model: BertForMaskedLM,
    tiny_writer: Writer,
    tmp_path: Path,
    objective: Objective,
    reading: tuple[int | None, bool],
) -> None:
    project = Project(tmp_path / "a")
    record = dataclasses.replace(tiny_writer.record, objective=objective)
    save_model(project.model, tiny_model, tiny_writer.tokenizer, record)
    found = Writer.load(project, slots=1).scheduler.decoder.reading
    assert (found.mask_id, found.causal) == reading


LIGHT = """
import sys
from pathlib import Path
from xuxie.cli import run
from xuxie.config import Settings
from xuxie.generation.writer import Writer
from xuxie.project import Project
from xuxie.server.app import create_app

assert run(["write", sys.argv[1], "他问", "--length", "5", "-q"]) == 0
client = create_app(Writer.load(Project(sys.argv[1])), Settings()).test_client()
assert client.post("/fiction", json={"text": "他问", "length": 5}).status_code == 200
print(sorted({"torch", "transformers", "huggingface_hub"} & set(sys.modules)))
"""


def test_a_cpu_writes_and_serves_without_torch_or_transformers(model_folder: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "src"
    result = subprocess.run(
        [sys.executable, "-c", LIGHT, str(model_folder.parent)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source), "PATH": ""},  # where there is no nvidia-smi
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "[]"
