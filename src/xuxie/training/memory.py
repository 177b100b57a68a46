"""The memory that a run takes: its peak, what keeps it low, and what to say when it is full."""

import contextlib
import os
import sys
from collections.abc import Iterator

import torch

from xuxie.config import TrainSettings
from xuxie.errors import EnvironmentFailure
from xuxie.language import tr

ALLOCATOR = "DefaultCPUAllocator"
KERNELS = 128  # that oneDNN keeps


def limit_kernels() -> None:
    """Let oneDNN keep few kernels, unless the environment says how many; to be called before it makes any.

    It makes one for every shape of a product, keeps 1,024, and each holds up to a megabyte. Without padding
    hardly two updates have the same shapes; it is the layers of one update that share them.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KERNELS))


def peak_memory() -> int:
    """The most resident bytes of this process so far; 0 where the system does not say."""
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextlib.contextmanager
def explaining_memory(settings: TrainSettings) -> Iterator[None]:
    """Turn the several ways of running out of memory into an EnvironmentFailure."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # on a CPU torch raises a bare RuntimeError that only the allocator's name tells from others
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and ALLOCATOR not in str(error):
            raise
        raise EnvironmentFailure(
            tr("out of memory: lower batch_tokens (now {tokens})", tokens=settings.batch_tokens)
        ) from None
