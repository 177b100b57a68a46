"""Advertisements of the sites that texts were copied from, plain or disguised.

    address_in("ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说") == "wwwxiaoshuotxtnet"
    is_advert("wwＷ．xiaＯshuo txt.nett:xt.小``说\\".天 堂")
    site_points("一秒记住【某某小说网】，更新最快") == 6

Pure functions of one line. They judge by web addresses and by the words of novel sites, never by a site's
name. Certain cases only: what might be prose stays; what many chapters share, learning.py finds out.
"""

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache

# Letters of other alphabets that look like Latin ones, as disguises use them.
LOOKALIKES = str.maketrans(
    "аеорсухіѕјԁһкмтнвωοκνρτιαεⅼ",
    "aeopcyxisjdhkmthbwokvptiael",
)
DOMAINS = "com|net|org|info|xyz|top|cc|cn|co|la|me|tv|tw|hk|bz|biz|vip|sbs|icu|cyou|club|mobi"
PLAIN = re.compile(
    r"https?:/|[a-z0-9-]{2,}\.(?:com|net|org|info|xyz|top|cc|cn|tw|bz|biz|vip|sbs|icu|cyou)(?![a-z])"
)
# Three w with anything but letters between them; not the end of a word (Eww, what …).
DISGUISED = re.compile(r"(?<![a-z0-9])w[\W_]{0,4}w[\W_]{0,4}w[\W_]*[a-z0-9]")
WWW = re.compile(rf"www[a-z0-9]{{2,24}}?(?:{DOMAINS})")
SQUEEZED = re.compile(rf"(?:https?)?(?:www)?[a-z0-9]{{2,24}}?(?:{DOMAINS})")
LATIN_RUN = re.compile("[a-z0-9]{4}")
# What only a novel site says, and what others say too.
SITE_PHRASES = re.compile(
    "本站|本网站|本網站|首发|首發|最新章节|最新章節|最快更新|更新最快|更新速度|无弹窗|無彈窗|一秒记住|一秒記住|天才一秒|"
    "免费阅读|免費閱讀|全文阅读|全文閱讀|在线阅读|在線閱讀|手机阅读|手機閱讀|手机用户|手機用戶|手机版|手機版|最新网址|最新網址|"
    "最新域名|收藏(?=本)|加入书架|加入書架|加入书签|加入書籤|投票推荐|"
    "章节错误|章節錯誤|举报|下一页继续|下一頁繼續|正版阅读|支持正版|网友上传|網友上傳|清爽阅读|小说网|小說網|文学网|文學網|"
    "中文网|中文網|文学城|文學城|尽在晋江|请勿转载|請勿轉載|防盗章节|搜索引擎|百度搜|无广告|無廣告|省流量|看书神器|新的网址|"
    "温馨提示|方向键|返回书目|返回列表|刷新页面|手打中|侵权|学习交流|商业用途|copyright|allrightsreserved"
)
SITE_WORDS = re.compile(
    "小说|小說|网站|網站|网址|網址|网阅读|下载|下載|收藏|阅读|閱讀|更新|txt|电子书|電子書|书屋|書屋|书吧|书库|請記住|请记住|请记好|请到|域名|地址|"
    "请登[录陆]|请浏览|章节|章節|书城|客户端|http|app|免费|免費|精彩|点击|點擊|书友|書友|求推荐|求月票|求收藏|求订阅|推荐票|推薦票"
)
BETWEEN = r"[\W_]*"  # what may stand between two characters of a disguised word
# Letters in the width of Chinese or not; and all that may stand for any number of these, or of hanzi.
LETTERS = r"0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
SIGNS = (
    r"\u00aa\u00b2\u00b3\u00b5\u00b9-\u1fff\u2070-\u24ff\u2c00-\u2fdf\u3190-\u319f\u3200-\u33ff\ua000-\uabff"
    r"\uf900-\ufdff\ufe70-\ufefc\uff66-\uffdc\U00010000-\U0001ffff\U0002f800-\U0002fa1f"
)
QUOTES = re.compile("[“”「」『』‘]")
HANZI = re.compile("[\u3400-\u9fff]")
SENTENCE_BEFORE = re.compile(r"[\u3400-\u9fff\W][.!?…]\W*(?:https?|www|m\.)")
CLAUSE = re.compile("[，。！？；…,!?;]|\\s-\\s")
BRACKETED = re.compile(r"（[^（）]{8,80}）|\([^()]{8,80}\)|【[^【】]{8,80}】|\[[^\[\]]{8,80}\]")
SENTENCE_END = re.compile("[。！？…”」』]")
MAX_BESIDE, MAX_NAME = 16, 8  # letters behind the address, with a word of sites and without one
# A site's name before its address.
NAMED = re.compile(r"[\u3400-\u9fff]{2,8}[\s:：]+(?:https?:|www)", re.IGNORECASE)
PROSE_END = re.compile("[\u3400-\u9fff][，。！？；：…]")
MAX_ADVERT = 160  # characters
TOLD = 0.6  # of a line's clauses: so many speak of sites where all of it is an advertisement
MIN_WORDS = 2  # different site words that make a longer line with an address an advertisement
ADDRESS_POINTS, PHRASE_POINTS = 3, 2
NOTICE, CERTAIN = 4, 6  # points of a line at a chapter's edge, and anywhere
MOST_BEYOND = 0.45  # of a line's letters: so much may be beyond the words of sites


