"""Pages that answer 200 but hold no chapter: logins, bot checks, payments, rate limits, errors, ciphers.

    check_page(tree, title, paragraphs, lines)      # raises UnusablePage

Saved as a chapter, such a page would spoil the book in silence. None of them is circumvented. A story
may use the same words, so they count only where little prose stands beside them.
"""

import re
from collections.abc import Sequence, Set

from selectolax.lexbor import LexborHTMLParser

from xuxie.books.headings import NUMBERED, RANKS, fold, to_int
from xuxie.crawl.html import UnusablePage, compact, size_of, text_of
from xuxie.crawl.links import ancestors
from xuxie.language import tr

SHORT = 200  # characters; a chapter with more is believed
PREVIEW = 1000  # characters; what a site shows of a chapter that must be paid for
CHALLENGES = (
    "#challenge-form, #challenge-running, #cf-challenge-running, .g-recaptcha, .h-captcha, #nc_1_wrapper"
)

PAYMENT = re.compile(
    r"(?:订阅|訂閱|购买|購買|付费|付費|充值|开通(?:VIP|会员)|登[录錄陆])(?:本章)?(?:后|後|才)"
    r"(?:才?[能可]以?|即可|方可)?.{0,4}(?:阅读|閱讀|查看)"
    r"|[这這]是\s*VIP\s*章[节節]|本章[节節]?[为為是系]?\s*(?:VIP|付[费費]|收[费費]|订阅|訂閱)(?:章[节節]|内容)",
    re.IGNORECASE,
)
LOGIN = re.compile(r"[请請]您?先?登[录錄陆]|您?(?:还没有|尚未|还未|未)登[录錄陆]|用[户戶]登[录錄]")
ACCOUNT = re.compile(
    r"登[录錄陆]|注[册冊]|密[码碼]|\b(?:log ?in|sign (?:in|up)|register|password)\b", re.IGNORECASE
)
ROBOT = re.compile(
    r"验证码|驗證碼|人机验证|安全验证|安全检查|滑动验证|确认您?(?:是|不是)(?:真人|机器人)"
    r"|just a moment|checking your browser"
    r"|attention required|verify(?:ing)? (?:that )?you are (?:a )?human|captcha",
    re.IGNORECASE,
)
RATE = re.compile(
    r"(?:访问|訪問|请求|請求|操作|刷新)(?:过于|過於|太过|太過|太|过)?(?:频繁|頻繁|快)"
    r"|稍[后後候]再?(?:试|試|访问|訪問|重试)|too many requests",
    re.IGNORECASE,
)
ERROR = re.compile(
    r"(?:页面|頁面|章节|章節|文章|内容|小说)(?:不存在|未找到|找不到|已(?:被)?(?:删除|下架|屏蔽))"
    r"|(?:找不到|不存在).{0,6}(?:页面|頁面|章节|章節)|拒绝访问"
    r"|not found|50[0234] (?:bad gateway|service|internal|gateway)|bad gateway|access denied|forbidden"
    r"|系统维护|网站维护|数据库(?:连接)?(?:错误|出错)|正在手打|手打中|加载失败",
    re.IGNORECASE,
)

UNFILLED = re.compile(
    r"\W*(?:正在)?(?:加[载載]|[载載]入|读取|讀取|获取|獲取)(?:章[节節]|内容|內容|正文)?中?(?:[，,]?[请請]稍[候后等後])?\W*"
    r"|\W*(?:now )?loading\W*|\W*[请請](?:[开開][启啟]|启用|啟用|允许)\s*javascript.*",
    re.IGNORECASE,
)

# What a site's own font shows as other characters; in a novel's text next to none of these occur.
CIPHER = re.compile(r"[\u3400-\u4dbf\ue000-\uf8ff]")
MOST_CIPHER = 0.05  # of the characters

CHAPTER = re.compile(NUMBERED)
NAME_BEHIND = re.compile(rf"^.*?{NUMBERED}")
PAGE_MARK = re.compile(r"[（(]?\s*第?\s*[0-9]{1,3}\s*(?:[/／]\s*[0-9]{1,3}\s*)?[页頁]?\s*[)）]?$")


class RateLimited(UnusablePage):
    """A page that says that the site is asked too often: the same page may be had later."""


def check_page(tree: LexborHTMLParser, title: str, paragraphs: Sequence[str], lines: Sequence[str]) -> None:
    """Raise UnusablePage when the page is not the chapter that it was asked for.

    `paragraphs` were found to be its text; `lines` are all that it shows.
    """
    whole = "".join(paragraphs)
    if len(CIPHER.findall(whole)) > MOST_CIPHER * len(whole):
        raise UnusablePage(tr("the site writes in a font of its own, not in characters"), forbidden=True)
    size = 0
    for paragraph in paragraphs:
        size += size_of(paragraph)
        if size >= PREVIEW:
            return
    if PAYMENT.search("\n".join(lines)):
        raise UnusablePage(tr("the site asks for a payment or a login"), forbidden=True)
    if size >= SHORT:
        return
    name = tree.css_first("title")
    own_title = text_of(name).replace(title, "") if name and title else text_of(name) if name else ""
    text = own_title + "\n" + "\n".join(paragraphs)
    if tree.css_first(CHALLENGES) or ROBOT.search(text):
        raise UnusablePage(tr("the site asks for a proof of being human"), forbidden=True)
    if RATE.search(text):
        raise RateLimited(tr("the site says that it is asked too often"))
    if paragraphs and all(map(UNFILLED.fullmatch, paragraphs)):
        raise UnusablePage(tr("the page's text is filled in by a script"))
    if ERROR.search(text):
        raise UnusablePage(tr("the site answers with an error page"))
    if LOGIN.search(text) or is_form(tree, paragraphs):
        raise UnusablePage(tr("the site asks for a login"), forbidden=True)


def is_form(tree: LexborHTMLParser, paragraphs: Sequence[str]) -> bool:
    """Whether a page asks for a password and has nothing to say but that, or what its form says."""
    field = tree.css_first('input[type="password"]')
    if field is None:
        return False
    form = next((node for node in ancestors(field) if node.tag == "form"), None)
    inside = compact(text_of(form)) if form is not None else ""
    if len(inside) > SHORT:  # of some sites, a form holds the whole page
        inside = ""
    return all(ACCOUNT.search(paragraph) or compact(paragraph) in inside for paragraph in paragraphs)


def check_heading(title: str, headings: Sequence[str], titles: Set[str]) -> bool:
    """Whether one of a page's `headings` says the chapter's title; False when none says anything.

    `titles` are the book's, folded. Raises UnusablePage when the page names another chapter: by
    that one's title, or by another number with another name. A number alone may be had twice.
    """
    own = fold(title)
    said = [fold(heading) for heading in headings]
    if own and any(own in heading for heading in said):
        return True
    numbers, name = numbers_in(title), fold(NAME_BEHIND.sub("", title))
    if len(name) > 1 and any(name in heading for heading in said):
        return True
    numbered = [heading for heading in headings if numbers_in(heading)]
    foreign = [heading for heading in headings if fold(PAGE_MARK.sub("", heading)) in titles - {own}]
    if not foreign and any(numbers & numbers_in(heading) for heading in numbered):
        return True
    foreign += numbered if numbers else []
    if foreign:
        raise UnusablePage(tr("the page is that of another chapter: {heading}", heading=foreign[0]))
    return False


def numbers_in(text: str) -> set[int]:
    """The numbers of chapters that a text names, wherever they stand; not those of volumes."""
    return {
        to_int(match["number"]) for match in CHAPTER.finditer(text) if RANKS[match["unit"]] >= RANKS["章"]
    }
