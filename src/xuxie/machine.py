"""What of the machine this process may use."""

import os


def cores() -> int:
    """How many cores; Linux alone can give a process fewer than there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
