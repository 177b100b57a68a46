"""How fast xuxie trains, against the plain loop and transformers' Trainer.

    python benchmarks/train.py [--quick | --precisions] [--size small] [--json FILE]
    python benchmarks/train.py --precisions --size small --pairs 4 --turns 2   # where fp16 is slow

The same pseudo-masked batches of 16 pairs (source 64-128, target 32-64 tokens), drawn beforehand, and the
same BertForMaskedLM for all; each contender in a process of its own, which waits while the others run. They
take turns, and medians of the turns count. Figures are target tokens a second.

    plain         fp32, padded to 256 positions, the vocabulary head at every position, AdamW
    longest       the same, padded to the longest of the batch
    trainer_bf16  transformers' Trainer: bf16 autocast, fused AdamW, padded to the longest
    ours_fp32     xuxie in fp32
    ours          xuxie in bf16
    ours_fp16     xuxie in fp16, its loss scaled (with --precisions only)
    half          weights and optimizer themselves in bf16, which xuxie does not offer (likewise)
    peak          bf16 matrix products of 2048 x 2048, in GFLOP/s
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIZES: dict[str, dict[str, int]] = {
    "small": {"vocabulary_size": 8000, "layers": 6, "hidden_size": 384, "heads": 6},
    "base": {"vocabulary_size": 21128, "layers": 12, "hidden_size": 768, "heads": 12},
}
POSITIONS, BATCHES, MASK_ID, PAD_ID = 256, 4, 4, 0
RIVALS = {"plain": 1, "longest": 1, "trainer_bf16": 2}  # steps of one turn
OURS = {"ours_fp32": "fp32", "ours": "bf16", "ours_fp16": "fp16", "half": "fp32"}  # the precision of each
STEPS = {**RIVALS, "ours_fp32": 1, "ours": 3, "ours_fp16": 1, "half": 3, "peak": 20}
THREADS = len(os.sched_getaffinity(0))
Pair = tuple[list[int], list[int]]


def main() -> None:
    """Let the contenders take turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small shape only, in less than a minute")
    parser.add_argument("--precisions", action="store_true", help="xuxie alone, in each precision")
    parser.add_argument("--size", choices=SIZES, action="append", help="both by default")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=16, help="of a batch (default: 16)")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--contender", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--batches", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        contend(arguments.contender, arguments.size[0], json.loads(arguments.batches.read_text()))
        return
    figures: dict[str, dict[str, Any]] = {}
    names = [*RIVALS, "ours_fp32", "ours", "peak"]
    if arguments.quick:
        names = ["plain", "trainer_bf16", "ours", "peak"]
    elif arguments.precisions:
        names = [*OURS, "peak"]
    for size in ["small"] if arguments.quick else arguments.size or list(SIZES):
        figures[size] = compare(size, names, arguments.turns, arguments.pairs)
        print(table(size, figures[size]), flush=True)
    if arguments.json:
        ratios = {
            f"{size}.{name}": row["ratios"][name] for size, row in figures.items() for name in row["ratios"]
        }
        arguments.json.write_text(json.dumps({**ratios, "details": figures}, indent=1), encoding="utf-8")


def compare(size: str, names: list[str], turns: int, pairs: int) -> dict[str, Any]:
    """The medians of all contenders at one size."""
    batches = draw_batches(SIZES[size]["vocabulary_size"], pairs)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "batches.json"
        path.write_text(json.dumps(batches))
        running = {name: Process(name, size, path) for name in names}
        results: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for _ in range(turns):
            for name, process in running.items():
                results[name].append(process.turn())
        for process in running.values():
            process.end()
    rates = {name: statistics.median(turn["rate"] for turn in rows) for name, rows in results.items()}
    memory = {name: max(turn["memory"] for turn in rows) for name, rows in results.items()}
    work = flops_per_target(SIZES[size], [pair for batch in batches for pair in batch])
    return {
        "rates": rates,
        "memory": memory,
        "utilisation": {n: rates[n] * work / 1e9 / rates["peak"] for n in names if n != "peak"},
        "ratios": {f"{n}_ratio": rates["ours"] / rates[n] for n in RIVALS if n in rates and n != "longest"},
        "threads": THREADS,
    }


