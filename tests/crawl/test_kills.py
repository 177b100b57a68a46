"""kill -9 at a few random moments; fifty of them: benchmarks/crawl_kills.py."""

from pathlib import Path
from random import Random

from simulator.killing import CHAPTERS, FAULTS, Trial
from simulator.site import Site
from xuxie.sample.site import serving

KILLS = 4


def test_a_crawl_that_is_killed_ends_with_the_same_bytes(tmp_path: Path) -> None:
    site = Site(FAULTS, seed=0, chapters=CHAPTERS, latency=0.02)
    random = Random(0)
    with serving(site.app) as base:
        trial = Trial(site, base, tmp_path)
        assert len([name for name in trial.whole if name.startswith("raw/")]) == CHAPTERS
        for part in range(KILLS):  # one in each quarter of the crawl
            after = (part + random.random()) / KILLS * trial.seconds
            found, _ = trial.differences(after)
            assert found == [], f"killed after {after:.3f} s"
