"""Running commands as a user does, in this process."""

import socket
from pathlib import Path

import pytest

from support import SETTINGS, TEXT, Command, Result
from xuxie.cli import run
from xuxie.project import Project


@pytest.fixture
def xuxie(capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: object) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Result(code=code, out=printed.out, err=printed.err)

    return command


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    path = tmp_path / "起风.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path, novel: Path, xuxie: Command) -> Project:
    """A project with a book in it and settings for a tiny model."""
    project = Project(tmp_path / "mybook")
    project.directory.mkdir()
    (project.directory / "xuxie.toml").write_text(SETTINGS, encoding="utf-8")
    assert xuxie("import", novel, "-o", project, "-q").code == 0
    return project


@pytest.fixture
def trained(project: Project, xuxie: Command) -> Project:
    """The same with a model."""
    assert xuxie("corpus", project, "-q").code == 0
    assert xuxie("train", project, "-q").code == 0
    return project


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
