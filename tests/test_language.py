import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xuxie import language
from xuxie.language import catalogue, tr

SOURCE = Path(language.__file__).parent
VARIABLES = ("XUXIE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_GB"}, "zh"),
        ({"LC_ALL": "", "LANG": "en_GB"}, "en"),
        ({"LC_MESSAGES": "en_US", "LANG": "zh_CN"}, "en"),
        ({"XUXIE_LANG": "zh", "LC_ALL": "en_US"}, "zh"),
        ({"XUXIE_LANG": "en", "LANG": "zh_CN"}, "en"),
        ({"XUXIE_LANG": "fr", "LANG": "en_US"}, "en"),
    ],
)
def test_the_choice_of_language(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert language.language() == expected


def test_placeholders_are_filled_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "catalogue", lambda: {"{path} is empty": "{path} 是空的"})
    assert tr("{path} is empty", path="a{b}.txt") == "a{b}.txt is empty"
    monkeypatch.setenv("XUXIE_LANG", "zh")
    assert tr("{path} is empty", path="a{b}.txt") == "a{b}.txt 是空的"
    assert tr("not translated: {why}", why=1) == "not translated: 1"
    assert tr("no values: {why}") == "no values: {why}"


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of tr() in the package, with the place where it stands."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def literal(call: ast.Call) -> str | None:
    argument = call.args[0]
    return (
        argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None
    )


def messages() -> set[str]:
    return {message for _, call in calls() if (message := literal(call)) is not None}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_call_passes_a_literal_and_its_placeholders() -> None:
    wrong = []
    for place, call in calls():
        message = literal(call)
        given = {keyword.arg for keyword in call.keywords}  # None stands for **values
        if message is None or (None not in given and placeholders(message) != given):
            wrong.append(place)
    assert not wrong
    assert len(messages()) > 50


def test_translations_have_the_same_placeholders() -> None:
    wrong = {
        english: chinese
        for english, chinese in catalogue().items()
        if placeholders(english) != placeholders(chinese)
    }
    assert not wrong


def test_every_message_is_translated_and_no_translation_unused() -> None:
    assert messages() == set(catalogue())
