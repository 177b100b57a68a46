import json
from pathlib import Path

import pytest

from support import SETTINGS, Command
from xuxie.cli.app import app
from xuxie.project import Project

COMMANDS = [
    *("demo", "crawl", "import", "clean", "export", "corpus"),
    *("train", "eval", "write", "serve", "mask", "info", "doctor"),
]


def test_the_commands_are_these() -> None:
    assert [command.name for command in app.registered_commands] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(xuxie: Command, command: str) -> None:
    result = xuxie(command, "--help")
    assert result.code == 0
    assert f"Example:  xuxie {command}" in result.out
    assert "--json" in result.out
    assert "--quiet" in result.out


def test_version(xuxie: Command) -> None:
    assert xuxie("--version").out.strip()[0].isdigit()


def test_every_stage_prints_json(project: Project, xuxie: Command) -> None:
    corpus = json.loads(xuxie("corpus", project, "--json", "-q").out)
    assert corpus["chapters"] == 12
    assert corpus["unknown"] == 0
    assert corpus["tokens"] > corpus["characters"]
    train = json.loads(xuxie("train", project, "--json", "-q").out)
    assert train["step"] in (3, 4)
    assert train["bits_per_character"] > 0
    write = json.loads(xuxie("write", project, "他推开门，", "--json", "-q").out)
    assert write["seed"] == 1
    assert len(write["text"]) >= 20


def test_info_tells_the_stages(project: Project, novel: Path, xuxie: Command) -> None:
    info = json.loads(xuxie("info", project, "--json").out)
    assert info["title"] == "起风"
    assert info["chapters"] == 12
    assert info["failed"] == []
    assert info["characters"] == sum(
        len(line) for line in novel.read_text("utf-8").split("\n") if "，" in line
    )
    assert info["stages"] == {"book": "done", "corpus": "missing", "model": "missing"}
    xuxie("corpus", project, "-q")
    xuxie("train", project, "-q")
    assert json.loads(xuxie("info", project, "--json").out)["stages"]["model"] == "done"
    novel.write_text(novel.read_text("utf-8") + "\n第13章 雨\n下雨了。", encoding="utf-8")
    xuxie("import", novel, "-o", project, "-q")
    assert json.loads(xuxie("info", project, "--json").out)["stages"]["corpus"] == "outdated"


def test_progress_goes_to_stderr_and_quiet_silences_it(project: Project, xuxie: Command) -> None:
    loud = xuxie("corpus", project)
    assert "encoding" in loud.err
    assert "encoding" not in loud.out
    assert xuxie("corpus", project, "-q").err == ""


def test_write_takes_the_options_of_sampling(trained: Project, xuxie: Command) -> None:
    options = ["--stop", "。", "--stop", "？", "--ban", "他", "--min-p", 0.01, "--repetition-penalty", 1.2]
    result = xuxie("write", trained, "他推开门，", *options, "--json", "-q")
    assert result.code == 0
    assert not set("。？他") & set(json.loads(result.out)["text"])


def test_write_shows_candidates_and_log_probabilities(trained: Project, xuxie: Command) -> None:
    several = ["--candidates", 2, "--temperature", 2, "--length", 5, "--seed", 1]
    data = json.loads(xuxie("write", trained, "他推开门，", *several, "--logprobs", 1, "--json", "-q").out)
    texts = [candidate["text"] for candidate in data["candidates"]]
    assert len(set(texts)) == 2
    assert data["text"] == texts[0] == "".join(c["text"] for c in data["logprobs"])
    shown = xuxie("write", trained, "他推开门，", *several, "-q").out
    assert shown == f"[1]\n{texts[0]}\n[2]\n{texts[1]}\n"
    table = xuxie("write", trained, "他推开门，", "--length", 1, "--logprobs", 2, "-q").out
    assert all(line.count("%") == 3 for line in table.splitlines()[:1])


def test_write_with_beams(trained: Project, xuxie: Command) -> None:
    beams = ["--beams", 3, "--temperature", 0, "--length", 5, "-q"]
    assert (
        len({xuxie("write", trained, "他推开门，", *beams, "--deterministic").out for _ in range(2)}) == 1
    )
    refused = xuxie("write", trained, "他推开门，", "--beams", 3, "-q")
    assert (refused.code, "beams need temperature 0" in refused.err) == (2, True)


def test_write_takes_a_precision(trained: Project, xuxie: Command) -> None:
    asked = ["--length", 1, "--logprobs", 0, "--seed", 1, "--json", "-q", "--precision"]
    found = [xuxie("write", trained, "他推开门，", *asked, name).out for name in ("fp32", "int8", "int4")]
    assert len(set(found)) == 3  # the log-probabilities differ
    refused = xuxie("write", trained, "他推开门，", "--precision", "int3")
    assert (refused.code, "int3" in refused.err) == (2, True)
    refused = xuxie("write", trained, "他推开门，", "--precision", "fp32", "--deterministic", "-q")
    assert (refused.code, "only int8 is deterministic" in refused.err) == (2, True)


def test_write_prints_the_continuation_alone(trained: Project, xuxie: Command) -> None:
    first, second = (xuxie("write", trained, "他推开门，", "--seed", 5, "-q").out for _ in range(2))
    assert first == second
    assert "他推开门，" not in first
    assert first.endswith("\n")
    assert xuxie("write", trained, "他推开门，", "--temperature", 0, "-q").code == 0


def test_clean_works_without_the_source(project: Project, novel: Path, xuxie: Command) -> None:
    novel.unlink()
    chapter = project.book / "chapters" / "0001.txt"
    before = chapter.read_bytes()
    chapter.unlink()
    assert xuxie("clean", project).code == 0
    assert chapter.read_bytes() == before


def test_training_goes_on_when_asked_for_more(trained: Project, xuxie: Command) -> None:
    again = xuxie("train", trained)
    assert "up to date" in again.err
    more = xuxie("train", trained, "--steps", 6)
    assert "going on from step 4" in more.err


def test_the_plain_recipe(project: Project, xuxie: Command) -> None:
    xuxie("corpus", project, "-q")
    assert xuxie("train", project, "--recipe", "plain", "-q").code == 0
    settings = json.loads((project.model / "meta.json").read_text("utf-8"))["settings"]
    assert (settings["objective"], settings["pairing"], settings["precision"]) == (
        "masked",
        "lines",
        "fp32",
    )
    assert settings["left_to_right"] == 0


def test_doctor(xuxie: Command) -> None:
    facts = json.loads(xuxie("doctor", "--json").out)
    assert facts["precision"] in ("fp32", "bf16", "fp16")
    assert facts["torch"]


def test_the_demo_goes_the_whole_way(tmp_path: Path, free_port: int, xuxie: Command) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "xuxie.toml").write_text(SETTINGS, encoding="utf-8")
    result = xuxie("demo", "-o", tmp_path / "demo", "--port", free_port)
    assert result.code == 0
    for word in ("CRAWL", "CORPUS", "TRAIN", "WRITE", "xuxie serve"):
        assert word in result.out
    assert len(list((tmp_path / "demo" / "book" / "chapters").glob("*.txt"))) == 20
