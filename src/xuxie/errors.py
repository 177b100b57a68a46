"""Every error that xuxie raises on purpose.

    XuxieError
    ├── InputError            exit 2, HTTP 400   an address, file, option or request that cannot be used
    │   ├── ConfigurationError                   xuxie.toml or an option holds a wrong value
    │   ├── NoChaptersError                      a page or file in which no chapters were found
    │   └── MissingStageError                    the stage before this one has not been run
    ├── EnvironmentFailure    exit 1, HTTP 503   disk full, port taken, out of memory, folder in use
    ├── NetworkError          exit 3, HTTP 502   host or hub unreachable, 404 or refused catalogue
    │   └── ForbiddenError                       robots.txt, login, paywall or private address forbids it
    └── IncompleteError       exit 4, HTTP 500   finished, but something is missing

A message says what was wrong, where, and what to do about it, in one line.
"""


class XuxieError(Exception):
    """The root of the tree; never raised itself."""

    exit_code = 1
    http_status = 500


class InputError(XuxieError):
    """What the user or a client gave cannot be used."""

    exit_code = 2
    http_status = 400


class ConfigurationError(InputError):
    """A setting, in xuxie.toml or as an option, has a wrong name or value."""


class NoChaptersError(InputError):
    """A page or file in which no chapters were found."""


class MissingStageError(InputError):
    """A stage was asked for before the one that it builds on."""


class EnvironmentFailure(XuxieError):  # noqa: N818 - EnvironmentError is Python's own name for OSError
    """The machine failed, not the input: disk, memory, port, lock."""

    exit_code = 1
    http_status = 503


class NetworkError(XuxieError):
    """Something on the network could not be reached or was refused."""

    exit_code = 3
    http_status = 502


class ForbiddenError(NetworkError):
    """robots.txt, a login, a bot check, a paywall or an address of a private network forbids the fetch."""


class IncompleteError(XuxieError):
    """The work was finished, but something is missing; running it again may complete it."""

    exit_code = 4
