"""Kill `xuxie train` with SIGKILL at random moments, and prove that running it again repairs everything.

    python benchmarks/train_kills.py --kills 20

Each run is killed PER_RUN times at most, anywhere within the time that an uninterrupted run takes, and then
run to its end: weights, last checkpoint and evaluations must be those of the uninterrupted run, to
the bit (fp32 on the CPU, a number of steps given). Exit 1 when any run differs.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ.setdefault("XUXIE_LANG", "en")

from training.killing import Trial

PER_RUN = 3


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments (default: 0)")
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        trial = Trial(Path(directory))
        print(f"an uninterrupted run takes {trial.seconds:.1f} s", flush=True)
        while (before := len(trial.kills)) < arguments.kills:
            most = min(PER_RUN, arguments.kills - before)
            found = trial.differences(random.uniform(0, trial.seconds) for _ in range(most))
            failed += bool(found)
            for number, kill in enumerate(trial.kills[before:], start=before + 1):
                print(f"{number}: killed {kill}")
            print(f"run {trial.count}: {'; '.join(found) or 'the same bits'}", flush=True)
    same, kills = trial.count - failed, len(trial.kills)
    print(f"{same} of {trial.count} runs, killed {kills} times, end with the same bits")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
