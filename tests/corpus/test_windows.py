import dataclasses
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xuxie.corpus.windows as windows_module
from xuxie.config import TrainSettings
from xuxie.corpus.corpus import Corpus, Section
from xuxie.corpus.split import PARTS
from xuxie.corpus.windows import (
    Window,
    WindowShape,
    batches,
    epoch_batches,
    line_windows,
    measuring_windows,
    source_start,
    tile,
    training_windows,
)
from xuxie.errors import InputError

SENTENCES = st.lists(st.integers(1, 30), min_size=1, max_size=12)  # the lengths of one section's
SHAPES = st.builds(WindowShape, source=st.integers(1, 25), target=st.integers(2, 25))


@st.composite
def corpora(draw: st.DrawFn) -> Any:
    """What windows ask of a Corpus: sections in parts, and where their sentences begin."""
    starts, sections, offset = [0], [], 0
    for number, lengths in enumerate(draw(st.lists(SENTENCES, min_size=1, max_size=4))):
        begin = offset
        for length in lengths:
            offset += length
            starts.append(offset)
        part = draw(st.sampled_from(PARTS))
        sections.append(Section(chapter=number, part=part, start=begin, end=offset))
    corpus = SimpleNamespace(
        record=SimpleNamespace(sections=tuple(sections)),
        book_of=lambda chapter: SimpleNamespace(weight=1.0),
        release=lambda: None,
        sentences=np.array(starts),
        directory=Path(),
    )
    corpus.sections = lambda part: Corpus.sections(corpus, part)  # type: ignore[arg-type]
    corpus.sentence_starts = lambda section: Corpus.sentence_starts(corpus, section)  # type: ignore[arg-type]
    return corpus


def holder(corpus: Any, window: Window) -> Section:
    """The section that a window lies in."""
    (section,) = [s for s in corpus.record.sections if s.start <= window.start and window.end <= s.end]
    assert isinstance(section, Section)
    return section


def check(corpus: Any, window: Window, shape: WindowShape) -> None:
    """What holds of every window: its size, and a source of whole sentences unless one had to be cut."""
    assert 0 <= window.middle - window.start <= shape.source
    assert 0 < window.end - window.middle <= shape.target
    holder(corpus, window)
    starts = corpus.sentences.tolist()
    assert window.start in starts or window.middle - window.start in (0, shape.source)


@given(corpora(), SHAPES, st.sampled_from(PARTS))
def test_measuring_covers_every_token_of_a_part_exactly_once(
    corpus: Any, shape: WindowShape, part: Any
) -> None:
    sections = corpus.sections(part)
    windows = list(measuring_windows(corpus, sections, shape))
    targets = [i for window in windows for i in range(window.middle, window.end)]
    assert targets == [i for section in sections for i in range(section.start, section.end)]
    for window in windows:
        check(corpus, window, shape)
        assert holder(corpus, window).part == part
        # The source is the longest of whole sentences that fits.
        earlier = [i for i in corpus.sentence_starts(holder(corpus, window)).tolist() if i < window.start]
        assert window.start == window.middle or not earlier or window.middle - earlier[-1] > shape.source


@given(corpora(), SHAPES, st.integers(0, 5))
def test_training_windows(corpus: Any, shape: WindowShape, seed: int) -> None:
    sections = corpus.sections("train")
    windows = list(training_windows(corpus, sections, shape, np.random.default_rng(seed)))
    starts = corpus.sentences.tolist()
    for window in windows:
        check(corpus, window, shape)
        assert holder(corpus, window).part == "train"
        if window.middle not in starts:  # only the rest of a sentence longer than a target
            number = int(np.searchsorted(corpus.sentences, window.middle))
            assert starts[number] - starts[number - 1] > shape.target
    for one, next_one in pairwise(windows):
        same = holder(corpus, one) == holder(corpus, next_one)
        assert one.end == next_one.middle if same else one.end == holder(corpus, one).end
    if windows:
        assert windows[-1].end == corpus.sections("train")[-1].end
    assert windows == list(training_windows(corpus, sections, shape, np.random.default_rng(seed)))


@given(corpora(), SHAPES)
def test_lines_pair_each_sentence_with_the_next(corpus: Any, shape: WindowShape) -> None:
    expected = []
    for section in corpus.sections("train"):
        starts = corpus.sentence_starts(section).tolist()
        for number in range(len(starts) - 2):
            start, middle, end = starts[number : number + 3]
            expected.append((max(start, middle - shape.source), middle, min(end, middle + shape.target)))
    windows = list(line_windows(corpus, corpus.sections("train"), shape))
    assert [(w.start, w.middle, w.end) for w in windows] == expected
    for window in windows:
        check(corpus, window, shape)


def test_phases_differ_so_that_every_sentence_opens_a_target_some_time() -> None:
    section = Section(chapter=0, part="train", start=0, end=60)
    corpus: Any = SimpleNamespace(sentence_starts=lambda section: np.arange(0, 61, 5))
    shape = WindowShape(source=20, target=20)
    windows = [
        window
        for seed in range(40)
        for window in training_windows(corpus, [section], shape, np.random.default_rng(seed))
    ]
    assert {window.middle for window in windows} == set(range(0, 60, 5))
    behind = [window.middle - window.start for window in windows if window.middle]
    assert set(behind) == {0, 5, 10, 15, 20}
    assert 0 < behind.count(0) < 0.15 * len(behind)


@given(SENTENCES, SHAPES, st.data())
def test_tiling_leaves_no_gap(lengths: list[int], shape: WindowShape, data: st.DataObject) -> None:
    starts = np.cumsum([0, *lengths])
    first = data.draw(st.integers(0, len(lengths) - 1))
    tiles = list(tile(starts, shape, first))
    assert tiles[0][0] == starts[first]
    assert tiles[-1][1] == starts[-1]
    assert all(one[1] == two[0] for one, two in pairwise(tiles))
    assert all(0 < end - middle <= shape.target for middle, end in tiles)


