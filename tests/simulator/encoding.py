"""From a page's text to its bytes and Content-Type, rightly declared or not.

    body, kind = encoded(html, frozenset({"gbk-declared-utf-8"}))

What an encoding lacks becomes a numeric entity, as publishing systems do it.
"""

from collections.abc import Set
from dataclasses import dataclass

from simulator.story import traditional

BAD = "\x01"  # becomes a byte that no encoding of the world begins a character with
BROKEN = b"\xff"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a page is encoded in, and what it says."""

    codec: str
    meta: str = ""
    header: str = ""


HONEST = Declared(codec="utf-8", meta="utf-8", header="utf-8")
ENCODINGS = {
    "gbk-declared-gb2312": Declared(codec="gbk", meta="gb2312"),
    "gb18030": Declared(codec="gb18030", meta="gb18030"),
    "big5": Declared(codec="big5hkscs", meta="big5"),
    "byte-order-mark": Declared(codec="utf-8-sig", meta="gbk"),
    "utf-8-declared-gbk": Declared(codec="utf-8", meta="gbk", header="gbk"),
    "gbk-declared-utf-8": Declared(codec="gbk", meta="utf-8"),
    "undeclared-gbk": Declared(codec="gbk"),
    "undeclared-utf-8": Declared(codec="utf-8"),
    "header-against-meta": Declared(codec="gbk", header="gbk", meta="utf-8"),
}


def encoded(html: str, faults: Set[str]) -> tuple[bytes, str]:
    """The bytes of a page and its Content-Type."""
    declared = next((ENCODINGS[name] for name in ENCODINGS if name in faults), HONEST)
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared.meta}">'
    html = html.replace("@META@", meta if declared.meta else "")
    if "big5" in faults:
        html = traditional(html)
    body = html.encode(declared.codec, "xmlcharrefreplace").replace(BAD.encode(), BROKEN)
    return body, "text/html" + (f"; charset={declared.header}" if declared.header else "")
