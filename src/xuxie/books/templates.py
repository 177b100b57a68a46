"""A line of boilerplate as its chapters have it in common: what differs is a {placeholder}.

    names = Names(book="雪夜", author="佚名")
    template("《雪夜》 第三章 风起 更新时间：2020-01-02 12:30 字数：3021", "第三章 风起", names)
        == "{book}{title}更新时间{date}字数{number}"

Pure functions of one line. `template` makes lines comparable; `frame_points` says how surely a line at the
edge of a chapter speaks of the site or the file rather than tells the story.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from xuxie.books.adverts import plain, site_points, squeezed
from xuxie.books.headings import NUMERAL, RANKS

TITLE, BOOK, AUTHOR, NUMBER, DATE = "{title}", "{book}", "{author}", "{number}", "{date}"
PLACEHOLDER = re.compile(r"\{[a-z]+\}")
A_DATE = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?:\s?日)?(?:[\s,t]{0,3}\d{1,2}:\d\d(?::\d\d)?)?"
)
TIME_OF_POSTING = re.compile(r"\d\d[-/.年月]\d{1,2}\D{0,4}\d{1,2}:\d\d:\d\d")  # a diary has no seconds
COUNTED = re.compile(rf"第{NUMERAL}+|\d+")
CHAPTER_NUMBER = re.compile(rf"^.*?第{NUMERAL}+[{''.join(RANKS)}]")
# What pages and files say around a chapter. Stories may say it as well: it counts only at a chapter's
# edge, in lines that many chapters share. Words of a story's own tables (状态, 等级, 来源) are left out.
FRAME_WORDS = re.compile(
    "更新时间|更新時間|更新日期|发布时间|發佈時間|发表于|發表於|字数|字數|作者|点击数|点击量|總點擊|上传|上傳|连载|連載|本章|章节|章節|"
    "目录|目錄|正文|书名|書名|上一[章页頁]|下一[章页頁]|上壹|书签|書籤|书架|書架|返回[书書首]|月票|投票|打赏|打賞|报错|報錯|"
    "举报|字体|字體|字号|字號|版权|版權|转载|轉載|校对|校對|整理|制作|製作|录入|錄入|扫描|掃描|手打|文字版|"
    "感谢.{0,4}支持|论坛|論壇|读书|讀書|vip|qq群|微信|公众号|ctrl"
)
FRAME_POINTS = 2


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a book's boilerplate may name. `host`: of the site that it was fetched from."""

    book: str = ""
    author: str = ""
    host: str = ""


def template(line: str, title: str, names: Names) -> str:
    """`line` squeezed, with placeholders for the chapter's title, the book's names, numbers and dates."""
    text = dated(line)
    for name, placeholder in placeholders(title, names):
        text = text.replace(name, placeholder)
    return counted(text)


@lru_cache(maxsize=1024)  # what many chapters share is asked for in each
def counted(text: str) -> str:
    """A template with a placeholder for numbers."""
    return COUNTED.sub(lambda found: "第" * (found[0][0] == "第") + NUMBER, text)


@lru_cache(maxsize=1024)  # what many chapters share is asked for in each
def dated(line: str) -> str:
    """`line` squeezed, with a placeholder for dates."""
    undisguised = plain(line)
    pieces = A_DATE.split(undisguised) if any(map(str.isdigit, undisguised)) else [undisguised]
    return DATE.join(map(squeezed, pieces))


@lru_cache(maxsize=16)
def placeholders(title: str, names: Names) -> list[tuple[str, str]]:
    """What stands for a chapter's title and its book's names, squeezed."""
    own = squeezed(title)
    stand_ins = (
        (own, TITLE),
        (CHAPTER_NUMBER.sub("", own), TITLE),
        (squeezed(names.book), BOOK),
        (squeezed(names.author), AUTHOR),
    )
    return [(name, placeholder) for name, placeholder in stand_ins if len(name) > 1]


def frame_points(line: str, pattern: str) -> int:
    """How surely a line with the template `pattern` is a frame around the chapter: words, address, time."""
    said = len(set(FRAME_WORDS.findall(squeezed(line)))) + (TIME_OF_POSTING.search(plain(line)) is not None)
    named = (BOOK in pattern) + (TITLE in pattern)
    return site_points(line) + FRAME_POINTS * said + named


def is_made_of_names(pattern: str) -> bool:
    """Whether a template is made of names alone: the book's, or `作者` with the author's."""
    said = PLACEHOLDER.sub("", pattern)
    return (BOOK in pattern or (AUTHOR in pattern and said != "")) and not said.strip("著作者")
