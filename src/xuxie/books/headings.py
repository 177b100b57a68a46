"""Chapter headings as novels write them: 第N回, 楔子, Chapter 12 …

    recognise("《》目录 第一回　灵根育孕源流出").title == "第一回　灵根育孕源流出"
    recognise("第三节去。") is None
    chapter_number("第一百零五回 …") == 105

Pure functions of one line; what only the whole text can tell (contents, volumes) is in txt.py and
sections.py.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Coarse to fine: a volume holds chapters, a chapter may hold sections.
RANKS = {
    **dict.fromkeys("部", 0),
    **dict.fromkeys("卷集篇", 1),
    **dict.fromkeys("章回折话話幕", 2),
    **dict.fromkeys("节節", 3),
}
CHAPTER_RANK = RANKS["章"]
MAX_LINE = 80  # characters; longer lines are prose
MAX_TITLE = 50

DIGITS = {character: value for value, row in enumerate(
    ("〇○零0", "一壹1", "二两兩贰貳2", "三叁參3", "四肆4", "五伍5", "六陆陸6", "七柒7", "八捌8", "九玖9")
) for character in row}  # fmt: skip
TENS = {"廿": 20, "卅": 30, "卌": 40}
UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
NUMERAL = "[" + "".join([*DIGITS, *TENS, *UNITS]) + "０-９]"
NUMBER = rf"{NUMERAL}(?:\s?{NUMERAL}){{0,9}}"

NUMBERED = rf"第\s?(?P<number>{NUMBER})\s?(?P<unit>[{''.join(RANKS)}])"
VOLUME = rf"(?P<volume>卷)\s?(?P<volume_number>{NUMBER}|[上中下])(?=$|[\s:：·、.．])"
ENGLISH = r"(?P<english>chapter)\s+(?P<english_number>[0-9]{1,6}|[ivxlc]{1,10})\b"
NAMED = (
    r"(?P<name>楔子|[序叙敘]言|序章|序幕|[自代原总]?[序叙敘]|引子|引言|前言|导言|導言|緣起|缘起|尾[声聲]|终章|終章|[后後][记記]|"
    rf"番外篇?|附[录錄]|跋|结语|結語|prologue|epilogue|preface)(?:\s?(?P<name_number>{NUMBER}))?"
)
HEADING = re.compile(f"[【〔\\[（(]?(?:{NUMBERED}|{VOLUME}|{ENGLISH}|{NAMED})", re.IGNORECASE)
LISTED = re.compile(rf"[（(【\[]?({NUMERAL}{{1,6}})\s*(?:[、.．:：）)】\]·-]|\s|$)")
# `Ch. 7`, `Capítulo 7`, `제7화`, and `章七`, in lists alone: prose has such words too.
WORDED = re.compile(
    r"(?:^|[\s|:,(\[–—-])(?:(?:ch(?:ap(?:ters?)?)?|ep(?:isode)?|kap(?:itel)?|cap)\.?|chapitre|cap[ií]tulo|capitolo|bab"
    r"|ch[ưu][ơo]ng|глава|rozdzia[łl]|b[öo]l[üu]m|hoofdstuk|ตอนที่|บทที่|الفصل)\s?#?(?P<western>[0-9]{1,6})\b"
    r"|(?:^|\s)제?\s?(?P<korean>[0-9]{1,6})\s?[화회장](?=$|[\s.:·-])"
    rf"|^[章回]\s?(?P<behind>{NUMBER})(?=$|[\s:：、.．·])",
    re.IGNORECASE,
)
INLINE = re.compile(rf"(?:\S{{1,20}}\s+){{1,2}}(?={NUMBERED}(?:\s|$))")
JUNK = re.compile(
    r"(?:《[^》]{0,30}》|【[^】第]{0,30}】|\[[^\]第]{0,30}\]|正文卷?|章节目录|目录|目錄|最新章节|全文|VIP(?:章节|卷)?"
    r"|[【〔\[（(](?=第)|[☆★◆◇■●※＊*#=＝~～\-—、\s])+",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"[\s:：、.．·・—\-–《【〈「(（\]】]")
# What a line of prose has and a title, set off from its number, has not.
PROSE = re.compile(r"[。；;]|[，、,]$")
# What may go on as prose (第三节课, 第一集团军, 第四回中), unless the count says otherwise.
DOUBT = re.compile(r"[的中里裡是就说說内內之分队落门团合体课日题剧答来文子扇]|.*[，,！？!?：:“”\"…]")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A recognised heading. `line` is the whole line, `title` what of it belongs to the book."""

    line: str
    title: str
    rank: int
    number: int | None = None
    doubtful: bool = False  # a heading only where it carries on the count of those before it

    @property
    def identity(self) -> tuple[int, int | str]:
        """What a heading and its entry in the contents have in common."""
        return (self.rank, fold(self.title) if self.number is None else self.number)