class Undisguised(dict[int, str]):
    """What each character stands for; a table for str.translate that fills itself."""

    def __missing__(self, code: int) -> str:
        character = unicodedata.normalize("NFKC", chr(code)).casefold().translate(LOOKALIKES)
        self[code] = character = character.replace("。", ".")
        return character


class Squeezed(Undisguised):
    """The same, with nothing for all but letters, digits and hanzi."""

    def __missing__(self, code: int) -> str:
        self[code] = character = "".join(filter(str.isalnum, super().__missing__(code)))
        return character


PLAIN_TABLE, SQUEEZED_TABLE = Undisguised(), Squeezed()


def plain(line: str) -> str:
    """`line` without disguise: NFKC, lower case, Latin letters for their lookalikes."""
    return line.translate(PLAIN_TABLE)


@lru_cache(maxsize=256)  # a book's boilerplate, mostly, which is the same in many chapters
def squeezed(line: str) -> str:
    """`line` without disguise and punctuation: letters, digits and hanzi."""
    return line.translate(SQUEEZED_TABLE)


@lru_cache(maxsize=128)
def squeezed_places(line: str) -> tuple[str, tuple[int, ...]]:
    """`squeezed(line)`, and where in `line` each of its characters comes from."""
    pieces = [SQUEEZED_TABLE[ord(character)] for character in line]
    return "".join(pieces), tuple(place for place, piece in enumerate(pieces) for _ in piece)


