"""Crawl simulated sites with random mixes of faults, and compare with what each must bring.

    python benchmarks/crawl_mixes.py --mixes 500
    python benchmarks/crawl_mixes.py --first 17 --mixes 1       # one seed again

Prints a line for every mix that fails, with its faults and what differs; exit 1 when any does.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ.setdefault("XUXIE_LANG", "en")

from simulator import crawl_and_compare, mix


def differences(seed: int) -> list[str]:
    """What differs for one seed; a crash is a difference too."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            return crawl_and_compare(mix(seed), seed=seed, directory=Path(directory))
        except Exception as error:  # noqa: BLE001 - the others are still to be tried
            return [f"{type(error).__name__}: {error}"]


def run(seeds: Sequence[int]) -> dict[str, Any]:
    """All mixes; how many hold, and which do not."""
    started = time.perf_counter()
    failed: dict[str, list[str]] = {}
    suspects: Counter[str] = Counter()
    for seed in seeds:
        if found := differences(seed):
            failed[str(seed)] = found
            suspects.update(mix(seed))
            print(f"seed {seed}: {' '.join(sorted(mix(seed)))}\n    " + "\n    ".join(found), flush=True)
    seen = Counter(name for seed in seeds for name in mix(seed))
    return {
        "mixes": len(seeds),
        "failed": len(failed),
        "failures": failed,
        "suspects": {
            name: f"{count}/{seen[name]}"
            for name, count in sorted(suspects.items(), key=lambda item: -item[1] / seen[item[0]])[:8]
        },
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mixes", type=int, default=500, help="how many mixes (default: 500)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to this file too")
    arguments = parser.parse_args()
    logging.getLogger("waitress").setLevel(logging.ERROR)  # it warns of bodies that are cut on purpose
    result = run(range(arguments.first, arguments.first + arguments.mixes))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if result["failed"]:
        print("faults most often among the failing (failing/all):", result["suspects"])
    print(f"{result['mixes'] - result['failed']} of {result['mixes']} mixes hold, in {result['seconds']} s")
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
