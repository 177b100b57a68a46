"""The command line: one thin command a file; arguments become settings, one library call, a result.

Exit codes: 0 done; 1 the environment failed; 2 wrong usage or input; 3 network; 4 finished but incomplete;
130 interrupted.
"""

import sys
from collections.abc import Sequence

from typer.exceptions import TyperException

from xuxie.cli.app import app
from xuxie.errors import EnvironmentFailure, XuxieError
from xuxie.files import explain_os_error
from xuxie.language import tr

INTERRUPTED = 130  # what typer makes of Ctrl-C, as a shell does


def main() -> None:
    """The entry point of the `xuxie` command."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # a console's is a TextIOWrapper
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what went wrong is one line on stderr."""
    try:
        code: int = app(arguments, prog_name="xuxie", standalone_mode=False) or 0
        if code == INTERRUPTED:
            complain(tr("interrupted: run the same command again to go on"))
        return code
    except TyperException as error:
        complain(" ".join(error.format_message().split()) + tr(" (see xuxie --help)"))
        return error.exit_code
    except XuxieError as error:
        complain(str(error))
        return error.exit_code
    except OSError as error:
        complain(explain_os_error(error))
    except MemoryError:
        complain(tr("out of memory: close other programs, or ask for less"))
    return EnvironmentFailure.exit_code


def complain(message: str) -> None:
    """One line on stderr."""
    print(f"xuxie: {message}", file=sys.stderr)
