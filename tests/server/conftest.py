import pytest

from xuxie.generation.writer import Writer


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of waiting requests are short where one passage is written at a time."""
    monkeypatch.setattr(Writer, "slots", 1)
