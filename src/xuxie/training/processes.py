"""The processes of one run, as torchrun starts them; without it, the one that there is.

    torchrun --nproc-per-node 2 -m xuxie train mybook

The first process leads: it alone measures, saves, speaks and decides. The others follow: before each update
they hear from it that the run goes on, and where it stands. All draw the same update, each learns from its
share of the examples, and the gradients are added up, so that the curve is that of one process.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor
from torch import distributed as dist

from xuxie.errors import EnvironmentFailure, InputError, XuxieError
from xuxie.language import tr
from xuxie.training.precision import best_device
from xuxie.unilm.examples import Example

PATIENCE = timedelta(hours=1)  # for a word: the first may be fetching a model, or measuring a large one
LEFT = -1.0  # the word that the first leaves, having said why


@dataclass(frozen=True, kw_only=True)
class Processes:
    """This process among those of the run; the one that is alone is the first of one."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process leads."""
        return self.rank == 0

    def share(self, example: Example) -> Example:
        """The examples of a batch from which this process learns; there may be none."""
        rows = slice(self.rank, None, self.count)
        return Example(**{name: tensor[rows] for name, tensor in vars(example).items()})

    def total(self, value: float) -> float:
        """The sum of a number over all processes."""
        if self.count == 1:
            return value
        number = word(value)
        dist.all_reduce(number)
        return number.item()

    def add_gradients(self, model: torch.nn.Module) -> None:
        """Add up what the processes have learned: every one then holds the whole batch's gradients."""
        if self.count == 1:
            return
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        for parameter in parameters:
            if parameter.grad is None:  # its share was empty
                parameter.grad = torch.zeros_like(parameter)
        pending = [dist.all_reduce(parameter.grad, async_op=True) for parameter in parameters]
        for work in pending:
            work.wait()

    def tell(self, value: float) -> None:
        """Give the others a word. Only the first process does."""
        if self.count > 1:
            dist.broadcast(word(value), src=0)

    def hear(self) -> float:
        """The first process's word. It is the end of this process when the first has left.

        Raises EnvironmentFailure when that one has ended without a word.
        """
        heard = word(0.0)
        try:
            dist.broadcast(heard, src=0)
        except RuntimeError:
            raise EnvironmentFailure(tr("the first of the processes has ended: see what it said")) from None
        if heard.item() == LEFT:
            dist.destroy_process_group()
            raise SystemExit
        return heard.item()

    @contextlib.contextmanager
    def leading(self) -> Iterator[None]:
        """Let the others end with the block. They must be waiting for a word whenever Ctrl-C or an error of
        these kinds ends it; after any other, torchrun ends them.
        """
        try:
            yield
        except (XuxieError, OSError, KeyboardInterrupt):
            self.tell(LEFT)
            raise
        self.tell(LEFT)


@contextlib.contextmanager
def joined() -> Iterator[Processes]:
    """Join the other processes that torchrun has started, if it has. Raises InputError."""
    if not dist.is_torchelastic_launched():
        yield Processes()
        return
    if torch.cuda.is_available():
        use_own_device()
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    processes = Processes(rank=dist.get_rank(), count=dist.get_world_size())
    if not processes.is_first:  # the first ends in order, and lets them go
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield processes
    dist.destroy_process_group()


def use_own_device() -> None:
    """Let "cuda" be this process's own device. Raises InputError when there are too few of them."""
    place, devices = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if place >= devices:
        raise InputError(
            tr("there are {devices} GPUs: lower --nproc-per-node to that number", devices=devices)
        )
    torch.cuda.set_device(place)


def word(value: float) -> Tensor:
    """A number as the processes hand it round: float64 []."""
    return torch.tensor(value, dtype=torch.float64, device=best_device())
