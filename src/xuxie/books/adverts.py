"""Advertisements of the sites that texts were copied from, plain or disguised.

    address_in("ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说") == "wwwxiaoshuotxtnet"
    is_advert("wwＷ．xiaＯshuo txt.nett:xt.小``说\\".天 堂")

Pure functions of one line. Certain cases only: what might be prose stays.
"""

import re
import unicodedata

# Letters of other alphabets that look like Latin ones, as disguises use them.
LOOKALIKES = str.maketrans(
    "аеорсухіѕјԁһкмтнвωοκνρτιαεⅼ",
    "aeopcyxisjdhkmthbwokvptiael",
)
DOMAINS = "com|net|org|info|xyz|top|cc|cn|co|la|me|tv"
PLAIN = re.compile(r"https?:/|[a-z0-9-]{2,}\.(?:com|net|org|info|xyz|top|cc|cn)(?![a-z])")
# Three w with anything but letters between them; not the end of a word (Eww, what …).
DISGUISED = re.compile(r"(?<![a-z0-9])w[\W_]{0,4}w[\W_]{0,4}w[\W_]*[a-z0-9]")
WWW = re.compile(rf"www[a-z0-9]{{2,24}}?(?:{DOMAINS})")
SQUEEZED = re.compile(rf"(?:https?)?(?:www)?[a-z0-9]{{2,24}}?(?:{DOMAINS})")
SITE_WORDS = re.compile(
    "小说|小說|网站|網站|本站|网址|網址|首发|首發|最新章节|最新章節|更新最快|免费阅读|全文阅读|在线阅读|手机阅读|无弹窗|"
    "下载|下載|收藏|书友|書友|求推荐|求月票|txt|电子书"
)
QUOTES = re.compile("[“”「」『』‘]")
HANZI = re.compile("[\u3400-\u9fff]")
SENTENCE_BEFORE = re.compile(r"[\u3400-\u9fff\W][.!?…]")
SENTENCE_END = re.compile("[。！？…”」』]")
MAX_BESIDE = 16  # letters and hanzi behind the address, where there is no more than a site's name
MAX_ADVERT = 160  # characters
MIN_WORDS = 2  # different site words that make a longer line with an address an advertisement


def plain(line: str) -> str:
    """`line` without disguise: NFKC, lower case, Latin letters for their lookalikes."""
    return unicodedata.normalize("NFKC", line).casefold().translate(LOOKALIKES).replace("。", ".")


def squeezed(line: str) -> str:
    """`line` without disguise and punctuation: letters, digits and hanzi."""
    return "".join(filter(str.isalnum, plain(line)))


def address_in(line: str) -> str:
    """The web address in a line, letters and digits only, or nothing."""
    return found[0] if (found := locate(line)) else ""


def locate(line: str) -> tuple[str, str] | None:
    """The web address in a line, and what stands before it, without disguise."""
    undisguised, bare = plain(line), squeezed(line)
    if (start := DISGUISED.search(undisguised)) and (match := WWW.search(bare)):
        return match[0], undisguised[: start.start()]
    if (start := PLAIN.search(undisguised)) and (match := SQUEEZED.search(bare)):
        return match[0], undisguised[: start.start()]
    return None


def site_words(line: str) -> int:
    """How many different words of novel sites a line has."""
    return len(set(SITE_WORDS.findall(squeezed(line))))


def is_advert(line: str) -> bool:
    """Whether the whole line is an advertisement with an address. Dialogue never is."""
    found = None if len(line) > MAX_ADVERT or QUOTES.search(line) else locate(line)
    if found is None:
        return False
    address, before = found
    alone = not HANZI.search(before) and len(squeezed(line)) - len(address) <= MAX_BESIDE
    return alone or (site_words(line) >= MIN_WORDS and not SENTENCE_BEFORE.search(before))


def advert_tail(line: str) -> str:
    """What follows the last sentence of a line, if it is nothing but an address; else nothing."""
    ends = [match.end() for match in SENTENCE_END.finditer(line)]
    # The dot in a disguised address may be 。 itself: the tail begins at the earliest fitting place.
    for end in ends[-4:]:
        tail = line[end:].strip()
        if tail and is_advert(tail) and plain(tail).lstrip("([{<【《 ").startswith(("w", "http", "m.")):
            return tail
    return ""
