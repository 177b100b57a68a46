"""Characters and token ids.

A tokenizer is a standard tokenizer.json (Hugging Face `tokenizers`) with its special tokens in it: built
from the characters of the books, or a pretrained model's own with the characters added that it lacks.

    tokenizer = build_character_tokenizer(Counter(text), eos="[EOS]", paragraph="[PAR]")
    tokenizer.encode(["他推开门。"])     # [[id, id, id, id, id]], without [CLS], [SEP] or [EOS]
"""

import itertools
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from xuxie.corpus.glyphs import MISSING
from xuxie.errors import InputError
from xuxie.files import write_atomically
from xuxie.language import tr

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FILE_NAME = "tokenizer.json"
CONFIG_NAME = "tokenizer_config.json"
Ids = NDArray[np.int64]
CONTINUATION = "##"  # WordPiece's mark on a piece that continues a word

# How tokenizer.json says that every character stands alone.
SINGLE_CHARACTERS = {
    "type": "Split",
    "pattern": {"Regex": r"[\s\S]"},
    "behavior": "Isolated",
    "invert": False,
}


class NovelTokenizer:
    """A tokenizer.json, with the tokens that end a sentence and open a paragraph.

    Raises InputError when it is of a kind that cannot be written character by character, or lacks a
    special token.
    """

    def __init__(self, tokenizer: Tokenizer, *, eos: str, paragraph: str) -> None:
        kind = type(tokenizer.model).__name__
        if kind not in ("WordLevel", "WordPiece"):
            raise InputError(
                tr("a tokenizer of the kind {kind} is not supported: WordLevel or WordPiece is", kind=kind)
            )
        vocabulary = tokenizer.get_vocab(with_added_tokens=True)
        missing = [token for token in (*SPECIAL_TOKENS, eos, paragraph) if token not in vocabulary]
        if missing:
            raise InputError(tr("the tokenizer lacks {tokens}: add them to it", tokens=" ".join(missing)))
        tokenizer.encode_special_tokens = True  # "[EOS]" in a novel's text is five characters
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.eos, self.paragraph = eos, paragraph
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id, self.eos_id, self.paragraph_id = (
            vocabulary[token] for token in (*SPECIAL_TOKENS, eos, paragraph)
        )
        self.size = max(vocabulary.values()) + 1

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without any special token."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def encode_flat(self, texts: Sequence[str]) -> tuple[Ids, Ids]:
        """The token ids of all texts in a row, int64 [tokens], and how many each has, int64 [texts]."""
        if self._ids_of_characters is None:
            encoded = self.encode(texts)
            lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
            ids = np.fromiter(itertools.chain.from_iterable(encoded), np.int64, count=int(lengths.sum()))
            return ids, lengths
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
        return self._ids_of_characters[codes], lengths

    @cached_property
    def _ids_of_characters(self) -> Ids | None:
        """The id of every code point, where each character is a token whatever stands beside it; else None.

        A table is looked up a hundred times faster than the library runs its regular expression.
        """
        content = json.loads(self._tokenizer.to_str())
        added = [token["content"] for token in content["added_tokens"] if not token["special"]]
        single = content["normalizer"] is None and content["pre_tokenizer"] == SINGLE_CHARACTERS
        if not (single and content["model"]["type"] == "WordLevel" and all(len(t) == 1 for t in added)):
            return None
        table = np.full(sys.maxunicode + 1, self.unk_id, dtype=np.int64)
        for token, index in self.vocabulary().items():
            if len(token) == 1 and index not in self.special_ids:
                table[ord(token)] = index
        return table

    def decode(self, ids: Iterable[int], before: str = "") -> str:
        """The text of token ids: a paragraph mark is a newline, other special tokens are nothing.

        `before` is the text that the result will follow: it tells whether two Latin words need a space
        between them, and that a text does not open with an empty line.
        """
        text = before
        for token in ids:
            text += self.piece(token, text)
        return text[len(before) :]

    def piece(self, token: int, before: str) -> str:
        """What one token adds to the text `before` it."""
        if token == self.paragraph_id:
            return "\n" if before and not before.endswith("\n") else ""
        text = self.texts[token]
        if text.startswith(CONTINUATION) and len(text) > len(CONTINUATION):
            return text[len(CONTINUATION) :]
        if self._splits_words and is_latin(before[-1:]) and is_latin(text[:1]):
            return " " + text
        return text

    def name(self, token: int) -> str:
        """What stands in the vocabulary at an id, special tokens included; "" where nothing does."""
        return self._tokenizer.id_to_token(token) or ""

    @property
    def _splits_words(self) -> bool:
        return isinstance(self._tokenizer.model, models.WordPiece)

    @cached_property
    def texts(self) -> list[str]:
        """What stands in the vocabulary at each id; special and unused tokens stand for nothing."""
        texts = [""] * self.size
        for token, index in self._tokenizer.get_vocab(with_added_tokens=True).items():
            texts[index] = "" if index in self.special_ids or token.startswith("[unused") else token
        return texts

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids of tokens that are not text, [EOS] and the paragraph mark among them."""
        added = self._tokenizer.get_added_tokens_decoder()
        special = {self.vocabulary()[token] for token in (*SPECIAL_TOKENS, self.eos, self.paragraph)}
        return frozenset(special | {index for index, token in added.items() if token.special})

    @cached_property
    def banned_ids(self) -> list[int]:
        """Ids never to be generated: those that stand for nothing, bar [EOS] and paragraph mark."""
        wanted = (self.eos_id, self.paragraph_id)
        return [i for i, text in enumerate(self.texts) if not text and i not in wanted]

    @cached_property
    def characters(self) -> NDArray[np.int64]:
        """How many characters of text each id stands for; [UNK] counts as one."""
        counts = np.array(
            [len(t.removeprefix(CONTINUATION)) if t != CONTINUATION else 2 for t in self.texts]
        )
        counts[self.unk_id] = 1
        return counts

    def lacking(self, characters: Iterable[str]) -> list[str]:
        """Those of the characters that it would encode as [UNK], in their order; U+FFFD stands for none."""
        distinct = [character for character in dict.fromkeys(characters) if character != MISSING]
        return [c for c, ids in zip(distinct, self.encode(distinct), strict=True) if self.unk_id in ids]

    def add(self, characters: Iterable[str]) -> None:
        """Append characters to the vocabulary, each a token of its own; known ids stay as they are."""
        self._tokenizer.add_tokens([AddedToken(c, normalized=False) for c in characters])
        self.size = max(self._tokenizer.get_vocab().values()) + 1
        for cached in ("texts", "special_ids", "banned_ids", "characters", "_ids_of_characters"):
            self.__dict__.pop(cached, None)

    def to_json(self) -> str:
        """The content of tokenizer.json."""
        return self._tokenizer.to_str(pretty=True) + "\n"

    def vocabulary(self) -> dict[str, int]:
        """Every token and its id."""
        return self._tokenizer.get_vocab(with_added_tokens=True)

    def save(self, directory: Path, positions: int) -> None:
        """Write tokenizer.json and the tokenizer_config.json that transformers wants beside it."""
        write_atomically(directory / FILE_NAME, self.to_json())
        names = dict(
            zip(
                ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"),
                SPECIAL_TOKENS,
                strict=True,
            )
        )
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "clean_up_tokenization_spaces": False,
            **names,
            "eos_token": self.eos,
            "extra_special_tokens": {"paragraph_token": self.paragraph},
        }
        write_atomically(directory / CONFIG_NAME, json.dumps(config, ensure_ascii=False, indent=2) + "\n")


def is_latin(character: str) -> bool:
    """Whether it is an ASCII letter or digit, which WordPiece parts with spaces."""
    return character.isascii() and character.isalnum()


def build_character_tokenizer(counts: Counter[str], *, eos: str, paragraph: str) -> NovelTokenizer:
    """A tokenizer with one token per character, the most frequent first; U+FFFD stands for none."""
    tokens = [*SPECIAL_TOKENS, eos, paragraph]
    tokens += sorted(counts.keys() - {MISSING}, key=lambda character: (-counts[character], character))
    tokenizer = Tokenizer(models.WordLevel({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([*SPECIAL_TOKENS, eos, paragraph])
    return NovelTokenizer(tokenizer, eos=eos, paragraph=paragraph)


def load_tokenizer(path: Path, *, eos: str, paragraph: str) -> NovelTokenizer:
    """Read a tokenizer.json. Raises InputError when it is missing or is not one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(tr("there is no {path}", path=path)) from None
    except UnicodeDecodeError:
        raise InputError(tr("{path} is not UTF-8: save it as UTF-8", path=path)) from None
    return NovelTokenizer(parse_tokenizer(text, path), eos=eos, paragraph=paragraph)


def parse_tokenizer(text: str, path: Path) -> Tokenizer:
    """A tokenizer from the content of tokenizer.json. Raises InputError, naming `path`."""
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception, nothing narrower
        raise InputError(tr("{path} is not a tokenizer: {why}", path=path, why=error)) from None


def adopt(tokenizer: Tokenizer, *, eos: str, paragraph: str) -> NovelTokenizer:
    """A pretrained model's tokenizer, given the special tokens that it lacks."""
    tokenizer.add_special_tokens([t for t in (eos, paragraph) if tokenizer.token_to_id(t) is None])
    return NovelTokenizer(tokenizer, eos=eos, paragraph=paragraph)
