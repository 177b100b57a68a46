"""Bad input of every kind a user would try: one clear line on stderr, and the exit code promised for it."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response

from support import SETTINGS, Command
from xuxie.project import Project
from xuxie.sample.site import serving

LINKS = "".join(f'<li><a href="{n}.html">第{n}章 风</a></li>' for n in range(1, 9))


@pytest.fixture
def site() -> Iterator[str]:
    """A site where something is wrong on every shelf."""
    app = Flask("site")

    @app.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nDisallow: /private/", mimetype="text/plain")

    @app.get("/empty/")
    def empty() -> str:
        return "<html><body><p>nothing here</p></body></html>"

    @app.get("/book/")
    @app.get("/private/")
    def book() -> str:
        return f"<html><head><title>风</title></head><body><ul>{LINKS}</ul></body></html>"

    @app.get("/book/<int:number>.html")
    def chapter(number: int) -> Response:
        if number == 3:
            return Response(status=404)
        text = "".join(
            f"<p>第{number}天，风从山口吹来，他站在第{n}级台阶上，没有说话。</p>" for n in range(9)
        )
        return Response(f"<html><body><h1>第{number}章 风</h1><div>{text}</div></body></html>")

    with serving(app) as base:
        yield base


def one_line(err: str) -> str:
    assert re.fullmatch(r"xuxie: [^\n]+\n", err), err
    return err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["crawl", "not an address"], 2, "address"),
        (["crawl", "ftp://example.com/"], 2, "http"),
        (["crawl", "http://127.0.0.1:1/book/"], 3, "127.0.0.1"),
        (["crawl", "{site}/nowhere/"], 3, "404"),
        (["crawl", "{site}/empty/"], 2, "chapters"),
        (["crawl", "{site}/private/"], 3, "robots.txt"),
        (["crawl"], 2, "no book"),
        (["crawl", "{site}/book/", "--concurrency", "0"], 2, "concurrency"),
    ],
)
def test_crawl(
    tmp_path: Path, site: str, xuxie: Command, arguments: list[str], code: int, words: str
) -> None:
    arguments = [argument.format(site=site) for argument in arguments]
    result = xuxie(*arguments, "-o", tmp_path / "b", "-q")
    assert result.code == code
    assert words in one_line(result.err)
    assert result.out == ""


def test_an_incomplete_crawl_says_what_is_missing_and_still_prints_the_result(
    tmp_path: Path, site: str, xuxie: Command
) -> None:
    result = xuxie("crawl", site + "/book/", "-o", tmp_path / "b", "-q", "--json")
    assert result.code == 4
    assert "第3章 风" in one_line(result.err)
    info = json.loads(result.out)
    assert info["chapters"] == 8
    assert [failure["title"] for failure in info["failed"]] == ["第3章 风"]
    assert info["stages"]["book"] == "incomplete"


def test_a_list_of_books(tmp_path: Path, site: str, xuxie: Command) -> None:
    books = tmp_path / "books.txt"
    books.write_text(f"{site}/book/ wind\n{site}/empty/ nothing\n", encoding="utf-8")
    result = xuxie("crawl", "--list", books, "-o", tmp_path / "shelf", "-q", "--json")
    assert result.code == 2
    assert "not all books are whole" in one_line(result.err)
    wind, nothing = json.loads(result.out)["books"]
    assert (wind["fetched"], wind["chapters"], "第3章" in wind["error"]) == (7, 8, True)
    assert (nothing["fetched"], "chapters" in nothing["error"]) == (0, True)
    assert len(list((tmp_path / "shelf" / "wind" / "book" / "chapters").iterdir())) == 7
    assert xuxie("crawl", "--list", tmp_path / "no.txt", "-o", tmp_path, "-q").code == 2
    assert xuxie("crawl", site, "--list", books, "-o", tmp_path, "-q").code == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 50, "text"),
        (b"%PDF-1.7 ...", "Calibre"),
        (b"PK\x03\x04 broken", ""),
    ],
)
def test_import(tmp_path: Path, xuxie: Command, content: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(content)
    result = xuxie("import", tmp_path / "file", "-o", tmp_path / "b", "-q")
    assert result.code == 2
    assert words in one_line(result.err)


def test_import_without_a_file(tmp_path: Path, xuxie: Command) -> None:
    result = xuxie("import", tmp_path / "no.txt", "-o", tmp_path / "b")
    assert result.code == 2
    assert "no.txt" in one_line(result.err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["corpus", "{here}/nowhere"], "no folder"),
        (["info", "{here}"], "no book"),
        (["train", "{book}"], "xuxie corpus"),
        (["write", "{book}", "他"], "xuxie train"),
        (["serve", "{book}"], "xuxie train"),
        (["corpus", "{book}", "--tokenizer", "./nowhere"], "./nowhere"),
        (["corpus", "{book}", "--tokenizer", "{here}"], "config.json"),
        (["train", "{book}", "--steps", "0"], "steps"),
        (["train", "{book}", "--steps", "2", "--minutes", "2"], "exclude"),
        (["train", "{book}", "--precision", "fp8"], "precision"),
        (["train", "{book}", "--lora", "16"], "lora needs a pretrained model"),
        (["nonsense"], "nonsense"),
        (["info"], "BOOK"),
        (["write", "{book}", "他", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, project: Project, xuxie: Command, arguments: list[str], words: str
) -> None:
    arguments = [argument.format(here=tmp_path, book=project) for argument in arguments]
    result = xuxie(*arguments)
    assert result.code == 2
    last = result.err.splitlines()[-1]
    assert last.startswith("xuxie: ")
    assert words in last
    assert "Traceback" not in result.err


def test_training_options(project: Project, xuxie: Command) -> None:
    xuxie("corpus", project, "-q")
    result = xuxie("train", project, "--from", "./nowhere", "-q")
    assert (result.code, "./nowhere" in one_line(result.err)) == (2, True)


def test_an_unreachable_hub(project: Project, xuxie: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    result = xuxie("corpus", project, "--tokenizer", "nobody/no-such-model", "-q")
    assert result.code == 3
    assert "nobody/no-such-model" in one_line(result.err)


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_prompt(trained: Project, xuxie: Command, text: str) -> None:
    result = xuxie("write", trained, text, "-q")
    assert result.code == 2
    assert "empty" in one_line(result.err)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[train\n", "line 1"),
        ("[train]\nlayerz = 3", "layerz"),
        ("[sale]\n", "sale"),
        ("[train]\nlayers = -1", "layers"),
    ],
)
def test_a_broken_configuration(project: Project, xuxie: Command, toml: str, words: str) -> None:
    (project.directory / "xuxie.toml").write_text(toml, encoding="utf-8")
    result = xuxie("corpus", project, "-q")
    assert result.code == 2
    assert words in one_line(result.err)
    assert "xuxie.toml" in result.err


def test_the_output_is_a_file(tmp_path: Path, novel: Path, xuxie: Command) -> None:
    result = xuxie("import", novel, "-o", novel, "-q")
    assert result.code == 2
    assert "folder" in one_line(result.err)


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, novel: Path, xuxie: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = xuxie("import", novel, "-o", tmp_path / "b", "-q")
    assert result.code == 1
    assert "disk is full" in one_line(result.err)
    assert not list((tmp_path / "b").rglob("*.t*t*"))
    assert xuxie("import", novel, "-o", tmp_path / "b", "-q").code == 0


def test_a_taken_port(trained: Project, xuxie: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = xuxie("serve", trained, "--port", other.getsockname()[1])
    assert result.code == 1
    assert "port" in one_line(result.err)


def test_a_host_of_another_machine(trained: Project, xuxie: Command) -> None:
    result = xuxie("serve", trained, "--host", "no host", "--port", 0)
    assert result.code == 2
    assert "no host" in one_line(result.err)


def test_a_folder_in_use(project: Project, xuxie: Command) -> None:
    from xuxie.files import exclusive

    with exclusive(project.directory):
        result = xuxie("corpus", project, "-q")
    assert result.code == 1
    assert "another xuxie" in one_line(result.err)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_a_state_to_go_on_from(project: Project, xuxie: Command) -> None:
    settings = SETTINGS.replace("evaluations = 2", "evaluations = 100000").replace(
        "steps = 4", "steps = 200000"
    )
    (project.directory / "xuxie.toml").write_text(settings + "left_to_right = 0.0\n", encoding="utf-8")
    xuxie("corpus", project, "-q")
    command = [sys.executable, "-m", "xuxie", "train", str(project)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (project.model / "meta.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert "going on from step" in xuxie("train", project, "--steps", 1).err
