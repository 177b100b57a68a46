"""What a project asks for: frozen settings, from xuxie.toml and from options on the command line.

    settings = load_settings(Path("mybook"))
    crawl = override(settings.crawl, concurrency=8)

Every field has a default, so xuxie.toml may be absent. An unknown key or a value out of range is a
ConfigurationError that names the file, the key and the rule.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from xuxie.errors import ConfigurationError
from xuxie.language import tr

STRICT = ConfigDict(extra="forbid", strict=True)
FILE_NAME = "xuxie.toml"

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
Biases = Annotated[
    dict[Annotated[str, Field(max_length=50)], Annotated[float, Field(ge=-100, le=100)]],
    Field(max_length=1000),
]
Phrases = Annotated[  # TOML and JSON have lists where Python has tuples
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(strict=False, max_length=100)
]
Objective = Literal["masked", "pseudo-masked", "unilm", "shifted", "left-to-right"]
Weight = Annotated[float, Field(ge=0)]
MaskWeights = Annotated[tuple[Weight, Weight, Weight, Weight], Field(strict=False)]  # TOML has lists only


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CrawlSettings:
    """[crawl]: how a site is fetched. Times in seconds, sizes in bytes."""

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4  # requests to one host at a time
    rate: PositiveFloat | None = None  # requests to one host in a second; None: what it stands
    timeout: PositiveFloat = 30.0  # for one whole request
    retries: Annotated[int, Field(ge=0, le=20)] = 4  # further tries of a request that failed
    max_page_bytes: PositiveInt = 8 * 2**20  # a larger page is refused
    max_redirects: Annotated[int, Field(ge=0, le=50)] = 10  # of one request; more are refused
    ignore_robots: bool = False  # for one's own site


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CorpusSettings:
    """[corpus]: how books become token ids."""

    tokenizer: str = "char"  # "char", or the folder or hub name of a pretrained model
    eos_token: Annotated[str, Field(min_length=1)] = "[EOS]"  # ends every sentence
    paragraph_token: Annotated[str, Field(min_length=1)] = "[PAR]"  # opens every paragraph
    simplify: bool = False  # traditional characters become simplified ones (needs OpenCC)

    def __post_init__(self) -> None:
        if self.eos_token == self.paragraph_token:
            raise ValueError(tr("eos_token and paragraph_token must differ"))


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TrainSettings:
    """[train]: the model's shape, the recipe and the optimisation. Lengths in tokens."""

    start: str = "scratch"  # "scratch", or the folder or hub name of a pretrained model
    lora: Annotated[int, Field(ge=0, le=1024)] = 0  # rank of the adapters to train; 0: train all weights
    layers: PositiveInt = 4  # this and the next three: from scratch; a pretrained model brings its own
    hidden_size: PositiveInt = 256
    heads: PositiveInt = 4
    dropout: Fraction = 0.1
    pairing: Literal["windows", "lines"] = "windows"  # "lines": a sentence and the next one
    source_length: PositiveInt = 384
    target_length: Annotated[int, Field(ge=2)] = 128
    objective: Objective = "pseudo-masked"
    mask_rate: Annotated[float, Field(gt=0, le=1)] = 0.8  # of the target tokens, for "masked"
    unilm_weights: MaskWeights = (1 / 3, 1 / 6, 1 / 6, 1 / 3)  # of the masks, for "unilm"; see unilm.masks
    padded: bool = False  # transformers' own forward pass on padded batches: slow, plain to read
    left_to_right: Annotated[float, Field(ge=0, lt=1)] = 0.3  # share of the run spent so, before
    batch_tokens: PositiveInt = 4096  # padded tokens of one batch
    accumulation: PositiveInt = 1  # batches whose gradients are added up for one update
    checkpointing: bool = False  # less memory, more time: activations are computed twice
    learning_rate: PositiveFloat = 5e-4
    weight_decay: Fraction = 0.01
    warmup: Fraction = 0.05  # of the whole run
    max_gradient_norm: PositiveFloat = 1.0
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    steps: PositiveInt | None = None  # the length of the run; exclusive with minutes
    minutes: PositiveFloat | None = None
    evaluations: PositiveInt = 8  # over the whole run
    patience: Annotated[int, Field(ge=0)] = 0  # evaluations without a better score end it; 0: never
    tensorboard: bool = False  # curves in model/tensorboard as well
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads:
            raise ValueError(
                tr(
                    "hidden_size {size} is not a multiple of heads {heads}",
                    size=self.hidden_size,
                    heads=self.heads,
                )
            )
        if self.lora and self.start == "scratch":
            raise ValueError(tr("lora needs a pretrained model to start from: give start (--from) as well"))
        if not sum(self.unilm_weights):
            raise ValueError(tr("unilm_weights are all zero: give one of the masks a weight"))
        if self.steps is not None and self.minutes is not None:
            raise ValueError(tr("steps and minutes exclude each other: give one of them"))


