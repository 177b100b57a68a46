"""The engines that benchmarks/decode.py compares, each to be run in a process of its own.

    serve(connection, "xuxie", "int8", "small", batch=1)

Whenever it is asked, it continues `batch` random prompts of 128 characters by 128, and answers the seconds.
Weights are random: speed does not depend on them.
"""

import os
import tempfile
import time
from abc import ABC, abstractmethod
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PROMPT = WRITTEN = 128
THREADS = len(os.sched_getaffinity(0))
MASK = 4
MODELS = "transformers.models"
LEAST = 0.5  # seconds of a turn
PROMPTS = 8  # of a trained model


class Shape(NamedTuple):
    """Of a model."""

    layers: int
    hidden: int
    heads: int
    vocabulary: int


SHAPES = {"small": Shape(6, 384, 6, 8000), "base": Shape(12, 768, 12, 21128)}


class Engine(ABC):
    """One way to write; what takes long to import for it is in MODULES."""

    MODULES: tuple[str, ...] = ()

    def __init__(self, shape: Shape, setting: str, batch: int) -> None:
        self.shape, self.setting, self.batch = shape, setting, batch
        draw = np.random.default_rng(0)
        self.prompts = draw.integers(5, shape.vocabulary, (batch, PROMPT)).tolist()
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Load."""

    @abstractmethod
    def write(self) -> float:
        """Continue the prompts; the seconds it took."""


class Xuxie(Engine):
    """Our decoder; setting: int8, int8-deterministic, int4, fp32 or bf16."""

    def prepare(self) -> None:
        """Load."""
        from xuxie.bert_weights import BertShape, BertWeights
        from xuxie.generation.decoder import Reading
        from xuxie.generation.engines import open_decoder

        shape = BertShape(
            model_type="bert",
            vocab_size=self.shape.vocabulary,
            hidden_size=self.shape.hidden,
            num_hidden_layers=self.shape.layers,
            num_attention_heads=self.shape.heads,
            intermediate_size=4 * self.shape.hidden,
            max_position_embeddings=2 * PROMPT + 1,
        )
        draw = np.random.default_rng(0)
        tensors = {
            name: draw.standard_normal(size, dtype=np.float32) * 0.02 + name.endswith("LayerNorm.weight")
            for name, size in shape.tensors().items()
        }
        weights = BertWeights(
            shape, read=lambda name: tensors[name].copy(), row=lambda name, i: tensors[name][i]
        )
        precision, _, deterministic = self.setting.partition("-")
        self.decoder = open_decoder(
            weights,
            Reading(mask_id=MASK),
            slots=self.batch,
            precision=precision,  # type: ignore[arg-type]
            deterministic=bool(deterministic),
            device="cpu",
        )

    def write(self) -> float:
        """Greedily."""
        from xuxie.generation.decoder import Chunk

        started = time.perf_counter()
        last = [int(self.decoder.prefill(i, p, []).argmax()) for i, p in enumerate(self.prompts)]
        for _ in range(WRITTEN - 1):
            logits = self.decoder.step([Chunk(slot=i, tokens=[token]) for i, token in enumerate(last)])
            last = [int(rows[0].argmax()) for rows in logits]
        return time.perf_counter() - started


class Trained(Engine):
    """Our scheduler on a trained project; setting: plain or speculative, and the temperature.

    Random weights would say nothing here: their guesses are never right, or always.
    """

    def prepare(self) -> None:
        """Load, and take prompts from the validation part, evenly spread."""
        from xuxie.bert_weights import read_weights
        from xuxie.corpus.corpus import Corpus
        from xuxie.corpus.windows import WindowShape, measuring_windows
        from xuxie.generation.decoder import Reading
        from xuxie.generation.engines import open_decoder
        from xuxie.generation.scheduler import Scheduler

        project = Path(os.environ["XUXIE_BENCH_MODEL"])
        corpus = Corpus(project / "corpus")
        weights, reading = read_weights(project / "model"), Reading(mask_id=corpus.tokenizer.mask_id)
        shape = WindowShape(source=PROMPT, target=WRITTEN)
        windows = list(measuring_windows(corpus, corpus.sections("validation"), shape))
        windows = [w for w in windows if w.middle - w.start > PROMPT // 2]
        chosen = windows[:: len(windows) // PROMPTS][:PROMPTS]
        self.sources = [corpus.ids(w.start, w.middle) for w in chosen]
        self.vocabulary = weights.shape.vocab_size
        how, self.temperature = self.setting.split("-")
        decoder = open_decoder(weights, reading, device="cpu")
        self.scheduler = Scheduler(decoder, speculate=how == "speculative")

    def write(self) -> float:
        """Continue each prompt; the seconds of one."""
        from xuxie.generation.history import History
        from xuxie.generation.request import Request
        from xuxie.generation.sampling import Sampler
        from xuxie.generation.sampling import Shape as Sampling

        started = time.perf_counter()
        for seed, source in enumerate(self.sources):
            how = Sampling(temperature=float(self.temperature))
            sampler = Sampler((), History(vocabulary=self.vocabulary), how, seed=seed)
            for _ in self.scheduler.run(Request(source=source, target=[], sampler=sampler, most=WRITTEN)):
                pass
        return (time.perf_counter() - started) / len(self.sources)


class Transformers(Engine):
    """What the engines on transformers share; setting: fp32 or bf16."""

    MODULES = (f"{MODELS}.bert.modeling_bert", f"{MODELS}.gpt2.modeling_gpt2")

    def load(self, kind: str, config: Any) -> None:
        """A model with random weights."""
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        torch.set_num_threads(THREADS)
        torch.set_grad_enabled(False)
        self.dtype = torch.float32 if self.setting == "fp32" else torch.bfloat16
        self.model = getattr(transformers, kind)(config).eval().to(self.dtype)

    def bert_config(self, **more: Any) -> Any:
        """Of the shape."""
        from transformers import BertConfig

        return BertConfig(
            vocab_size=self.shape.vocabulary,
            hidden_size=self.shape.hidden,
            num_hidden_layers=self.shape.layers,
            num_attention_heads=self.shape.heads,
            intermediate_size=4 * self.shape.hidden,
            **more,
        )


class Naive(Transformers):
    """The whole forward for every character; timed at SAMPLES of the lengths, evenly spread."""

    SAMPLES = 8

    def prepare(self) -> None:
        """Load."""
        self.load("BertForMaskedLM", self.bert_config())

    def write(self) -> float:
        """As many seconds as all lengths would take."""
        import torch

        seconds = 0.0
        for i in range(self.SAMPLES):
            length = PROMPT + 1 + i * WRITTEN // self.SAMPLES
            ids = torch.randint(5, self.shape.vocabulary, (self.batch, length))
            segments = (torch.arange(length) >= PROMPT).long().expand_as(ids)
            order = segments.cumsum(dim=1)
            seen = order[:, None, :] <= order[:, :, None]
            bias = torch.zeros(seen.shape, dtype=self.dtype).masked_fill(~seen, torch.finfo(self.dtype).min)
            started = time.perf_counter()
            hidden = self.model.bert(ids, attention_mask=bias[:, None], token_type_ids=segments)[0]
            self.model.cls(hidden[:, -1]).argmax(-1).tolist()
            seconds += time.perf_counter() - started
        return seconds / self.SAMPLES * WRITTEN


class StaticCache(Transformers):
    """transformers' static cache: the new character and its `[MASK]` at each step."""

    def prepare(self) -> None:
        """Load."""
        self.load("BertLMHeadModel", self.bert_config(is_decoder=True))

    def write(self) -> float:
        """Greedily."""
        import torch
        from transformers import StaticCache as Cache

        rows = 2 * PROMPT + 2
        cache: Any = Cache(config=self.model.config, max_cache_len=rows)
        hidden = torch.finfo(self.dtype).min
        started = time.perf_counter()
        token = torch.tensor(self.prompts)
        for place in range(PROMPT, PROMPT + WRITTEN):
            first = place == PROMPT
            ids = torch.cat([token, torch.full((self.batch, 1), MASK)], dim=1)
            begin = 0 if first else place - 1
            places = torch.arange(begin, place + 1)
            bias = torch.zeros(1, 1, len(places), rows, dtype=self.dtype)
            bias.masked_fill_(torch.arange(rows) > places[:, None], hidden)
            if first:
                bias[:, :, :PROMPT, :PROMPT] = 0
            for layer in cache.layers:  # the [MASK]'s row of the step before is overwritten
                if getattr(layer, "is_initialized", False):
                    layer.cumulative_length.fill_(begin)
            output = self.model.bert(
                ids,
                attention_mask=bias,
                token_type_ids=(places >= PROMPT).long().expand_as(ids),
                position_ids=places.expand_as(ids),
                past_key_values=cache,
                use_cache=True,
            )
            token = self.model.cls(output[0][:, -1:]).argmax(-1)
        return time.perf_counter() - started


