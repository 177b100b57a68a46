"""Traditional characters made simplified ones, by OpenCC's tables of words and phrases (optional).

paragraphs, changed = simplifier()(["後來他說"])        # ["后来他说"], ["後→后", "來→来", "說→说"]
"""

from xuxie.corpus.cleaning import Rule
from xuxie.errors import InputError
from xuxie.language import tr


def simplifier() -> Rule:
    """A rule for `clean`. Raises InputError when OpenCC is not installed."""
    try:
        from opencc import OpenCC
    except ImportError:
        raise InputError(
            tr('to make characters simplified OpenCC is needed:  pip install "xuxie[opencc]"')
        ) from None
    converter = OpenCC("t2s")

    def simplified(paragraphs: list[str]) -> tuple[list[str], list[str]]:
        """The paragraphs in simplified characters, and which became which."""
        converted = [converter.convert(paragraph) for paragraph in paragraphs]
        changed = [
            f"{old}→{new}"
            for before, after in zip(paragraphs, converted, strict=True)
            if before != after
            for old, new in zip(before, after, strict=False)
            if old != new
        ]
        return converted, changed

    return simplified
