"""How fast xuxie writes, beside other ways and beside what memory allows.

    python benchmarks/decode.py [--quick] [--shape base] [--batch 1] [--json FILE] [--model PROJECT]

Every engine (benchmarks/engines.py) lives in a process of its own; they take turns, and the figures are
medians: characters per second over prompt and continuation, 128 + 128 characters, one prompt and 32 at a
time. A rival is given its best setting of those tried. `--quick` is the small shape alone (or `--shape`),
each rival at the setting that was best in a full run, with fewer turns. On a trained model (make
bench-model) it also measures what speculation gains.
"""

import argparse
import json
import multiprocessing
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engines import ENGINES, SHAPES, THREADS, WRITTEN, Transformers, serve

MODEL = Path(__file__).parent / "model"  # what make bench-model makes
ROUNDS = {1: 5, 32: 3}
QUICK_ROUNDS = {1: 3, 32: 1}
CTRANSLATE2 = ["float32", "int8", "int8_float32"]
EVERY = {
    "xuxie": ["int8", "int4", "int8-deterministic", "fp32"],
    "whole forward": ["fp32", "bf16"],
    "static cache": ["fp32", "bf16"],
    "generate": ["fp32", "bf16"],
    "ctranslate2": CTRANSLATE2,
    "bandwidth": ["1"],
}
EVERY_32 = {"xuxie": ["int8"], "ctranslate2": CTRANSLATE2}
NAIVE = {"": "fp32", "_bf16": "bf16"}
QUICK = {
    "xuxie": ["int8", "int4", "int8-deterministic"],
    "whole forward": ["fp32"],
    "static cache": ["bf16"],
    "bandwidth": ["1"],
}
# The best settings of the rivals that processors with VNNI and those without (in this order) differ in.
BEST_GENERATE = ("bf16", "fp32")
BEST_CTRANSLATE2 = {
    ("small", 1): ("float32", "int8"),
    ("small", 32): ("int8", "float32"),
    ("base", 1): ("int8", "int8"),
    ("base", 32): ("int8", "int8_float32"),
}


# transformers takes longest to import: it is imported once, and those that need it go on from there. The
# others get fresh processes, as torch's threads would slow CTranslate2's.
FRESH, PREPARED = (multiprocessing.get_context(how) for how in ("spawn", "forkserver"))
PREPARED.set_forkserver_preload(list(Transformers.MODULES))


@dataclass
class Worker:
    """An engine in its process."""

    name: str
    setting: str
    shape: str
    batch: int
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        processes: Any = PREPARED if issubclass(ENGINES[self.name], Transformers) else FRESH
        self.connection, other = processes.Pipe()
        which = (other, self.name, self.setting, self.shape, self.batch)
        self.process = processes.Process(target=serve, args=which, daemon=True)
        self.process.start()
        other.close()

    def answer(self) -> Any:
        """What it says next."""
        try:
            return self.connection.recv()
        except EOFError:
            raise SystemExit(f"{self.name} ({self.setting}) has died") from None

    def ask(self) -> Any:
        """Let it go on; what it says then."""
        self.connection.send("go on")
        return self.answer()

    def turn(self) -> None:
        """Let it write once."""
        self.seconds.append(self.ask())

    @property
    def speed(self) -> float:
        """Characters per second."""
        return self.batch * WRITTEN / statistics.median(self.seconds)


def compare(
    shape: str, batch: int, engines: Mapping[str, Sequence[str]], *, quick: bool = False
) -> dict[str, dict[str, float]]:
    """The speed of each engine at each setting."""
    workers = [Worker(name, each, shape, batch) for name, settings in engines.items() for each in settings]
    for worker in workers:
        worker.answer()  # imported, side by side
    for worker in workers:
        worker.ask()  # ready, one after the other
    try:
        for _ in range((QUICK_ROUNDS if quick else ROUNDS)[batch]):
            for worker in workers:
                worker.turn()
    finally:
        for worker in workers:
            worker.process.kill()
    found: dict[str, dict[str, float]] = {}
    for worker in workers:
        found.setdefault(worker.name, {})[worker.setting] = worker.speed
        print(
            f"{shape:5}  batch {batch:2}  {worker.name:14} {worker.setting:18} {worker.speed:9.1f}/s",
            flush=True,
        )
    return found


