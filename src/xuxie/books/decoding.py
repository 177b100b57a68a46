"""Bytes of unknown encoding to text: what the reader of a Chinese TXT file or web page needs.

    decode(b"\\xb5\\xda\\xd2\\xbb\\xd5\\xc2").text == "第一章"

What a file or a site declares is a hint, not the truth: strict UTF-8 comes first, then the declaration if
its text is flawless and looks like Chinese; else, among all candidates, what looks most like it wins.
Damage is replaced and counted, never dropped in silence.
"""

import codecs
import re
from dataclasses import dataclass

from xuxie.errors import InputError
from xuxie.language import tr

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CANDIDATES = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
# What may be declared, by Python's name for it, and the wider encoding that reads it.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "shift_jis": "cp932",
    "euc_jp": "euc_jp",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "cp1252": "cp1252",
}
SAMPLE_BYTES = 65_536
GLIMPSE = 500  # characters; enough to believe a declaration
CONVINCING = 0.3  # the score from which a declaration is believed
MAX_UNREADABLE = 0.1  # of the characters
MAX_CONTROL = 0.002  # of the characters; text has a stray one at most
SURE = 0.15  # the least score of UTF-16 without a byte order mark
DECLARED_BONUS = 0.05  # decides between texts that look equally good

EACH_BYTE = "xuxie.each-byte"

COMMON = frozenset(
    "的一是不了人我在有他之来大以个中上到和地也子时道出而要于就下得可你年生自会那后能着事其里所去行过家十用发天"
    "如然作方成者多日都三小二无同么当起与好看学进将还分此心前面又定见只从她它想头手把女什却已真老没问叫走听"
    "這為來個們說國時會後對裡過發無經當與學進將還從見問聽頭話聲長門開給現間見著麼說為们说这为国对"
)
PUNCTUATION = frozenset("，。、；：？！“”‘’「」『』《》（）…—\u3000")
LOOKED_FOR = re.compile(f"[{''.join(sorted(COMMON | PUNCTUATION))}]")
LATIN = re.compile(r"[ -~]+")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
CONTROL_BYTES = bytes(code for code in range(128) if CONTROL.match(chr(code)))
ABSURD = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A text, the encoding that it was in (Python's name), and how many bytes could not be read."""

    text: str
    encoding: str
    losses: int = 0


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text in `data`; `declared` is the charset that its source claims, in any spelling.

    Raises InputError when this is no text: binary data, or nothing that can be read.
    """
    for mark, marked in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return readable(decode_as(data[len(mark) :], marked), data)
    if b"\0" not in data and is_utf8(data):
        return readable(decode_as(data, "utf-8"), data)
    encoding = widened(declared)
    if encoding and (text := convincing(data, encoding)) is not None:
        return readable(Decoded(text=text, encoding=encoding), data)
    return readable(decode_as(data, best_encoding(data, encoding)), data)


def convincing(data: bytes, encoding: str) -> str | None:
    """`data` in a declared encoding, when it is flawless and its middle looks like Chinese prose."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    middle = max(0, len(text) - GLIMPSE) // 2
    return text if score(text[middle : middle + GLIMPSE]) >= CONVINCING else None


def is_utf8(data: bytes) -> bool:
    """Whether `data` is strict UTF-8, except perhaps for a last character that was cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def widened(declared: str | None) -> str | None:
    """The encoding to try for a declared charset; None when it is unknown (or UTF-8, tried before)."""
    try:
        return WIDER.get(codecs.lookup((declared or "").strip("\"' ")).name)
    except (LookupError, ValueError):
        return None


def best_encoding(data: bytes, declared: str | None) -> str:
    """Of the candidates and the declared encoding, the one whose text looks most like Chinese."""
    sample = sample_of(data)
    candidates = dict.fromkeys((*([declared] if declared else []), *CANDIDATES))
    scores = {
        encoding: score(sample.decode(encoding, errors="replace")) + DECLARED_BONUS * (encoding == declared)
        for encoding in candidates
    }
    # Any bytes at all are UTF-16 of some sort: without a mark it must look right.
    sure = {
        encoding: value
        for encoding, value in scores.items()
        if value >= SURE or not encoding.startswith("utf-16")
    }
    return max(sure, key=lambda encoding: sure[encoding])


def sample_of(data: bytes) -> bytes:
    """A part of `data` that starts where it first says something beyond ASCII.

    The even offset suits UTF-16; in the other encodings it takes in one ASCII character at most.
    """
    first = re.search(rb"[\x80-\xff]", data)
    start = first.start() // 2 * 2 if first else 0
    return data[start : start + SAMPLE_BYTES]


def score(text: str) -> float:
    """How much `text` looks like Chinese prose: about 0.5 for a novel, below 0.2 for a wrong guess."""
    good = len(LOOKED_FOR.findall(text))
    latin = sum(map(len, LATIN.findall(text)))
    return (good + 0.2 * latin - 4 * len(ABSURD.findall(text))) / max(1, len(text))


def controls(decoded: Decoded, data: bytes) -> int:
    """How many control characters a text has; bytes are counted sooner, where each stands for itself."""
    if decoded.losses or decoded.encoding.startswith("utf-16"):
        return len(CONTROL.findall(decoded.text))
    return len(data) - len(data.translate(None, CONTROL_BYTES))


def decode_as(data: bytes, encoding: str) -> Decoded:
    """`data` in `encoding`, with U+FFFD for each unreadable byte; those that stood in it do not count."""
    text = data.decode(encoding, errors=EACH_BYTE)
    lost = text.count("\ufffd")
    own = data.count("\ufffd".encode(encoding)) if lost and encoding.startswith(("utf", "gb")) else 0
    return Decoded(text=text, encoding=encoding, losses=max(0, lost - own))


def replace_each_byte(error: UnicodeError) -> tuple[str, int]:
    """An error handler like Python's "replace", which puts one U+FFFD for a whole run of bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error(EACH_BYTE, replace_each_byte)


def readable(decoded: Decoded, data: bytes) -> Decoded:
    """`decoded` itself, from `data`. Raises InputError when it is not a text."""
    size = len(decoded.text)
    if controls(decoded, data) > MAX_CONTROL * size:
        raise InputError(tr("this is binary data, not text: give a TXT or EPUB file, or a page of text"))
    visible = size - decoded.text.count("\ufffd")
    if not decoded.text.replace("\ufffd", "").strip():
        raise InputError(tr("there is no readable text in it"))
    if size - visible > MAX_UNREADABLE * size and decoded.losses > 1:
        raise InputError(tr("its encoding is unknown: save it as UTF-8 and try again"))
    return decoded
