"""The application served for real: waitress, on a free port of this machine, in a thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask

from xuxie.config import ServeSettings
from xuxie.server.app import bind

Serve = Callable[[Flask], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves applications until the test ends; each call gives an address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    settings: ServeSettings = app.extensions["engine"].settings.serve
    server = bind(app, settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # Its sockets belong to its own thread: that one closes them, and its loop ends for want of any.
        server.trigger.pull_trigger(lambda: [channel.close() for channel in list(server._map.values())])
        thread.join()
        server.task_dispatcher.shutdown()