class Process:
    """A contender in its own process; it is ready when constructed, and works only during its turns."""

    def __init__(self, name: str, size: str, batches: Path) -> None:
        command = [sys.executable, __file__, "--contender", name, "--size", size, "--batches", str(batches)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.turn()  # to warm up

    def turn(self) -> dict[str, float]:
        """One turn: its rate and its peak memory so far, in GB."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        result: dict[str, float] = json.loads(self.process.stdout.readline())
        return result

    def end(self) -> None:
        """Let it go."""
        self.process.kill()
        self.process.wait()


def draw_batches(vocabulary_size: int, pairs: int) -> list[list[Pair]]:
    """Pairs of random token ids, always the same."""
    draw = random.Random(0)

    def tokens(least: int, most: int) -> list[int]:
        return [draw.randrange(10, vocabulary_size) for _ in range(draw.randint(least, most))]

    return [[(tokens(64, 128), tokens(32, 64)) for _ in range(pairs)] for _ in range(BATCHES)]


def flops_per_target(shape: dict[str, int], pairs: list[Pair]) -> float:
    """What a target token needs, forward and backward: every row once, the head and the last layer's second
    part at predicted positions only, attention where the mask allows it.
    """
    size, layers = shape["hidden_size"], shape["layers"]
    rows = sum(len(s) + 2 * len(t) for s, t in pairs)
    targets = sum(len(t) for _, t in pairs)
    seen = sum(len(s) ** 2 + 2 * len(t) * len(s) + len(t) * (len(t) + 1) for s, t in pairs)
    whole = rows * 12 * size**2 + 2 * seen * size  # multiplications of one layer
    last = (rows * 2 + targets * 10) * size**2 + seen * size
    head = targets * (size**2 + size * shape["vocabulary_size"])
    return 6 * ((layers - 1) * whole + last + head) / targets


def table(size: str, figures: dict[str, Any]) -> str:
    """The figures of a size, for people."""
    lines = [
        f"{size}: {figures['threads']} threads each; bf16 peak {figures['rates']['peak']:.0f} GFLOP/s",
        "| | target tokens/s | ours over it | FLOP utilisation | peak memory, GB |\n|---|---|---|---|---|",
    ]
    for name, rate in figures["rates"].items():
        if name != "peak":
            ratio, used = figures["rates"]["ours"] / rate, figures["utilisation"][name]
            lines.append(
                f"| {name} | {rate:.0f} | {ratio:.2f} | {used:.0%} | {figures['memory'][name]:.2f} |"
            )
    return "\n".join(lines)


def contend(name: str, size: str, batches: list[list[Pair]]) -> None:
    """What a contender's process does: wait for its turn, work, tell."""
    import resource

    import torch

    torch.set_num_threads(THREADS)
    work = {"peak": peak, "trainer_bf16": trainer_bf16}.get(name, steps)(name, size, batches)
    done = 0
    while sys.stdin.readline():
        begun, amount = time.perf_counter(), 0.0
        for _ in range(STEPS[name]):
            amount += next(work)
            done += 1
        rate = amount / (time.perf_counter() - begun)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"rate": rate, "memory": memory}), flush=True)


def peak(name: str, size: str, batches: list[list[Pair]]) -> Iterator[float]:
    """GFLOP of one product, again and again."""
    import torch

    matrix = torch.randn(2048, 2048).bfloat16()
    while True:
        matrix @ matrix
        yield 2 * 2048**3 / 1e9


