"""What may befall a run: Ctrl-C, which waits for the end of a step, and a full memory.

A step that is cut short has drawn random numbers, or changed half of the weights: a checkpoint written
then would not go on as if nothing had happened.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

import torch

from xuxie.config import TrainSettings
from xuxie.errors import EnvironmentFailure
from xuxie.language import tr

ALLOCATOR = "DefaultCPUAllocator"


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done. Python delivers it to the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous or signal.SIG_DFL)
    if waiting:
        signal.raise_signal(signal.SIGINT)


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
