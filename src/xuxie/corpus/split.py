"""Which part of a book trains, which validates, which tests: one rule for the whole project.

Of n chapters the last max(1, round(n/10)) are test, so that a score tells how well the model goes on
where the book has not been read yet, and as many evenly spread others are validation. A book of fewer
than 5 chapters is split by paragraphs, the same way.
"""

from typing import Literal, get_args

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

FEWEST_CHAPTERS = 5  # below it, paragraphs are what is split


def split(n: int) -> list[Part]:
    """The part of each of n units (chapters or paragraphs) of one book, in reading order."""
    held_out = max(1, round(n / 10))
    rest = n - held_out
    validation = {int((i + 0.5) * rest / held_out) for i in range(held_out)}
    return ["test" if i >= rest else "validation" if i in validation else "train" for i in range(n)]
