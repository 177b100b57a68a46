"""Time xuxie's crawler against Scrapy on one local site, each in a process of its own.

    python benchmarks/crawl.py --quick            # under a minute
    python benchmarks/crawl.py --json crawl.json  # medians of several rounds

Measured from the first request for a chapter, as the site sees it, to the last file in place: for xuxie all
that `crawl_book` does (robots.txt, chapters found, checked, cleaned, manifest), for Scrapy a spider that
knows the site and writes the text as it is. CPU and memory are those of all processes of a crawl. The site
answers after a fixed latency (crawl_site.py).
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from crawl_contenders import SCRAPY, VARIANTS

HERE = Path(__file__).parent
CHAPTERS = 2000
LATENCY = 0.03  # seconds
CONCURRENCIES = (16, 64)
FEW, MANY = 500, 4000  # chapters, between which memory is compared
TRIAL = 500  # chapters, for choosing Scrapy's reactor
ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")


class Result(NamedTuple):
    """One crawl: pages a second, CPU seconds a page, peak memory and the site's own load."""

    pages: float
    cpu: float
    peak: int  # bytes
    site: float  # share of a core that the site needed


@contextmanager
def serving(chapters: int) -> Iterator[subprocess.Popen[str]]:
    """The site, in a process of its own."""
    command = [
        sys.executable,
        str(HERE / "crawl_site.py"),
        f"--chapters={chapters}",
        f"--latency={LATENCY}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as site:
        try:
            yield site
        finally:
            site.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout
    return process.stdout.readline()


def cpu_of(process: subprocess.Popen[str]) -> float:
    """CPU seconds that a running process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def crawl(
    folders: Path, site: subprocess.Popen[str], url: str, chapters: int, name: str, *options: str
) -> Result:
    """One crawl of the whole site into a new folder below `folders`; every chapter must be there."""
    folder = Path(tempfile.mkdtemp(dir=folders)) / "book"
    command = [sys.executable, str(HERE / "crawl_contenders.py"), name, url, str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        first = float(line_of(site))
        cpu, site_cpu = cpu_of(process), cpu_of(site)
        used = json.loads(line_of(process))
        site_cpu = cpu_of(site) - site_cpu
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    texts = [path for path in files if path.suffix == ".txt" and path.parent.name in ("book", "chapters")]
    assert len(texts) == chapters, f"{name} wrote {len(texts)} of {chapters} chapters"
    seconds = max(path.stat().st_ctime for path in files) - first
    return Result(chapters / seconds, (used["cpu"] - cpu) / chapters, used["peak"], site_cpu / seconds)


def best_variant(folders: Path) -> str:
    """The reactor that makes Scrapy fastest."""
    with serving(TRIAL) as site:
        url = line_of(site).strip()
        speeds = {name: crawl(folders, site, url, TRIAL, "scrapy", "64", name).pages for name in VARIANTS}
    print("Scrapy, pages/s at 64:", ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()))
    return max(VARIANTS, key=lambda name: speeds[name])


def compare(folders: Path, rounds: int, variant: str) -> dict[tuple[str, int], Result]:
    """Median figures for each contender and concurrency, taking turns."""
    contenders: dict[str, Sequence[str]] = {"xuxie": (), "scrapy": (variant,)}
    results: dict[tuple[str, int], list[Result]] = {}
    with serving(CHAPTERS) as site:
        url = line_of(site).strip()
        for _ in range(rounds):
            for concurrency in CONCURRENCIES:
                for name, options in contenders.items():
                    found = crawl(folders, site, url, CHAPTERS, name, str(concurrency), *options)
                    results.setdefault((name, concurrency), []).append(found)
    return {
        key: Result(*(median(values) for values in zip(*found, strict=True)))
        for key, found in results.items()
    }


def bytes_per_chapter(folders: Path) -> float:
    """How much xuxie's peak memory grows with each chapter."""
    peaks = {}
    for chapters in (FEW, MANY):
        with serving(chapters) as site:
            peaks[chapters] = crawl(folders, site, line_of(site).strip(), chapters, "xuxie", "64").peak
    return (peaks[MANY] - peaks[FEW]) / (MANY - FEW)


def report(results: dict[tuple[str, int], Result], growth: float) -> dict[str, float]:
    """Print the table; the figures to be watched."""
    print("\n| crawler | concurrency | pages/s | CPU ms/page | peak MB | site's load |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, concurrency), found in sorted(results.items(), key=lambda item: item[0][1]):
        print(
            f"| {name} | {concurrency} | {found.pages:.0f} | {found.cpu * 1000:.2f} "
            f"| {found.peak / 1e6:.0f} | {found.site:.0%} |"
        )
    ours, theirs = ({each: results[name, each] for each in CONCURRENCIES} for name in ("xuxie", "scrapy"))
    figures = {
        **{f"scrapy_ratio_{each}": ours[each].pages / theirs[each].pages for each in CONCURRENCIES},
        "cpu_ratio": median(theirs[each].cpu / ours[each].cpu for each in CONCURRENCIES),
        "bound_fraction_16": ours[16].pages * LATENCY / 16,
        "bytes_per_chapter": growth,
    }
    print()
    for name, value in figures.items():
        print(f"{name}: {value:.2f}" if value < 100 else f"{name}: {value:.0f}")
    return figures


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    arguments = parser.parse_args()
    if importlib.util.find_spec("scrapy") is None:
        print("Scrapy is not installed: pip install -c constraints.txt '.[bench]'", file=sys.stderr)
        return 2
    # Nothing is deleted before the end: ext4 is slow for seconds where files have just been deleted.
    with tempfile.TemporaryDirectory() as directory:
        folders = Path(directory)
        variant = best_variant(folders)
        print(
            f"{CHAPTERS} chapters, {LATENCY * 1000:.0f} ms latency; Scrapy: {variant},", json.dumps(SCRAPY)
        )
        results = compare(folders, 1 if arguments.quick else ROUNDS, variant)
        figures = report(results, bytes_per_chapter(folders))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
