"""Blanks, and characters that nobody sees.

tidied("　他\u200b来了   。") == "他来了 。"
"""

import re

UNSEEN = re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad]")
INVISIBLE = str.maketrans("", "", UNSEEN.pattern.strip("[]"))
SPACES = re.compile(r"\s+")


def tidied(line: str) -> str:
    """One line without invisible characters; a run of spaces is one, a wide one if one of them was."""
    return SPACES.sub(lambda run: "\u3000" if "\u3000" in run[0] else " ", visible(line)).strip()


def visible(text: str) -> str:
    """`text` without invisible characters."""
    return text.translate(INVISIBLE) if UNSEEN.search(text) else text
