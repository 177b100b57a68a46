"""Rough counts of many texts, in memory that does not grow with them.

    sketch = Sketch()
    sketch.add("雪")
    sketch.count("雪") >= 1

Each text has a bucket by its check sum, which it may share with others (a count-min sketch of one row).
"""

import zlib
from mmap import mmap
from struct import calcsize

BUCKETS = 2**19
HIGHEST = 2**16 - 1  # count: more than is asked of any book


class Sketch:
    """Rough counts that never fall short, in a fixed amount of memory that is given back at once."""

    def __init__(self) -> None:
        self.counts = memoryview(mmap(-1, BUCKETS * calcsize("H"))).cast("H")
        self.highest = 0

    def add(self, key: str) -> None:
        """Count one more."""
        bucket = zlib.crc32(key.encode("utf-8", "surrogatepass")) % BUCKETS
        count = self.counts[bucket] + 1
        if count <= HIGHEST:
            self.counts[bucket] = count
            self.highest = max(self.highest, count)

    def count(self, key: str) -> int:
        """At least as often as `key` was counted, up to HIGHEST."""
        return self.counts[zlib.crc32(key.encode("utf-8", "surrogatepass")) % BUCKETS]
