"""From a chapter's lines to HTML: the markup of sites, from clean paragraphs to what no parser likes.

text = joined([Piece(text="他没有回头。")], faults, Random(1))
body = framed(text, heading="<h1>第一章</h1>", row="…", below="", faults=faults)
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from random import Random

HANZI = re.compile("[\u3400-\u9fff]")
INVISIBLE = "\u200b\u200c\ufeff\u2060"
TIP = "<p>温馨提示：方向键左右(← →)前后翻页，上下(↑ ↓)上下滚用， 回车键:返回列表</p>"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line of the page's text; a `raw` one is markup that stands between the lines."""

    text: str
    raw: bool = False


def joined(pieces: Sequence[Piece], faults: Set[str], random: Random) -> str:
    """The lines in the markup of the site."""
    form = "<p>　　{}</p>\n"
    if "pre-lines" in faults:
        form = "{}\n"
    elif "br-lines" in faults or "bare-text" in faults:
        form = "&nbsp;&nbsp;&nbsp;&nbsp;{}<br />\r\n<br />\r\n"
    elif "div-lines" in faults:
        form = "<div>　　{}</div>"
    elif "unclosed-tags" in faults:
        form = "<p>　　{}</span>\n"
    lines = [
        piece.text if piece.raw else form.format(inline(piece.text, faults, random)) for piece in pieces
    ]
    inside = "".join(lines)
    return f"<pre>{inside}</pre>" if "pre-lines" in faults else inside


def inline(text: str, faults: Set[str], random: Random) -> str:
    """A line's text as markup."""
    if "invisible-characters" in faults and len(text) > 8:
        at = random.randint(2, len(text) - 3)
        text = text[:at] + random.choice(INVISIBLE) + text[at:]
    parts = [text]
    if "inline-tags" in faults and len(text) > 8:
        at = random.randint(2, len(text) - 5)
        parts = [text[:at], text[at : at + 3], text[at + 3 :]]
    parts = [escape(part, quote=False) for part in parts]
    if "numeric-entities" in faults:
        parts = [HANZI.sub(lambda found: entity(found[0], random), part) for part in parts]
    if len(parts) == 1:
        return parts[0]
    tag = random.choice(("span", "b", "i", "font"))
    return f'{parts[0]}<{tag} class="k">{parts[1]}</{tag}>{parts[2]}'


def entity(character: str, random: Random) -> str:
    """A character as a numeric entity, decimal or hexadecimal."""
    return f"&#{ord(character)};" if random.random() < 0.5 else f"&#x{ord(character):x};"


def framed(inside: str, heading: str, row: str, below: str, faults: Set[str]) -> str:
    """The chapter between its links."""
    if "layout-tables" in faults:
        return (
            '<table width="960" border="0"><tr><td width="180" valign="top"><font color="#333">左侧广告位'
            f"</font></td><td><table><tr><td>{heading}</td></tr><tr><td>{row}</td></tr>"
            f'<tr><td class="text"><font size="4">{inside}</font></td></tr>'
            f"<tr><td>{row}</td></tr></table>{below}</td></tr></table>"
        )
    if "bare-text" in faults:
        return f"<div>{heading}<div>{row}</div>\n{inside}\n<div>{row}</div></div>{below}"
    closing = "" if "unclosed-tags" in faults else "</div>"
    return (
        f'<div class="content_read"><div class="box_con"><div class="bookname">{heading}'
        f'<div class="bottem1">{row}</div></div>\n<div id="content">{inside}{closing}'
        f'\n<div class="bottem2">{row}{TIP}</div>{below}</div></div>'
    )
