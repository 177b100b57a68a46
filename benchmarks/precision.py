"""What int8, int4 and bf16 cost in quality, and whether the exact decoder is exact: on a trained model.

    python benchmarks/precision.py [PROJECT] [--tokens 20000] [--prompts 200] [--json FILE]

For each arithmetic: bits per character on the validation part, measured through the decoder; and how many
of the prompts (sources of validation windows) greedy writing continues otherwise than fp32. The greedy text
of fp32 is checked against a whole forward of transformers: every token must be the likeliest there, or lie
within 1e-4 of it.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xuxie.bert_weights import read_weights
from xuxie.corpus.corpus import Corpus
from xuxie.corpus.windows import WindowShape, measuring_windows
from xuxie.generation.decoder import Chunk, Decoder, Reading
from xuxie.generation.onnx_decoder import OnnxDecoder
from xuxie.generation.torch_decoder import TorchDecoder
from xuxie.model_record import read_record
from xuxie.models import load_pretrained_model
from xuxie.unilm.examples import Pair, collate
from xuxie.unilm.model import predict
from xuxie.unilm.objectives import pseudo_masked

MODEL = Path(__file__).parent / "model"  # make bench-model
ENGINES: dict[str, Callable[..., Decoder]] = {
    "fp32": partial(OnnxDecoder, arithmetic="fp32"),
    "int8-blocks": partial(OnnxDecoder, arithmetic="int8-blocks"),
    "int4-blocks": partial(OnnxDecoder, arithmetic="int4-blocks"),
    "int8-rows": partial(OnnxDecoder, arithmetic="int8-rows"),
    "bf16 (torch)": partial(TorchDecoder, dtype=torch.bfloat16),
}
CHUNK = 8  # tokens foreseen in one step, when a text is measured
WRITTEN = 64  # tokens of each greedy text


def pairs_of(corpus: Corpus, shape: WindowShape, wanted: int) -> list[Pair]:
    """Windows of the validation part, evenly spread, with about so many target tokens."""
    windows = list(measuring_windows(corpus, corpus.sections("validation"), shape))
    every = max(1, sum(w.end - w.middle for w in windows) // wanted)
    chosen = [window for window in windows[::every] if window.middle > window.start]
    return [(corpus.ids(w.start, w.middle), corpus.ids(w.middle, w.end)) for w in chosen]


def bits(decoder: Decoder, pair: Pair) -> float:
    """The bits of a target."""
    source, target = pair
    rows = [decoder.prefill(0, source, [])[None]]
    for begin in range(0, len(target) - 1, CHUNK):
        rows += decoder.step([Chunk(slot=0, tokens=target[begin : min(begin + CHUNK, len(target) - 1)])])
    logits = torch.from_numpy(np.concatenate(rows))
    nats = torch.nn.functional.cross_entropy(logits, torch.tensor(list(target)), reduction="sum")
    return float(nats) / math.log(2)


def greedy(decoder: Decoder, source: list[int]) -> Iterator[int]:
    """The likeliest tokens behind a source."""
    token = int(decoder.prefill(0, source, []).argmax())
    yield token
    for _ in range(WRITTEN - 1):
        token = int(decoder.step([Chunk(slot=0, tokens=[token])])[0][0].argmax())
        yield token


@torch.no_grad()
def disagreements(project: Path, mask_id: int, texts: list[Pair]) -> int:
    """How many tokens of greedy texts are not what the whole forward finds likeliest."""
    model = load_pretrained_model(str(project))
    found = 0
    for text in texts:
        logits, labels = predict(model, pseudo_masked(collate([text], pad_id=0), mask_id))
        taken = logits.gather(1, labels[:, None])[:, 0]
        found += int((taken < logits.max(dim=1).values - 1e-4).sum())
    return found


def measure(project: Path, tokens: int, prompts: int) -> dict[str, Any]:
    """All figures."""
    corpus, record = Corpus(project / "corpus"), read_record(project / "model")
    shape = WindowShape(source=record.source_length, target=record.target_length)
    pairs, weights = pairs_of(corpus, shape, tokens), read_weights(project / "model")
    characters = sum(int(corpus.tokenizer.characters[list(target)].sum()) for _, target in pairs)
    sources = [list(source) for source, _ in pairs_of(corpus, shape, 10**9)]
    sources = sources[:: max(1, len(sources) // prompts)][:prompts]
    figures: dict[str, Any] = {}
    texts: dict[str, list[list[int]]] = {}
    for name, engine in ENGINES.items():
        decoder = engine(weights, Reading(mask_id=corpus.tokenizer.mask_id))
        score = sum(bits(decoder, pair) for pair in pairs) / characters
        texts[name] = [list(greedy(decoder, source)) for source in sources]
        same = [same_tokens(text, exact) for text, exact in zip(texts[name], texts["fp32"], strict=True)]
        figures[name] = {
            "bits_per_character": score,
            "change": score / figures.get("fp32", {}).get("bits_per_character", score) - 1,
            "diverged": sum(length < WRITTEN for length in same) / len(same),
            "same_tokens": float(np.mean(same)),
        }
        print(
            f"{name:14} {score:.4f} bits per character ({figures[name]['change']:+.3%}); "
            f"{figures[name]['diverged']:.1%} of {len(same)} greedy texts diverge, "
            f"after {figures[name]['same_tokens']:.1f} of {WRITTEN} tokens on average",
            flush=True,
        )
    exact: list[Pair] = [(source, text) for source, text in zip(sources, texts["fp32"], strict=True)]
    figures["disagreements"] = disagreements(project, corpus.tokenizer.mask_id, exact)
    print(f"tokens of fp32 that the whole forward would not have written: {figures['disagreements']}")
    return figures


def same_tokens(one: list[int], other: list[int]) -> int:
    """How long two texts are the same."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "project", type=Path, nargs="?", default=MODEL, help="default: that of make bench-model"
    )
    parser.add_argument(
        "--tokens", type=int, default=20_000, help="target tokens to measure (default: 20000)"
    )
    parser.add_argument("--prompts", type=int, default=200, help="greedy texts (default: 200)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    arguments = parser.parse_args()
    figures = measure(arguments.project, arguments.tokens, arguments.prompts)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
