from collections import Counter

import numpy as np
import pytest

from xuxie.config import WriteSettings
from xuxie.corpus.tokenizer import build_character_tokenizer
from xuxie.errors import InputError
from xuxie.generation.rules import form_tokens, new_sampler
from xuxie.generation.sampling import Sampler

TEXT = "他推开门，屋里没有人。“谁？”～…—"
TOKENIZER = build_character_tokenizer(Counter(TEXT), eos="[EOS]", paragraph="[PAR]")


def token(character: str) -> int:
    return TOKENIZER.vocabulary()[character]


def sampler(text: str = "", **options: object) -> Sampler:
    settings = WriteSettings(temperature=1.0, top_p=1.0, **options)  # type: ignore[arg-type]
    result = new_sampler(settings, TOKENIZER, seed=0)
    for character in text:
        result.append(token(character))
    return result


def processed(one: Sampler) -> dict[str, float]:
    """By name, what became of logits that were all 1."""
    logits = one.process(np.ones(TOKENIZER.size, dtype=np.float32))
    return {name: float(logits[index]) for name, index in TOKENIZER.vocabulary().items()}


def test_what_is_no_text_is_never_written() -> None:
    probabilities = sampler().distribution(np.zeros(TOKENIZER.size, dtype=np.float32))
    names = {TOKENIZER.name(int(t)) for t, p in zip(*probabilities, strict=True) if p > 0}
    assert names == {*TEXT, "[EOS]", "[PAR]"}


def test_a_bias_is_of_one_character() -> None:
    after = processed(sampler(bias={"他": 2.0, "门": -1.0}))
    assert (after["他"], after["门"], after["人"]) == (3.0, 0.0, 1.0)


@pytest.mark.parametrize("text", ["", "他推", "龘", "[MASK]", "[EOS]"])
def test_a_bias_on_what_is_not_one_token_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="it is not one character of this model"):
        sampler(bias={text: 1.0})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"repetition_penalty": 2.0}, 0.5),
        ({"presence_penalty": 0.5}, 0.5),
        ({"frequency_penalty": 0.5}, 0.0),
        ({"no_repeat_ngram": 1}, -np.inf),
        ({"no_repeat_ngram": 3}, -np.inf),
        ({"dry_multiplier": 1.0, "dry_allowed_length": 2}, 0.0),
        ({"dry_multiplier": 1.0, "dry_allowed_length": 3}, 1.0),
        ({"no_repeat_ngram": 3, "penalty_window": 4}, 1.0),
    ],
)
def test_rules_against_repetition_and_what_they_leave_alone(
    options: dict[str, object], expected: float
) -> None:
    after = processed(sampler("里没屋，里没屋，里没", **options))
    assert after["屋"] == expected
    assert (after["，"], after["[EOS]"], after["[PAR]"]) == (1.0, 1.0, 1.0)


def test_punctuation_is_form() -> None:
    assert {TOKENIZER.name(index) for index in form_tokens(TOKENIZER)} == {
        *"，。“？”～…—",
        "[EOS]",
        "[PAR]",
    }