RECIPES: dict[str, dict[str, Any]] = {  # named sets of [train] settings
    "standard": {},
    "plain": {
        "objective": "masked",
        "left_to_right": 0.0,
        "pairing": "lines",
        "padded": True,
        "precision": "fp32",
    },
}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class WriteSettings:
    """[write]: how a passage is continued. Lengths in characters; docs/guide.md tells what each is for."""

    length: Annotated[int, Field(ge=1, le=100_000)] = 200  # ends at the first sentence end after it
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.8  # 0 is greedy
    top_k: Annotated[int, Field(ge=0)] = 0  # 0: all
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    min_p: Fraction = 0.0  # 0: all
    repetition_penalty: Annotated[float, Field(ge=1, le=10)] = 1.0  # 1: none
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    no_repeat_ngram: Annotated[int, Field(ge=0, le=100)] = 12  # 0: any may be repeated
    dry_multiplier: Annotated[float, Field(ge=0, le=10)] = 0.8  # 0: none
    dry_base: Annotated[float, Field(ge=1, le=4)] = 1.75
    dry_allowed_length: Annotated[int, Field(ge=1, le=50)] = 6
    penalty_window: Annotated[int, Field(ge=0)] = 1000  # tokens that the six above look back; 0: all
    bias: Biases = dataclasses.field(default_factory=dict)  # a character's, added to its logit
    ban: Phrases = ()  # never to be written
    stop: Phrases = ()  # the passage ends before the first of them
    min_sentence: Annotated[int, Field(ge=1, le=200)] = 1  # before it may end
    candidates: Annotated[int, Field(ge=1, le=16)] = 1  # different continuations
    beams: Annotated[int, Field(ge=1, le=16)] = 1  # above 1: beam search
    length_penalty: Annotated[float, Field(ge=-10, le=10)] = 1.0  # of beams; above 0 favours the longer
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None  # alternatives told with each character
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None  # None: a new one each time

    def __post_init__(self) -> None:
        if self.beams > 1 and self.temperature > 0:
            raise ValueError(tr("beams need temperature 0: beam search takes the likeliest"))
        if self.beams == 1 and self.length_penalty != 1:
            raise ValueError(tr("length_penalty needs beams above 1"))
        if 1 < self.beams < self.candidates:
            raise ValueError(tr("candidates can be no more than beams: {beams}", beams=self.beams))
        if self.candidates > 1 and self.beams == 1 and self.temperature == 0:
            raise ValueError(tr("candidates need a temperature above 0, or beams"))
        if both := set(self.stop) & set(self.ban):
            raise ValueError(tr("{phrase} is both in stop and in ban", phrase=min(both)))


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ServeSettings:
    """[serve]: where the application listens and what it accepts."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000  # 0: any free port
    max_prompt: PositiveInt = 20_000  # characters of one request's text
    max_length: PositiveInt = 2_000  # characters of one continuation
    max_waiting: PositiveInt = 8  # requests in line; more are answered 503


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Settings:
    """All of xuxie.toml."""

    crawl: CrawlSettings = CrawlSettings()
    corpus: CorpusSettings = CorpusSettings()
    train: TrainSettings = TrainSettings()
    write: WriteSettings = WriteSettings()
    serve: ServeSettings = ServeSettings()


Section = TypeVar("Section", CrawlSettings, CorpusSettings, TrainSettings, WriteSettings, ServeSettings)


def load_settings(project: Path) -> Settings:
    """The settings of a project folder.

    Raises ConfigurationError when xuxie.toml is not TOML, has an unknown key or a value out of range.
    """
    path = project / FILE_NAME
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except UnicodeDecodeError:
        raise ConfigurationError(tr("{path} is not UTF-8: save it as UTF-8", path=path)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(tr("{path} is not TOML: {why}", path=path, why=error)) from None
    try:
        if unknown := sorted(set(tables) - {field.name for field in dataclasses.fields(Settings)}):
            raise ConfigurationError(f"[{unknown[0]}]: " + tr("there is no such section"))
        return Settings(
            crawl=from_mapping(CrawlSettings, tables.get("crawl", {})),
            corpus=from_mapping(CorpusSettings, tables.get("corpus", {})),
            train=from_mapping(TrainSettings, tables.get("train", {})),
            write=from_mapping(WriteSettings, tables.get("write", {})),
            serve=from_mapping(ServeSettings, tables.get("serve", {})),
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def override(section: Section, **given: Any) -> Section:
    """`section` with the options that were given (those that are None keep their value).

    Raises ConfigurationError for a value out of range.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    return from_mapping(type(section), {**dataclasses.asdict(section), **changes})


def from_mapping(section: type[Section], values: Any) -> Section:
    """A section of settings from names and values. Raises ConfigurationError, naming the key."""
    name = section.__name__.removesuffix("Settings").lower()
    if not isinstance(values, Mapping):
        raise ConfigurationError(tr("{name} must be a section: write [{name}] on a line", name=name))
    try:
        return section(**values)
    except ValidationError as error:
        raise ConfigurationError(f"[{name}] {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """The first fault that pydantic found, as one line: `steps: Input should be …`."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "unexpected_keyword_argument":
        return f"{where}: " + tr("there is no such setting")
    rule = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {rule}" if where else rule
