import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.generation.history import History

VOCABULARY = 4
tokens = st.lists(st.integers(0, VOCABULARY - 1), max_size=30)
windows = st.integers(0, 12)


def history_of(written: list[int], window: int = 0) -> History:
    history = History(vocabulary=VOCABULARY, window=window, orders=(1, 3))
    for token in written:
        history.append(token)
    return history


def assert_equal(one: History, other: History) -> None:
    assert one.tokens == other.tokens
    assert one.recent.tolist() == other.recent.tolist()
    assert one.counts.tolist() == other.counts.tolist()
    for order in (0, 1, 3):
        assert one.positions_behind(order) == other.positions_behind(order)


@given(tokens, windows)
def test_counts_and_ngrams_are_those_of_the_window(written: list[int], window: int) -> None:
    history = history_of(written, window)
    recent = written[-window:] if window else written
    assert history.recent.tolist() == recent
    assert (
        history.counts.tolist() == np.bincount(np.array(recent, dtype=int), minlength=VOCABULARY).tolist()
    )
    start = len(written) - len(recent)
    for order in (0, 1, 3):
        last = written[len(written) - order :]
        expected = [
            place
            for place in range(start + order, len(written))
            if len(last) == order and written[place - order : place] == last
        ]
        assert history.positions_behind(order) == expected


@given(st.lists(st.integers(0, VOCABULARY - 1) | st.just(-1), max_size=40), windows, st.data())
def test_rewinding_leaves_no_trace(moves: list[int], window: int, data: st.DataObject) -> None:
    history, written = history_of([], window), list[int]()
    for move in moves:
        if move < 0:
            length = data.draw(st.integers(0, len(written)))
            history.rewind(length)
            written = written[:length]
        else:
            history.append(move)
            written.append(move)
    assert_equal(history, history_of(written, window))


@given(tokens, tokens, tokens, windows)
def test_a_fork_goes_its_own_way(start: list[int], one: list[int], other: list[int], window: int) -> None:
    history = history_of(start, window)
    fork = history.fork()
    for token in one:
        history.append(token)
    for token in other:
        fork.append(token)
    assert_equal(history, history_of(start + one, window))
    assert_equal(fork, history_of(start + other, window))


def test_it_grows_beyond_its_first_room() -> None:
    written = [i % VOCABULARY for i in range(1000)]
    assert history_of(written).recent.tolist() == written


def test_only_orders_that_were_asked_for_are_kept() -> None:
    with pytest.raises(KeyError):
        history_of([1, 2, 1, 2]).positions_behind(2)
