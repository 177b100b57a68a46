from hypothesis import given
from hypothesis import strategies as st

from xuxie.generation.phrases import Phrases

words = st.text(alphabet="甲乙", min_size=1, max_size=4)
texts = st.text(alphabet="甲乙丙", max_size=12)


@given(st.sets(words, max_size=4), texts)
def test_the_first_phrase_is_found_where_it_begins(phrases: set[str], text: str) -> None:
    places = [place for place in range(len(text)) if any(text[place:].startswith(p) for p in phrases)]
    assert Phrases(phrases).find(text) == (places[0] if places else None)


@given(st.sets(words, max_size=4), texts, st.integers(0, 12))
def test_phrases_that_ended_before_are_passed_over(phrases: set[str], text: str, behind: int) -> None:
    ends = [(i, i + len(p)) for i in range(len(text)) for p in phrases if text[i:].startswith(p)]
    expected = min((start for start, end in ends if end > behind), default=None)
    assert Phrases(phrases).find(text, behind) == expected


@given(st.sets(words, max_size=4), texts)
def test_what_is_held_may_become_a_phrase_and_nothing_before_it(phrases: set[str], text: str) -> None:
    held = Phrases(phrases).held(text)

    def may_become(end: str) -> bool:
        return any(phrase != end and phrase.startswith(end) for phrase in phrases)

    assert held == max((n for n in range(1, len(text) + 1) if may_become(text[-n:])), default=0)


@given(st.sets(words, min_size=1, max_size=4), texts)
def test_a_phrase_lies_in_what_was_held_when_it_is_completed(phrases: set[str], text: str) -> None:
    """So that a stream which gives out all but what is held never has to take anything back."""
    found, pending = Phrases(phrases), ""
    for character in text:
        pending += character
        if any(text_ in pending for text_ in phrases):
            return
        pending = pending[len(pending) - found.held(pending) :]
    assert not any(phrase in text for phrase in phrases)
