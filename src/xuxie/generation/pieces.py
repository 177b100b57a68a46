"""Pieces: what a passage is given out in, a token's text each, and the same for JSON.

as_data([Piece("屋"), Piece("里")], settings)       # {"text": "屋里"}
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from xuxie.config import WriteSettings


class Piece(NamedTuple):
    """What one token adds to the text.

    Where they were asked for, the model's own natural log-probabilities: of it, and of what else might have
    stood there; the end of a sentence and a paragraph's beginning go by their tokens' names.
    """

    text: str
    log_probability: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()


def as_data(pieces: Iterable[Piece], settings: WriteSettings) -> dict[str, Any]:
    """Pieces for JSON: their text, and where `logprobs` asks for it each with its log-probabilities."""
    pieces = list(pieces)
    data: dict[str, Any] = {"text": "".join(piece.text for piece in pieces)}
    if settings.logprobs is not None:
        data["logprobs"] = [
            {
                "text": piece.text,
                "logprob": piece.log_probability,
                "alternatives": [{"text": text, "logprob": value} for text, value in piece.alternatives],
            }
            for piece in pieces
        ]
    return data
