"""How fast text becomes token ids, beside the `tokenizers` library, and what memory training on it takes.

    python benchmarks/corpus.py [--quick] [--json FILE] [--novels FOLDER]

A text of 1 GB is made of the novels in ../shared/novels, in a temporary folder, and one of 30 MB. Each
contender has a process of its own; the runs alternate, the median counts. xuxie reads the text, splits
it into sentences, encodes it and writes ids and offsets; the library gets the same sentences, split
before, a chapter at a time too, and only its encode_batch_fast is timed, on all cores. The ratio is that
on the 30 MB; the 1 GB (not with --quick) shows that xuxie keeps its speed. Then a small model is trained
for some steps on the larger corpus and a whole epoch's windows are read: the most resident memory of the
process, mapped files included, less weights, gradients and the optimizer's two states.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from xuxie.books.decoding import decode
from xuxie.config import CorpusSettings, TrainSettings
from xuxie.corpus.corpus import TEXT, BookRecord, Corpus, CorpusRecord, write_record
from xuxie.corpus.encoding import Encoded, encode
from xuxie.corpus.gathering import read_chapters
from xuxie.corpus.sentences import split_sentences
from xuxie.corpus.tokenizer import (
    FILE_NAME,
    SPECIAL_TOKENS,
    NovelTokenizer,
    adopt,
    build_character_tokenizer,
    load_tokenizer,
)
from xuxie.files import sha256_of
from xuxie.project import Project

NOVELS = Path(__file__).resolve().parents[2] / "shared" / "novels"
CHAPTER = 200  # paragraphs
SIZE, SMALL_SIZE = 10**9, 3 * 10**7  # bytes
RUNS = 3
STEPS, QUICK_STEPS = 30, 5
SETTINGS = CorpusSettings()
BATCH_TOKENS = "BATCH_TOKENS"
KINDS = ("char", "wordpiece")


def main() -> None:
    """Make the text, run the contenders, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="30 MB only")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--novels", type=Path, default=NOVELS, help="a folder of novels in TXT")
    parser.add_argument("--batch-tokens", type=int, default=4096, help="of the training, in one batch")
    parser.add_argument("--part", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        name, folder = arguments.part
        print(json.dumps(PARTS[name](Path(folder))))
        return
    with tempfile.TemporaryDirectory() as directory:
        os.environ[BATCH_TOKENS] = str(arguments.batch_tokens)  # for the processes of its own
        figures = measure(Path(directory), arguments.novels, arguments.quick)
    for name, value in figures.items():
        print(f"{name:28} {value:,.3f}" if isinstance(value, float) else f"{name:28} {value:,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path, novels: Path, quick: bool) -> dict[str, Any]:
    """All figures: characters a second, ratios of them, megabytes."""
    small, large = folder / "small", folder / "large"
    figures: dict[str, Any] = {"cores": os.cpu_count(), "small_bytes": make_text(small, novels, SMALL_SIZE)}
    for kind in KINDS:
        speeds: dict[str, list[float]] = {"xuxie": [], "tokenizers": []}
        for _ in range(RUNS):
            for contender in speeds:
                speeds[contender].append(in_a_process(f"{contender}-{kind}", small)["rate"])
        ours, theirs = (statistics.median(speeds[contender]) for contender in speeds)
        suffix = "" if kind == "char" else f"_{kind}"
        figures |= {
            f"xuxie{suffix}_characters_s": round(ours),
            f"tokenizers{suffix}_characters_s": round(theirs),
            f"encode_ratio{suffix}": round(ours / theirs, 3),
        }
    if quick:
        in_a_process("xuxie-char", small)  # the corpus to train on
        return figures | in_a_process("training-quick", small)
    figures["large_bytes"] = make_text(large, novels, SIZE)
    figures["large_characters_s"] = round(in_a_process("xuxie-char", large)["rate"])
    return figures | in_a_process("training", large)


def in_a_process(part: str, folder: Path) -> dict[str, Any]:
    """What a part of this program prints, run by itself."""
    command = [sys.executable, __file__, "--part", part, str(folder)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


def make_text(folder: Path, novels: Path, size: int) -> int:
    """Write corpus/text.txt of at least `size` bytes, its record and the tokenizers; returns its bytes."""
    corpus = Project(folder).corpus
    corpus.mkdir(parents=True)
    lines = [
        line
        for path in sorted(novels.rglob("*.txt"))
        for line in (line.strip() for line in decode(path.read_bytes()).text.split("\n"))
        if line
    ]
    counts = Counter("".join(lines))
    chapters = ["\n".join([*lines[i : i + CHAPTER], "", ""]) for i in range(0, len(lines), CHAPTER)]
    written = number = characters = 0
    with (corpus / TEXT).open("wb") as file:
        for number, chapter in enumerate(itertools.cycle(chapters), start=1):  # noqa: B007 - used below
            written += file.write(chapter.encode("utf-8"))
            characters += len(chapter) - chapter.count("\n")
            if written >= size:
                break
    record = BookRecord(
        title="novels",
        sha256="0" * 64,
        chapters=number,
        repeated=0,
        paragraphs=number * CHAPTER,  # what encoding asks of a book with few chapters
        characters=characters,
    )
    (folder / "book.json").write_text(json.dumps(vars(record)), encoding="utf-8")
    names = {"eos": SETTINGS.eos_token, "paragraph": SETTINGS.paragraph_token}
    for kind, tokenizer in (
        ("char", build_character_tokenizer(counts, **names)),
        ("wordpiece", adopt(wordpiece(counts), **names)),
    ):
        tokenizer.save(folder / kind, positions=512)
    return written


def wordpiece(counts: Counter[str]) -> Tokenizer:
    """A tokenizer such as bert-base-chinese has, with the characters of the novels."""
    tokens = [*SPECIAL_TOKENS, *sorted(counts)]
    vocabulary = {token: place for place, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


def tokenizer_of(folder: Path, kind: str) -> NovelTokenizer:
    """One of the tokenizers that `make_text` wrote."""
    return load_tokenizer(
        folder / kind / FILE_NAME, eos=SETTINGS.eos_token, paragraph=SETTINGS.paragraph_token
    )


def encode_ours(folder: Path, kind: str) -> dict[str, float]:
    """Encode the text as `xuxie corpus` does and write the record."""
    tokenizer, corpus = tokenizer_of(folder, kind), Project(folder).corpus
    book = BookRecord(**json.loads((folder / "book.json").read_text(encoding="utf-8")))
    began = time.perf_counter()
    encoded = encode(corpus, [book], tokenizer)
    seconds = time.perf_counter() - began
    tokenizer.save(corpus, positions=512)
    write_record(corpus, record_of(book, encoded, sha256_of(corpus / FILE_NAME)))
    return {"rate": book.characters / seconds}


def record_of(book: BookRecord, encoded: Encoded, tokenizer_sha256: str) -> CorpusRecord:
    """What `build_corpus` would record."""
    return CorpusRecord(
        removed={},
        tokenizer="char",
        tokenizer_sha256=tokenizer_sha256,
        eos_token=SETTINGS.eos_token,
        paragraph_token=SETTINGS.paragraph_token,
        dtype=encoded.dtype,
        tokens=encoded.tokens,
        unknown=encoded.unknown,
        added={},
        books=(book,),
        sections=encoded.sections,
    )


def encode_theirs(folder: Path, kind: str) -> dict[str, float]:
    """Let the library encode the same sentences, a chapter at a time."""
    tokenizer = Tokenizer.from_file(str(folder / kind / FILE_NAME))
    tokenizer.encode_special_tokens = True
    seconds, characters = 0.0, 0
    for paragraphs in read_chapters(Project(folder).corpus / TEXT):
        sentences = [sentence for paragraph in paragraphs for sentence in split_sentences(paragraph)]
        characters += sum(map(len, sentences))
        began = time.perf_counter()
        tokenizer.encode_batch_fast(sentences, add_special_tokens=False)
        seconds += time.perf_counter() - began
    return {"rate": characters / seconds}


def train_on_it(folder: Path, steps: int) -> dict[str, Any]:
    """Train for some steps, then read every window of an epoch; the memory that this took."""
    from xuxie.corpus.windows import epoch_batches
    from xuxie.training.trainer import train

    project = Project(folder)
    settings = TrainSettings(steps=steps, evaluations=1, batch_tokens=int(os.environ[BATCH_TOKENS]))
    train(project, settings)
    weights = (project.model / "model.safetensors").stat().st_size
    corpus = Corpus(project.corpus)
    read, began = Counter[str](), time.perf_counter()
    for batch in epoch_batches(corpus, settings, epoch=0):
        for window in batch:
            read["windows"] += 1
            read["tokens"] += len(corpus.ids(window.start, window.end))
    seconds = time.perf_counter() - began
    resident = peak_resident() - 4 * weights
    return {
        "training_resident_mb": round(resident / 2**20),
        "model_mb": round(4 * weights / 2**20),
        "windows": read["windows"],
        "windows_s": round(read["windows"] / seconds),
    }


def peak_resident() -> int:
    """The most memory that this process had resident so far, mapped files included, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    **{f"xuxie-{kind}": partial(encode_ours, kind=kind) for kind in KINDS},
    **{f"tokenizers-{kind}": partial(encode_theirs, kind=kind) for kind in KINDS},
    "training": partial(train_on_it, steps=STEPS),
    "training-quick": partial(train_on_it, steps=QUICK_STEPS),
}


if __name__ == "__main__":
    main()
