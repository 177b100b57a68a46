"""Messages in the reader's language.

Source code holds messages in English; `tr` shows them in Chinese, from zh.toml, unless the reader's
locale is English. XUXIE_LANG=zh or en overrides the locale.

    raise InputError(tr("{path} is empty", path=path))
"""

import functools
import os
import tomllib
from importlib import resources

LANGUAGES = ("zh", "en")


def language() -> str:
    """The language of messages: "zh" or "en" (English locales only; Chinese is the default)."""
    chosen = os.environ.get("XUXIE_LANG", "")
    if chosen in LANGUAGES:
        return chosen
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "en" if value.lower().startswith("en") else "zh"
    return "zh"


@functools.cache
def catalogue() -> dict[str, str]:
    """The Chinese text of every English message."""
    text = resources.files("xuxie").joinpath("zh.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def tr(message: str, /, **values: object) -> str:
    """`message` in the reader's language, with its {placeholders} filled in."""
    template = catalogue().get(message, message) if language() == "zh" else message
    return template.format(**values) if values else template
