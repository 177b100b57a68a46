"""A line of boilerplate as its chapters have it in common: what differs is a {placeholder}.

    names = Names(book="雪夜", author="佚名")
    template("《雪夜》 第三章 风起 更新时间：2020-01-02 12:30 字数：3021", "第三章 风起", names)
        == "{book}{title}更新时间{date}字数{number}"

Pure functions of one line. `template` makes lines comparable; `frame_points` says how surely a line at the
edge of a chapter speaks of the site or the file rather than tells the story.
"""

import re
from dataclasses import dataclass

from xuxie.books.adverts import plain, site_points, squeezed
from xuxie.books.headings import NUMERAL, RANKS

TITLE, BOOK, AUTHOR, NUMBER, DATE = "{title}", "{book}", "{author}", "{number}", "{date}"
PLACEHOLDER = re.compile(r"\{[a-z]+\}")
A_DATE = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?:\s?日)?(?:[\s,t]{0,3}\d{1,2}:\d\d(?::\d\d)?)?"
)
TIME_OF_POSTING = re.compile(r"\d\d[-/.年月]\d{1,2}\D{0,4}\d{1,2}:\d\d")
COUNTED = re.compile(rf"第{NUMERAL}+|\d+")
CHAPTER_NUMBER = re.compile(rf"^.*?第{NUMERAL}+[{''.join(RANKS)}]")
# What pages and files say around a chapter. Each is said in stories as well: it counts only at a
# chapter's edge, in lines that many chapters share.
FRAME_WORDS = re.compile(
    "更新时间|更新時間|更新日期|发布时间|發佈時間|发表于|發表於|字数|字數|作者|来源|來源|出处|出處|点击|點擊|上传|上傳|类别|類別|"
    "分类|分類|状态|连载|連載|本章|章节|章節|目录|目錄|正文|全文|书名|書名|上一|下一|书签|書籤|书架|書架|返回|推荐|推薦|月票|投票|"
    "打赏|打賞|报错|報錯|错误|举报|字体|字號|字号|繁体|繁體|简体|簡體|评论|評論|分享|版权|版權|转载|轉載|校对|校對|整理|"
    "制作|製作|录入|錄入|扫描|掃描|手打|文字版|会员|會員|登录|登錄|注册|註冊|手机|手機|记住|記住|感谢.{0,4}支持|支持|论坛|論壇|"
    "书城|書城|读书|讀書|书院|图书馆|vip|qq|群|微信|公众号|ctrl|top"
)


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a book's boilerplate may name. `host`: of the site that it was fetched from."""

    book: str = ""
    author: str = ""
    host: str = ""


def template(line: str, title: str, names: Names) -> str:
    """`line` squeezed, with placeholders for the chapter's title, the book's names, numbers and dates."""
    undisguised = plain(line)
    pieces = A_DATE.split(undisguised) if any(map(str.isdigit, undisguised)) else [undisguised]
    text = DATE.join(map(squeezed, pieces))
    own = squeezed(title)
    for name, placeholder in (
        (own, TITLE),
        (CHAPTER_NUMBER.sub("", own), TITLE),
        (squeezed(names.book), BOOK),
        (squeezed(names.author), AUTHOR),
    ):
        if len(name) > 1:
            text = text.replace(name, placeholder)
    return COUNTED.sub(lambda found: "第" * (found[0][0] == "第") + NUMBER, text)


def frame_points(line: str) -> int:
    """How surely a line is a frame around the chapter: words of sites and files, an address, a time."""
    bare = squeezed(line)
    posted = TIME_OF_POSTING.search(plain(line)) is not None
    return site_points(line) + len(set(FRAME_WORDS.findall(bare))) + posted


def names_the_book(pattern: str) -> bool:
    """Whether a template is made of names alone, the book's among them."""
    return BOOK in pattern and not PLACEHOLDER.sub("", pattern).strip("著作者")