def words_apart(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """Finds any of the patterns' words in a text as it is written, whatever stands between their letters.

    Grouped by their first letters, which an expression that begins so is quick to look for.
    """
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for word in "|".join(pattern.pattern for pattern in patterns).split("|"):
        first, *others = re.findall(r"\[[^]]*\]|.", re.sub(r"\(\?=.*?\)", "", word))
        tails[first].append("".join(BETWEEN + other for other in others))
    return re.compile("|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in tails.items()))


WRITTEN_WORDS = words_apart(SITE_PHRASES, SITE_WORDS)
WRITTEN_LETTERS = re.compile(
    f"[{LETTERS}{SIGNS}](?:(?<=[{SIGNS}])|{BETWEEN}[{LETTERS}]{BETWEEN}[{LETTERS}])"
)


@lru_cache(maxsize=512)  # asked by several rules of each line of a chapter
def may_advertise(line: str) -> bool:
    """Whether a line may have words of sites or an address in any disguise; nearly all prose has none.

    It is quick, and never wrong where it says no.
    """
    return WRITTEN_WORDS.search(line) is not None or WRITTEN_LETTERS.search(line) is not None


def address_in(line: str) -> str:
    """The web address in a line, letters and digits only, or nothing."""
    return found[0] if (found := locate(line)) else ""


def locate(line: str) -> tuple[str, str] | None:
    """The web address in a line, and what stands before it, without disguise."""
    bare = squeezed(line) if may_advertise(line) else ""
    if not LATIN_RUN.search(bare):
        return None
    undisguised = plain(line)
    if (start := DISGUISED.search(undisguised)) and (match := WWW.search(bare)):
        return match[0], undisguised[: start.start()]
    if (start := PLAIN.search(undisguised)) and (match := SQUEEZED.search(bare)):
        return match[0], undisguised[: start.start()]
    return None


def words_of_sites(bare: str) -> tuple[int, int]:
    """How many different phrases and words of novel sites a squeezed line has."""
    phrases = set(SITE_PHRASES.findall(bare))
    return len(phrases), len(set(SITE_WORDS.findall(SITE_PHRASES.sub(" ", bare))))


def site_words(line: str) -> int:
    """How many different words of novel sites a line has."""
    return sum(words_of_sites(squeezed(line))) if may_advertise(line) else 0


@lru_cache(maxsize=4096)
def site_points(line: str) -> int:
    """How surely a line speaks of a site: a word is worth 1, a phrase 2, an address 3."""
    if not may_advertise(line):
        return 0
    phrases, words = words_of_sites(squeezed(line))
    return PHRASE_POINTS * phrases + words + ADDRESS_POINTS * (locate(line) is not None)


def may_be_all_site(line: str) -> bool:
    """Whether a whole line may be a site's: it is short and no dialogue, and may have words of sites."""
    return may_advertise(line) and len(line) <= MAX_ADVERT and not QUOTES.search(line)


def is_advert(line: str) -> bool:
    """Whether the whole line is an advertisement with an address. Dialogue never is."""
    if not may_be_all_site(line):
        return False
    if (found := locate(line)) is None:
        return False
    address, before = found
    beside = len(squeezed(line)) - len(address)
    # Behind an address there may be the site's name, or prose that it was put before.
    named = site_words(line) > 0 or (beside <= MAX_NAME and not PROSE_END.search(line))
    if beside <= MAX_NAME and NAMED.match(line):
        return True
    alone = not HANZI.search(before) and beside <= MAX_BESIDE and named
    return alone or (site_words(line) >= MIN_WORDS and speaks_of_sites_alone(line))


def is_notice(line: str) -> bool:
    """Whether a line at a chapter's edge, where sites put such, speaks to the site's readers."""
    if not may_be_all_site(line):
        return False
    phrases, words = words_of_sites(squeezed(line))
    sure = PHRASE_POINTS * phrases + ADDRESS_POINTS * (locate(line) is not None)
    return sure > 0 and sure + words >= NOTICE


def speaks_for_a_site(line: str) -> bool:
    """Whether a line, wherever it stands, hardly has other words than those of novel sites, and many."""
    return (
        may_be_all_site(line)
        and site_points(line) >= CERTAIN
        and len(beyond_sites(line)) < MOST_BEYOND * len(squeezed(line))
    )


def beyond_sites(line: str) -> str:
    """What a line says besides words of novel sites, squeezed."""
    return SITE_WORDS.sub("", SITE_PHRASES.sub("", squeezed(line)))


def speaks_of_sites_alone(line: str) -> bool:
    """Whether a line with an address is no prose that it was put into: nearly every clause is of sites."""
    clauses = [bare for clause in CLAUSE.split(line) if (bare := squeezed(clause))]
    told = [words_of_sites(bare) != (0, 0) or LATIN_RUN.search(bare) is not None for bare in clauses]
    if len(clauses) == 1:
        return len(HANZI.findall(beyond_sites(line))) <= MAX_BESIDE
    return told[0] and sum(told) >= TOLD * len(told) and not SENTENCE_BEFORE.search(plain(line))


def without_brackets(line: str) -> tuple[str, list[str]]:
    """A line of prose without the brackets that hold an advertisement, and these."""
    if not may_advertise(line) or not LATIN_RUN.search(squeezed(line)):
        return line, []
    removed: list[str] = []

    def rest(found: re.Match[str]) -> str:
        if site_words(found[0]) < MIN_WORDS or not is_advert(found[0]):
            return found[0]
        removed.append(found[0])
        return ""

    return BRACKETED.sub(rest, line), removed


def advert_tail(line: str) -> str:
    """What follows the last sentence of a line, if it is nothing but an address; else nothing."""
    if not may_advertise(line) or not LATIN_RUN.search(squeezed(line)):
        return ""
    ends = [match.end() for match in SENTENCE_END.finditer(line)]
    # The dot in a disguised address may be 。 itself: the tail begins at the earliest fitting place.
    for end in ends[-4:]:
        tail = line[end:].strip()
        if tail and is_advert(tail) and plain(tail).lstrip("([{<【《 ").startswith(("w", "http", "m.")):
            return tail
    return ""
