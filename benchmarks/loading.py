"""How long a decoder takes to be ready, and what it takes of memory.

    python benchmarks/loading.py [--json FILE]

Models of both shapes with random weights are written to a temporary folder, and each is opened in a fresh
process, on a warm disk: seconds until it is open, milliseconds from a prompt of 128 characters to the first
one written, and the resident memory above what the imports and a model of one layer take, over the bytes of
the weights that a step reads.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from engines import MASK, PROMPT, SHAPES, Shape

TURNS = 5
SETTINGS = {"int8": (1, "int8"), "int8, 8 slots": (8, "int8"), "int4": (1, "int4")}
TINY = Shape(1, 32, 2, 100)


def save_model(shape: Shape, folder: Path) -> Path:
    """A model's folder."""
    from safetensors.numpy import save_file

    from xuxie.bert_weights import CONFIG, WEIGHTS, BertShape

    config = {
        "model_type": "bert",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": 4 * shape.hidden,
        "max_position_embeddings": 512,
    }
    draw = np.random.default_rng(0)
    tensors = BertShape(**config).tensors()  # type: ignore[arg-type]
    folder.mkdir()
    (folder / CONFIG).write_text(json.dumps(config))
    save_file(
        {name: draw.standard_normal(size, dtype=np.float32) * 0.02 for name, size in tensors.items()},
        folder / WEIGHTS,
    )
    return folder


def resident() -> int:
    """Bytes of memory that this process has, of its own or shared."""
    fields = Path("/proc/self/status").read_text().split("\n")
    return 1024 * next(int(line.split()[1]) for line in fields if line.startswith("VmRSS"))


def load(tiny: Path, model: Path, slots: int, precision: Any) -> dict[str, float]:
    """What one model takes, in this process."""
    from xuxie.bert_weights import read_weights
    from xuxie.generation.decoder import Reading
    from xuxie.generation.engines import open_decoder

    reading, prompt = Reading(mask_id=MASK), list(range(5, 5 + PROMPT))
    open_decoder(read_weights(tiny), reading, slots=slots, precision=precision, device="cpu")
    before = resident()
    started = time.perf_counter()
    weights = read_weights(model)
    decoder = open_decoder(weights, reading, slots=slots, precision=precision, device="cpu")
    ready = time.perf_counter()
    loaded = resident()
    decoder.prefill(0, [i % 90 + 5 for i in prompt], [])
    shape = weights.shape
    halves = 9 * shape.num_hidden_layers * shape.hidden_size**2 if precision == "int4" else 0
    return {
        "seconds": ready - started,
        "first_ms": 1000 * (time.perf_counter() - ready),
        "memory": (loaded - before) / (shape.streamed() - halves / 2),
        "megabytes": (loaded - before) / 1e6,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)  # in a process of its own
    arguments = parser.parse_args()
    if arguments.load:
        tiny, model, slots, precision = arguments.load
        print(json.dumps(load(Path(tiny), Path(model), int(slots), precision)))
        return
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as directory:
        models = {name: save_model(shape, Path(directory) / name) for name, shape in SHAPES.items()}
        tiny = save_model(TINY, Path(directory) / "tiny")
        for name, model in models.items():
            for setting, (slots, precision) in SETTINGS.items():
                command = [sys.executable, __file__, "--load", str(tiny), str(model), str(slots), precision]
                turns = [json.loads(subprocess.check_output(command)) for _ in range(TURNS)]
                found = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
                figures |= {f"{name}.{setting}.{key}": value for key, value in found.items()}
                print(
                    f"{name:5} {setting:14} ready in {found['seconds']:.2f} s, "
                    f"first character of {PROMPT} in {found['first_ms']:.0f} ms, "
                    f"{found['megabytes']:.0f} MB, {found['memory']:.2f} of the weights",
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