class Generate(Transformers):
    """transformers' generate on a GPT-2 of the same shape."""

    def prepare(self) -> None:
        """Load."""
        self.load("GPT2LMHeadModel", gpt2_config(self.shape))

    def write(self) -> float:
        """Greedily."""
        import torch

        ids = torch.tensor(self.prompts)
        started = time.perf_counter()
        self.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=WRITTEN,
            min_new_tokens=WRITTEN,
            do_sample=False,
            pad_token_id=0,
        )
        return time.perf_counter() - started


class CTranslate2(Engine):
    """CTranslate2 on a GPT-2 of the same shape; the setting is its compute type."""

    MODULES = ("ctranslate2.converters.transformers", f"{MODELS}.gpt2.modeling_gpt2")  # in this order

    def prepare(self) -> None:
        """Convert and load."""
        import ctranslate2
        from ctranslate2.converters.transformers import _MODEL_LOADERS
        from transformers import GPT2LMHeadModel

        with tempfile.TemporaryDirectory() as directory:
            spec = _MODEL_LOADERS["GPT2Config"].get_model_spec(GPT2LMHeadModel(gpt2_config(self.shape)))
            spec.register_vocabulary([f"t{i}" for i in range(self.shape.vocabulary)])
            spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "t1", "t2", "t0"
            spec.validate()
            spec.optimize()
            spec.save(directory)
            self.generator = ctranslate2.Generator(
                directory, "cpu", compute_type=self.setting, intra_threads=THREADS, inter_threads=1
            )
        self.tokens = [[f"t{i}" for i in prompt] for prompt in self.prompts]

    def write(self) -> float:
        """Greedily."""
        started = time.perf_counter()
        self.generator.generate_batch(
            self.tokens,
            max_length=WRITTEN,
            min_length=WRITTEN,
            sampling_topk=1,
            include_prompt_in_result=False,
            max_batch_size=self.batch,
        )
        return time.perf_counter() - started