def a_model(size: str) -> Any:
    """The same weights for everybody."""
    import torch

    from xuxie.unilm.model import new_model

    torch.manual_seed(0)
    return new_model(**SIZES[size], positions=POSITIONS, dropout=0.0, pad_id=PAD_ID).train()


def padded(pairs: list[Pair], length: int | None) -> dict[str, Any]:
    """A batch as transformers takes it, padded behind to `length` positions or to the longest."""
    import torch

    from xuxie.unilm.examples import collate
    from xuxie.unilm.masks import additive_mask
    from xuxie.unilm.objectives import pseudo_masked

    example = pseudo_masked(collate(pairs, PAD_ID), MASK_ID)
    more = 0 if length is None else length - example.labels.shape[1]
    pad: Callable[..., Any] = torch.nn.functional.pad
    mask = (
        pad(example.attention_mask, (0, more, 0, more)) | torch.eye(example.labels.shape[1] + more).bool()
    )
    return {
        "input_ids": pad(example.input_ids, (0, more), value=PAD_ID),
        "token_type_ids": pad(example.segment_ids, (0, more)),
        "position_ids": pad(example.position_ids, (0, more)),
        "attention_mask": additive_mask(mask, torch.float32),
        "labels": pad(example.labels, (0, more), value=-100),
    }


def steps(name: str, size: str, batches: list[list[Pair]]) -> Iterator[float]:
    """Updates without end; gives the target tokens of each."""
    import torch

    from xuxie.config import TrainSettings
    from xuxie.training.learner import backward
    from xuxie.training.memory import limit_kernels
    from xuxie.training.precision import Precision
    from xuxie.training.start import make_optimizer
    from xuxie.unilm.examples import collate
    from xuxie.unilm.objectives import pseudo_masked
    from xuxie.unilm.stream import concatenate

    model = a_model(size)
    if name == "half":
        model.to(torch.bfloat16)
    settings = TrainSettings()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    if name in OURS:
        limit_kernels()
        optimizer = make_optimizer(model, settings)
    precision = Precision(OURS.get(name, "fp32"), torch.device("cpu"))
    for number in range(10**6):
        pairs = batches[number % len(batches)]
        if name in OURS:
            stream = concatenate(pseudo_masked(collate(pairs, PAD_ID), MASK_ID))
            backward(model, stream, len(stream.labels), precision)
        else:
            loss = model(**padded(pairs, POSITIONS if name == "plain" else None)).loss
            precision.scaler.scale(loss).backward()
        precision.scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        precision.scaler.step(optimizer)
        precision.scaler.update()
        optimizer.zero_grad()
        yield sum(len(target) for _, target in pairs)


def trainer_bf16(name: str, size: str, batches: list[list[Pair]]) -> Iterator[float]:
    """transformers' Trainer, its loop run in a thread so that it can be stopped between two steps."""
    import queue
    import threading

    from transformers import Trainer, TrainerCallback, TrainingArguments

    done: queue.Queue[float] = queue.Queue()
    go = threading.Semaphore(0)

    class Turns(TrainerCallback):
        def on_step_begin(self, *arguments: Any, **more: Any) -> None:
            go.acquire()

        def on_step_end(self, *arguments: Any, **more: Any) -> None:
            number = arguments[1].global_step - 1
            done.put(sum(len(target) for _, target in batches[number % len(batches)]))

    directory = tempfile.mkdtemp()
    trainer = Trainer(
        model=a_model(size),
        args=TrainingArguments(
            output_dir=directory,
            per_device_train_batch_size=len(batches[0]),
            bf16=True,
            use_cpu=True,
            optim="adamw_torch_fused",
            max_steps=10**6,
            train_sampling_strategy="sequential",
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=[pair for batch in batches for pair in batch],
        data_collator=lambda pairs: padded(pairs, None),
        callbacks=[Turns()],
    )
    threading.Thread(target=trainer.train, daemon=True).start()
    while True:
        go.release()
        yield done.get()


if __name__ == "__main__":
    main()