def recognise(line: str) -> Heading | None:
    """The heading that `line` is, or None for prose."""
    line = line.strip()
    if not 0 < len(line) <= MAX_LINE:
        return None
    start = after_junk(line)
    heading = heading_at(line, start) or (heading_at(line, 0) if start else None)
    inline = inline_heading(line)
    return inline if inline and (not heading or inline.rank > heading.rank) else heading


def after_junk(line: str) -> int:
    """Where a heading begins in `line`: behind decoration and the names of site and book."""
    junk = JUNK.match(line)
    start = junk.end() if junk else 0
    return start - 1 if line[start - 1 : start] in tuple("【〔[（(") else start


def inline_heading(line: str) -> Heading | None:
    """`第二卷 云涌 第十章 归来`, `书名 第一章`: the title is the line, the number the chapter's."""
    if not (before := INLINE.match(line)) or PROSE.search(before[0]):
        return None
    heading = heading_at(line, before.end())
    return heading and Heading(line=line, title=line, rank=heading.rank, number=heading.number)


def heading_at(line: str, start: int) -> Heading | None:
    """The heading that begins at `start` and goes on to the end of the line."""
    if not (match := HEADING.match(line, start)):
        return None
    rest = line[match.end() :]
    apart = not rest or SEPARATOR.match(rest) is not None
    if len(rest) > MAX_TITLE or PROSE.search(rest):
        return None
    if not match["unit"] and not match["volume"] and not apart:
        return None
    if match["name"] and re.search("[，,]", rest):
        return None
    colon = rest[-1:] in (":", "：")
    if colon and not apart:
        return None
    return Heading(
        line=line,
        title=line[start:],
        rank=RANKS[match["unit"]] if match["unit"] else 1 if match["volume"] else CHAPTER_RANK,
        number=number_of(match),
        doubtful=colon or (not apart and DOUBT.match(rest) is not None),
    )


def number_of(match: re.Match[str]) -> int | None:
    """The number in a match of HEADING; a named heading has none."""
    if roman := match["english_number"]:
        return int(roman) if roman.isdigit() else roman_number(roman)
    digits = match["number"] or match["volume_number"]
    if not digits:
        return None
    return "上中下".index(digits) + 1 if digits in "上中下" else to_int(digits)


def chapter_number(title: str) -> int | None:
    """The number that a chapter's title gives, None when it gives none."""
    line = title.strip()[:MAX_LINE]
    if heading := recognise(line):
        return heading.number
    match = HEADING.match(line, after_junk(line)) or HEADING.match(line)
    return number_of(match) if match else None


def to_int(numeral: str) -> int:
    """`071`, `０７１`, `一二○`, `一百零五`, `一百五` (105, as the old novels count), `廿三`, `两千`."""
    characters = "".join(unicodedata.normalize("NFKC", numeral).split())
    if all(character in DIGITS for character in characters):
        return int("".join(str(DIGITS[character]) for character in characters))
    total = digit = 0
    for character in characters:
        if character in UNITS:
            total += (digit or 1) * UNITS[character]
            digit = 0
        elif character in TENS:
            total += TENS[character]
        else:
            digit = DIGITS[character]
    return total + digit


def roman_number(numeral: str) -> int:
    """`XIV` -> 14; lenient, as titles are."""
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in numeral.lower()]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


@lru_cache(maxsize=128)  # a chapter's title is asked for several times
def fold(line: str) -> str:
    """`line` for comparing: NFKC, lower case, letters, digits and hanzi only."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", line).casefold()))


def entry_number(title: str) -> int | None:
    """A list's entry's number: also `五十三、云变`, `12. 归来`, `Some Book Ch. 7`; None for none."""
    number = chapter_number(title)
    line = title.strip()[:MAX_LINE]
    if number is None and (match := WORDED.search(line) or LISTED.match(line)):
        number = to_int(match[match.lastindex or 0])
    return number
