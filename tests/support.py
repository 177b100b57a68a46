"""What tests of commands share besides fixtures."""

from collections.abc import Callable
from dataclasses import dataclass

TEXT = "\n".join(
    f"第{number}章 起风\n"
    + "\n".join(f"他推开第{9 * number + line}扇门，屋里没有人。“谁来过？”她问。" for line in range(9))
    for number in range(1, 13)
)
SETTINGS = """
[write]
length = 20
seed = 1

[train]
layers = 1
hidden_size = 32
heads = 2
source_length = 32
target_length = 32
batch_tokens = 512
steps = 4
evaluations = 2

"""


@dataclass(frozen=True, kw_only=True)
class Result:
    code: int
    out: str
    err: str


Command = Callable[..., Result]