def ratios(speeds: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Our default with one prompt beside the best setting of each rival."""
    ours = speeds["xuxie"]["int8"]
    # fp32 is how xuxie wrote before it had a cache; bf16 is given beside it.
    forward = speeds["whole forward"]
    naive = {f"naive_ratio{name}": ours / forward[s] for name, s in NAIVE.items() if s in forward}
    best = {name: max(found.values()) for name, found in speeds.items()}
    return {
        **naive,
        "static_cache_ratio": ours / best["static cache"],
        "generate_ratio": ours / best["generate"],
        "ctranslate2_ratio": ours / best["ctranslate2"],
        "bound_fraction": ours / best["bandwidth"],
        "int4_gain": speeds["xuxie"]["int4"] / ours,
        "deterministic_fraction": speeds["xuxie"]["int8-deterministic"] / ours,
    }


def speculation(model: Path, *, quick: bool) -> dict[str, float]:
    """What speculation gains on a trained model of the small shape, and where there is none, nothing."""
    if not (model / "model" / "meta.json").exists():
        print(f"no trained model in {model}: make bench-model makes it; speculation is not measured")
        return {}
    temperatures = {"": 0} if quick else {"": 0, "_at_temperature_1": 1}
    settings = [f"{how}-{t}" for t in temperatures.values() for how in ("plain", "speculative")]
    speeds = compare("small", 1, {"trained": settings}, quick=quick)["trained"]
    return {
        f"speculation_gain{name}": speeds[f"speculative-{t}"] / speeds[f"plain-{t}"]
        for name, t in temperatures.items()
    }


def measure(shape: str, batches: Sequence[int], *, quick: bool) -> dict[str, Any]:
    """One shape."""
    from xuxie.generation.overflow import sums_overflow  # not in the engines' processes, which import this

    without_vnni, found = sums_overflow(), dict[str, Any]()
    best = {batch: {"ctranslate2": [BEST_CTRANSLATE2[shape, batch][without_vnni]]} for batch in batches}
    if 1 in batches:
        engines = QUICK | {"generate": [BEST_GENERATE[without_vnni]]} | best[1] if quick else EVERY
        found["speeds"] = speeds = compare(shape, 1, engines, quick=quick)
        found |= ratios(speeds)
    if 32 in batches:
        engines = EVERY_32 | best[32] if quick else EVERY_32
        found["batch32_speeds"] = speeds = compare(shape, 32, engines, quick=quick)
        found["batch32_ctranslate2_ratio"] = speeds["xuxie"]["int8"] / max(speeds["ctranslate2"].values())
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns, the small shape: a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--shape", choices=SHAPES, help="one shape only")
    parser.add_argument("--batch", type=int, choices=ROUNDS, help="so many prompts only")
    parser.add_argument("--model", type=Path, default=MODEL, help="a trained project (make bench-model)")
    arguments = parser.parse_args()
    os.environ["XUXIE_BENCH_MODEL"] = str(arguments.model)
    shapes = [arguments.shape] if arguments.shape else ["small"] if arguments.quick else list(SHAPES)
    print(f"{THREADS} threads each; characters per second, {WRITTEN} written behind {WRITTEN}")
    batches = [arguments.batch] if arguments.batch else list(ROUNDS)
    measured = {shape: measure(shape, batches, quick=arguments.quick) for shape in shapes}
    if "small" in measured and 1 in batches:
        measured["small"] |= speculation(arguments.model, quick=arguments.quick)
    figures = {f"{shape}.{key}": value for shape, found in measured.items() for key, value in found.items()}
    for key, value in figures.items():
        if isinstance(value, float):
            print(f"{key} = {value:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
