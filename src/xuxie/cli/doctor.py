"""xuxie doctor: is this machine fit, and how will xuxie use it?"""

import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from xuxie.cli.console import AsJson, Quiet, Terminal
from xuxie.errors import EnvironmentFailure
from xuxie.language import language, tr

HELP = tr("Look the machine over: versions, processor or GPU, precision, disk.")
EXAMPLE = "xuxie doctor"
ENOUGH_DISK = 2 * 2**30  # bytes: a corpus, a model and its checkpoints


def command(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Print what was found; fail when something stands in the way."""
    facts = examine()
    lines = [f"{name:14} {value}" for name, value in facts.items()]
    Terminal(as_json, quiet).result(facts, "\n".join(lines))
    if facts["disk_free"] < ENOUGH_DISK:
        raise EnvironmentFailure(tr("less than 2 GB of disk is free here: free some space"))


def examine() -> dict[str, Any]:
    """What xuxie finds on this machine."""
    import torch

    from xuxie.training.precision import Precision, best_device

    device = best_device()
    return {
        "xuxie": importlib.metadata.version("xuxie"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": importlib.metadata.version("transformers"),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "precision": Precision("auto", device).name,
        "disk_free": shutil.disk_usage(Path.cwd()).free,
        "encoding": sys.stdout.encoding,
        "language": language(),
    }