class Bandwidth(Engine):
    """Reads the bytes of the weights that a step streams; setting: bytes of each."""

    def prepare(self) -> None:
        """Allocate."""
        import torch

        torch.set_num_threads(THREADS)
        h = self.shape.hidden
        self.bytes = int(self.setting) * (12 * h * h * self.shape.layers + (self.shape.vocabulary + h) * h)
        self.memory = torch.ones(self.bytes // 8, dtype=torch.int64)

    def write(self) -> float:
        """A pass over all of it for each character."""
        started = time.perf_counter()
        for _ in range(WRITTEN):
            self.memory.sum()
        return time.perf_counter() - started


def gpt2_config(shape: Shape) -> Any:
    """A GPT-2 of the same layers, widths and vocabulary."""
    from transformers import GPT2Config

    return GPT2Config(
        vocab_size=shape.vocabulary,
        n_embd=shape.hidden,
        n_layer=shape.layers,
        n_head=shape.heads,
        n_positions=512,
        bos_token_id=1,
        eos_token_id=2,
    )


ENGINES: dict[str, type[Engine]] = {
    "xuxie": Xuxie,
    "trained": Trained,
    "whole forward": Naive,
    "static cache": StaticCache,
    "generate": Generate,
    "ctranslate2": CTranslate2,
    "bandwidth": Bandwidth,
}


def serve(connection: Connection, name: str, setting: str, shape: str, batch: int) -> None:
    """Import what an engine needs, say so; asked to, prepare it; and whenever asked then, let it write."""
    kind = ENGINES[name]
    for module in kind.MODULES:
        import_module(module)
    connection.send("imported")
    connection.recv()
    engine = kind(SHAPES[shape], setting, batch)
    engine.write()
    connection.send("ready")
    while True:
        connection.recv()
        end, seconds = time.perf_counter() + LEAST, [engine.write()]
        while time.perf_counter() < end:  # what follows a pause is slower, and says little
            seconds.append(engine.write())
        connection.send(sum(seconds) / len(seconds))
