"""The clutter of novel sites: navigation, recommendations, boilerplate, disguised advertisements.

    shell(title="第一章 雪夜", body="<div>…</div>", random=Random(1))

What is written here never belongs to the book. The forms are those of real sites; the names are made up.
"""

from html import escape
from random import Random

SITE = "青灯小说网"
HOST = "www.qingdengxs.com"
OTHERS = [
    "剑落长安",
    "重生之小渔村",
    "凡人问道",
    "夜雨江湖",
    "我在钟楼修表",
    "北境孤城",
    "第九座山",
    "星河旧梦",
]
NAVIGATION = (
    ("首页", "/"),
    ("我的书架", "/bookcase.php"),
    ("玄幻小说", "/list/1_1.html"),
    ("武侠小说", "/list/2_1.html"),
    ("都市小说", "/list/3_1.html"),
    ("排行榜", "/top/"),
    ("完本小说", "/quanben/"),
)
FOOTERS = (
    "本站所有小说为转载作品，所有章节均由网友上传，转载至本站只是为了宣传本书让更多读者欣赏。",
    "免责声明：本站所收录作品、社区话题、书库评论及本站所做之广告均属其个人行为，与本站立场无关。",
    "Copyright © 2019-2024 青灯小说网 All Rights Reserved. 粤ICP备00000000号",
)
TOP_LINES = (
    "一秒记住【青灯小说网】，为您提供精彩小说阅读。",
    "天才一秒记住本站地址：[青灯小说网]https://www.qingdengxs.com最快更新！无广告！",
    "最新网址：www.qingdengxs.com",
)
BOTTOM_LINES = (
    "请记住本书首发域名：www.qingdengxs.com。青灯小说网手机版阅读网址：m.qingdengxs.com",
    "手机用户请浏览m.qingdengxs.com阅读，更优质的阅读体验。",
    "喜欢《{title}》请大家收藏：(www.qingdengxs.com)《{title}》青灯小说网更新速度全网最快。",
    "亲,点击进去,给个好评呗,分数越高更新越快,据说给青灯小说网打满分的最后都找到了漂亮的老婆哦!",
    "章节错误,点此举报(免注册),我们会尽快处理.",
)
LOOKALIKES = dict(
    zip("aceoxpisw", ["аａＡ", "сｃ", "еｅ", "оｏ", "хｘ", "рｐ", "іｉ", "ѕｓ", "ｗＷ"], strict=True)
)
JOINTS = ("", "", ".", "·", "~", "。", " ")
DISGUISED_HOST = "qingdengxs"


def shell(title: str, body: str, random: Random, head: str = "", stranger: str = "/book/9/7.html") -> str:
    """A whole page around `body`; `stranger` is a chapter of another book."""
    links = "".join(f'<li><a href="{url}">{name}</a></li>' for name, url in NAVIGATION)
    footer = "".join(f"<p>{line}</p>" for line in FOOTERS)
    return (
        f"<!DOCTYPE html>\n<html><head>\n@META@\n<title>{title}</title>\n{head}"
        '<link rel="stylesheet" href="/css/style.css"><script src="/js/common.js"></script></head>\n'
        f'<body>\n<div id="wrapper"><div class="header"><a href="/">{SITE}</a><form action="/search.php">'
        '<input name="q" placeholder="输入书名或作者"><button>搜索</button></form>'
        f'<script>login();</script></div>\n<div class="nav"><ul>{links}</ul></div>\n{body}\n'
        f'{recommendations(random, stranger)}<div class="footer">{footer}'
        "<script>tongji();</script></div></div>\n</body></html>"
    )


def recommendations(random: Random, stranger: str) -> str:
    """Links to other books, and to a chapter of another book."""
    links = " ".join(
        f'<a href="/book/{random.randint(9000, 9999)}/" target="_blank">{name}</a>'
        for name in random.sample(OTHERS, 5)
    )
    other = f'<a href="{escape(stranger)}">第一章 别家的书</a>'
    return f'<div class="footer_link">热门推荐：{links} 新书：{other}</div>\n'


def turn(previous: str, catalogue: str, following: str, forward: str = "下一章") -> str:
    """The row of links that turns pages."""
    return (
        '<a href="javascript:;" onclick="vote(1)">投推荐票</a> '
        f'<a href="{previous}">上一章</a> ← <a href="{catalogue}">章节目录</a> → '
        f'<a href="{following}">{forward}</a> <a href="javascript:addbookmark(1)">加入书签</a>'
    )


def disguised(random: Random) -> str:
    """An advertised address in random width, case and lookalikes: `ＷwＷ.qｉngdеngＸs.c0m`."""
    name = "".join(disguise(letter, random) for letter in DISGUISED_HOST)
    dot = random.choice((".", "．", "。", " . "))
    www = "".join(random.choice(LOOKALIKES["w"] + "wW") + random.choice(JOINTS[:4]) for _ in range(3))
    com = "".join(disguise(letter, random) for letter in "com")
    return random.choice(("", "", "(", "【")) + f"{www}{dot}{name}{dot}{com}"


def disguise(letter: str, random: Random) -> str:
    """One letter, perhaps otherwise."""
    if random.random() < 0.5:
        return letter
    return random.choice(LOOKALIKES.get(letter, chr(ord(letter) + 0xFEE0)) + letter.upper())
