"""Every fault of the simulator alone, and thirty random mixes, crawled over HTTP on loopback.

More mixes: benchmarks/crawl_mixes.py.
"""

from pathlib import Path

import pytest

from simulator import ALONE_ONLY, FAULTS, Site, crawl_and_compare, mix
from simulator.faults import completed

MIXES = 30


def test_a_plain_site(tmp_path: Path) -> None:
    assert crawl_and_compare((), seed=1, directory=tmp_path) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_alone(fault: str, tmp_path: Path) -> None:
    assert crawl_and_compare({fault}, seed=1, directory=tmp_path) == []


@pytest.mark.parametrize("seed", range(MIXES))
def test_a_random_mix(seed: int, tmp_path: Path) -> None:
    assert crawl_and_compare(mix(seed), seed=seed, directory=tmp_path) == []


def test_a_site_is_the_same_for_the_same_seed() -> None:
    faults = mix(5)
    first, second = Site(faults, seed=5), Site(faults, seed=5)
    assert (first.pages, first.lists, first.expected) == (second.pages, second.lists, second.expected)
    assert Site(faults, seed=6).pages != first.pages


def test_mixes_hold_every_fault_and_keep_to_the_slots() -> None:
    mixes = [mix(seed) for seed in range(400)]
    assert set().union(*mixes) == set(FAULTS) - ALONE_ONLY
    for faults in mixes:
        slots = [FAULTS[name].slot for name in faults if FAULTS[name].slot]
        assert len(slots) == len(set(slots)), faults


def test_faults_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="one slot"):
        completed({"reversed", "repeated-link"})
    with pytest.raises(KeyError):
        completed({"no-such-fault"})


def test_traditional_pages_fit_into_big5() -> None:
    site = Site({"big5"}, seed=2)
    names = "喆堃㛃"  # these become numeric entities
    for chapter in site.expected.chapters:
        text = "".join(chapter.paragraphs).translate(str.maketrans("", "", names))
        assert text.encode("big5").decode("big5") == text
