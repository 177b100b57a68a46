"""A novel site that shows, on demand, every fault that real sites have, and knows what is right.

    site = Site({"reversed", "gbk-declared-gb2312", "disguised-adverts"}, seed=7)
    with serving(site.app) as base: ...          # site.start, site.expected, site.violations(...)

story.py writes the book, catalogue.py and chapters.py its pages, wording.py their clutter, encoding.py
the bytes, troubles.py the answers that are no page; faults.py names all faults; check.py crawls a site
and says what differs from expected.py. Modelled on saved pages of real sites, not on the crawler.
"""

from simulator.check import crawl_and_compare
from simulator.faults import ALONE_ONLY, FAULTS, mix
from simulator.site import Site

__all__ = ["ALONE_ONLY", "FAULTS", "Site", "crawl_and_compare", "mix"]
