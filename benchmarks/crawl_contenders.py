"""The two crawlers that benchmarks/crawl.py compares; each runs as a process of its own.

    python benchmarks/crawl_contenders.py xuxie  http://127.0.0.1:8000/book/1/ FOLDER 16
    python benchmarks/crawl_contenders.py scrapy http://127.0.0.1:8000/book/1/ FOLDER 16

xuxie is the product as it is (`crawl_book`), Scrapy a spider that knows the site: one CSS selector for the
catalogue, one for the text, files written in place. Prints as JSON what the process has used, with the
processes that it started, when the last file is written.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

SCRAPY: dict[str, Any] = {
    "ROBOTSTXT_OBEY": True,
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "RANDOMIZE_DOWNLOAD_DELAY": False,
    "COOKIES_ENABLED": False,
    "RETRY_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "COMPRESSION_ENABLED": False,
    "REFERER_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "MEMUSAGE_ENABLED": False,
    "LOGSTATS_INTERVAL": 0,
    "LOG_ENABLED": False,
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
    "SPIDER_MIDDLEWARES": {
        "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    },
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    },
}
LOOK = 0.2  # seconds between two looks at what other processes hold
VARIANTS: dict[str, dict[str, Any]] = {
    "asyncio reactor": {"TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor"},
    "epoll reactor": {"TWISTED_REACTOR": "twisted.internet.epollreactor.EPollReactor"},
}


def run_xuxie(url: str, folder: Path, concurrency: int) -> None:
    """The product: catalogue, chapters, checking, cleaning, manifest."""
    from xuxie.config import CrawlSettings
    from xuxie.crawl.crawler import crawl_book
    from xuxie.project import Project

    crawl_book(url, Project(folder), CrawlSettings(concurrency=concurrency))


def run_scrapy(url: str, folder: Path, concurrency: int, variant: str) -> None:
    """A spider for this site, with all that it does not need switched off."""
    import scrapy
    from scrapy.crawler import CrawlerProcess
    from scrapy.http import Response

    folder.mkdir(parents=True)

    class Novel(scrapy.Spider):  # type: ignore[misc]  # known where it is installed only
        name = "novel"

        async def start(self) -> AsyncIterator[Any]:
            yield scrapy.Request(url)

        def parse(self, response: Response, **_: Any) -> Any:
            for link in response.css("#list a::attr(href)").getall():
                yield scrapy.Request(response.urljoin(link), callback=self.parse_chapter)

        def parse_chapter(self, response: Response) -> None:
            lines = [line.strip() for line in response.css("#content::text").getall()]
            number = re.findall(r"\d+", response.url)[-1]
            text = "".join(line + "\n" for line in lines if line)
            (folder / f"{number}.txt").write_text(text, encoding="utf-8")

    settings = SCRAPY | VARIANTS[variant]
    settings |= {"CONCURRENT_REQUESTS": concurrency, "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency}
    process = CrawlerProcess(settings)
    process.crawl(Novel)
    process.start()


def peak_memory(process: int) -> int:
    """The most that a process has held, in bytes; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(size) for size in re.findall(r"VmHWM:\s*(\d+) kB", status)) * 1024


def watch(peaks: dict[int, int]) -> None:
    """Note the most that each process started by this one has held, for as long as this one runs."""
    while True:
        time.sleep(LOOK)
        for child in filter(is_child, map(int, filter(str.isdigit, os.listdir("/proc")))):
            peaks[child] = max(peaks.get(child, 0), peak_memory(child))


def is_child(process: int) -> bool:
    """Whether this process started another one."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return int(status.rpartition(")")[2].split()[1]) == os.getpid()


def cpu_seconds() -> float:
    """What this process and those that it started, which have ended, have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    """The command."""
    name, url, folder, concurrency, *variant = sys.argv[1:]
    peaks: dict[int, int] = {}
    threading.Thread(target=watch, args=(peaks,), daemon=True).start()
    if name == "scrapy":
        run_scrapy(url, Path(folder), int(concurrency), *variant)
    else:
        run_xuxie(url, Path(folder), int(concurrency))
    peak = peak_memory(os.getpid()) + sum(peaks.values())
    print(json.dumps({"cpu": cpu_seconds(), "peak": peak, "processes": 1 + len(peaks)}))


if __name__ == "__main__":
    main()
