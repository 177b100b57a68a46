"""Ctrl-C, which waits for the end of a step.

A step that is cut short has drawn random numbers, or changed half of the weights: a checkpoint written
then would not go on as if nothing had happened.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator


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
