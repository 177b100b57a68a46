"""Kill a crawl with SIGKILL at random moments, and prove that running it again repairs everything.

    python benchmarks/crawl_kills.py --kills 50

After every kill the crawl is run again to its end: the book must be byte-identical to that of a crawl
which nobody killed, and no chapter that was whole may be fetched again. Exit 1 when any trial fails.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ.setdefault("XUXIE_LANG", "en")

from simulator.killing import CHAPTERS, FAULTS, Trial
from simulator.site import Site
from xuxie.sample.site import serving


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="how many (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments (default: 0)")
    arguments = parser.parse_args()
    site = Site(FAULTS, seed=arguments.seed, chapters=CHAPTERS, latency=0.02)
    random = Random(arguments.seed)
    failed = 0
    with serving(site.app) as base, tempfile.TemporaryDirectory() as directory:
        trial = Trial(site, base, Path(directory))
        for number in range(1, arguments.kills + 1):
            after = random.uniform(0, trial.seconds)
            found, there = trial.differences(after)
            failed += bool(found)
            result = "; ".join(found) or "ok"
            print(f"{number}: killed after {after:.3f} s, {there} of {CHAPTERS} chapters whole: {result}")
    print(f"{arguments.kills - failed} of {arguments.kills} killed crawls end with the same bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
