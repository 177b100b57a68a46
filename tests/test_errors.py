import inspect
import re

import pytest

from xuxie import errors
from xuxie.errors import XuxieError

CODES = {
    "XuxieError": (1, 500),
    "InputError": (2, 400),
    "ConfigurationError": (2, 400),
    "NoChaptersError": (2, 400),
    "MissingStageError": (2, 400),
    "EnvironmentFailure": (1, 503),
    "NetworkError": (3, 502),
    "ForbiddenError": (3, 502),
    "IncompleteError": (4, 500),
}


def classes() -> dict[str, type[XuxieError]]:
    members: dict[str, type[XuxieError]] = dict(inspect.getmembers(errors, inspect.isclass))
    return members


@pytest.mark.parametrize(("name", "codes"), CODES.items())
def test_exit_code_and_status(name: str, codes: tuple[int, int]) -> None:
    error = classes()[name]
    assert (error.exit_code, error.http_status) == codes


def test_every_class_has_its_codes_here() -> None:
    assert set(classes()) == set(CODES)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)(\w+(?:Error|Failure))\b", line):
            depth, name = len(match[1]) // 4, match[2]
            above[depth] = name
            drawn[name] = above[depth - 1] if depth else "Exception"
    assert drawn == {name: error.__mro__[1].__name__ for name, error in classes().items()}


def test_the_docstring_names_the_codes() -> None:
    drawn = re.findall(r"(\w+) +exit (\d), HTTP (\d{3})", errors.__doc__ or "")
    assert {name: (int(code), int(status)) for name, code, status in drawn}.items() <= CODES.items()
    assert len(drawn) == 4