@given(SENTENCES, st.data())
def test_the_source_is_as_wanted_or_one_sentence(lengths: list[int], data: st.DataObject) -> None:
    starts = np.cumsum([0, *lengths])
    longest = data.draw(st.integers(1, 30))
    wanted = data.draw(st.integers(1, longest))
    middle = data.draw(st.integers(0, int(starts[-1])))
    start = source_start(starts, middle, wanted, longest)
    assert 0 <= middle - start <= longest
    whole = [int(i) for i in starts if middle - wanted <= i < middle]
    if middle == 0:
        assert start == 0
    elif whole:
        assert start == whole[0]
    else:
        last = max(int(i) for i in starts if i < middle)
        assert start == max(last, middle - longest)


WINDOWS = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 20), st.integers(1, 20)).map(
        lambda t: Window(start=t[0], middle=t[0] + t[1], end=t[0] + t[1] + t[2])
    ),
    max_size=60,
)


@given(WINDOWS, st.integers(1, 200), st.integers(0, 9))
def test_batches_hold_every_window_once_within_the_limit(
    windows: list[Window], tokens: int, seed: int
) -> None:
    result = batches(windows, tokens, np.random.default_rng(seed))
    key = repr
    assert sorted((w for batch in result for w in batch), key=key) == sorted(windows, key=key)
    for batch in result:
        assert batch
        assert len(batch) == 1 or len(batch) * max(window.length for window in batch) <= tokens
    assert result == batches(windows, tokens, np.random.default_rng(seed))


def test_batches_differ_between_seeds() -> None:
    windows = [Window(start=i, middle=i + 5, end=i + 10) for i in range(50)]
    assert batches(windows, 40, np.random.default_rng(1)) != batches(windows, 40, np.random.default_rng(2))


def settings_of(shape: WindowShape, pairing: str) -> TrainSettings:
    return TrainSettings(
        source_length=shape.source,
        target_length=shape.target,
        batch_tokens=60,
        pairing=pairing,  # type: ignore[arg-type]
    )


@given(corpora(), SHAPES, st.sampled_from(["windows", "lines"]), st.data())
def test_an_epoch_can_be_taken_up_at_any_batch(
    corpus: Any, shape: WindowShape, pairing: str, data: st.DataObject
) -> None:
    settings = settings_of(shape, pairing)
    try:
        whole = list(epoch_batches(corpus, settings, epoch=3))
    except InputError:
        return
    first = data.draw(st.integers(0, len(whole)))
    assert list(epoch_batches(corpus, settings, 3, first)) == whole[first:]


def long_corpus(sections: int) -> Any:
    """Sections of twenty sentences of ten tokens each."""
    every = [Section(chapter=i, part="train", start=200 * i, end=200 * i + 200) for i in range(sections)]
    return SimpleNamespace(
        sections=lambda part: every,
        book_of=lambda chapter: SimpleNamespace(weight=1.0),
        release=lambda: None,
        sentence_starts=lambda section: np.arange(section.start, section.end + 1, 10),
    )


def test_an_epoch_is_drawn_a_pool_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "POOL", 100)
    corpus = long_corpus(1000)
    taken: list[Section] = []
    sentence_starts = corpus.sentence_starts

    def watched(section: Section) -> Any:
        taken.append(section)
        return sentence_starts(section)

    corpus.sentence_starts = watched
    settings = settings_of(WindowShape(source=20, target=20), "windows")
    epoch = epoch_batches(corpus, settings, epoch=0)
    next(epoch)
    assert len(taken) < 12
    windows = [window for batch in epoch_batches(corpus, settings, epoch=0) for window in batch]
    opened = {window.middle // 200 for window in windows}
    assert opened == set(range(1000))
    places = [window.middle // 200 for window in windows[:100]]
    assert max(places) - min(places) > 500  # a pool's sections come from all over the corpus


def test_epochs_and_seeds_differ() -> None:
    corpus, settings = long_corpus(5), settings_of(WindowShape(source=20, target=20), "windows")
    one, two = (list(epoch_batches(corpus, settings, epoch)) for epoch in (0, 1))
    assert one != two
    assert one == list(epoch_batches(corpus, settings, 0))
    assert one != list(epoch_batches(corpus, dataclasses.replace(settings, seed=1), 0))


def test_a_part_without_pairs_is_told() -> None:
    corpus = SimpleNamespace(sections=lambda part: [])
    with pytest.raises(InputError, match="no two sentences"):
        next(epoch_batches(corpus, settings_of(WindowShape(source=9, target=9), "lines"), 0))  # type: ignore[arg-type]


def test_a_book_is_read_as_often_as_its_weight_says() -> None:
    corpus, settings = long_corpus(300), settings_of(WindowShape(source=20, target=20), "windows")
    corpus.book_of = lambda chapter: SimpleNamespace(weight=(1.0, 1.5, 3.0)[chapter // 100])
    counts = [[0] * 300, [0] * 300]
    for epoch in (0, 1):
        for batch in epoch_batches(corpus, settings, epoch):
            for window in batch:
                counts[epoch][window.middle // 200] += window.end - window.middle
    heavy, light = counts[0][200:], counts[0][:100]
    assert sum(heavy) == pytest.approx(3 * sum(light), rel=0.03)
    assert sum(counts[0][100:200]) == pytest.approx(1.5 * sum(light), rel=0.2)
    assert counts[0][100:200] != counts[1][100:200]
