import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.crawl.extraction import extract_chapter
from xuxie.crawl.html import UnusablePage

TITLE = "第三章 夜航"
PROSE = [
    "船在夜里离了岸，没有人送，只有一盏灯在码头上亮着。",
    "“走吧。”他说，声音低得像怕惊醒了水。",
    "她没有回头。风从江面上来，把她的头发吹乱了，又吹顺了。",
    "……",
    "天亮的时候，他们已经看不见那座城了。",
]
TOP = (
    "<html><head><title>第三章 夜航_还灯记_某某小说网</title><style>p{color:red}</style></head><body>"
    "<div class=header><form><input name=q><button>搜索小说，请输入书名。</button></form></div>"
    "<div class=nav><ul><li><a href=/>首页</a></li><li><a href=/rank>排行榜，全部小说。</a></li></ul></div>"
    "<div class=con_top><a href=/>首页</a> &gt; <a href=./>还灯记</a> &gt; 第三章 夜航</div>"
)
TURN = "<a href=2>上一章</a> ← <a href=./>章节目录</a> → <a href=4>下一章</a>"
HEADING = f"<div class=bookname><h1>第三章 夜航</h1><div class=bottem1>{TURN}</div></div>"
BOTTOM = (
    f"<div class=bottem2>{TURN} <a href=#>加入书签</a></div>"
    "<div class=recommend>推荐：<a href=/b/1>山海旧闻</a>、<a href=/b/2>灯下客</a></div>"
    "<div class=footer><p>本站所有小说为转载作品，转载至本站只是为了宣传本书让更多读者欣赏。</p>"
    "<p>Copyright © 2020 某某小说网 All Rights Reserved.</p></div>"
    "<script>var a='正文，正文，正文。';</script>"
)


def page(body: str) -> str:
    return TOP + HEADING + body + BOTTOM


def content(inside: str) -> str:
    return f"<div id=content>{inside}</div>"


def each(template: str) -> str:
    """Every paragraph in a template."""
    return "".join(template.format(line) for line in PROSE)


BROKEN = "<br>".join(PROSE)
LAYOUTS = {
    "p": content(each("<p>　　{}</p>")),
    "unclosed p": content(each("<p>　　{}\n")),
    "br": content(each("&nbsp;&nbsp;&nbsp;&nbsp;{}<br><br>\n")),
    "br in p": content("<p>" + "<br/>".join(PROSE) + "</p>"),
    "div per line": content(each("<div>{}</div>")),
    "wrapped twice": content(each("<div class=l><p>{}</p></div>")),
    "bare text, then p": content("<p>".join(PROSE)),
    "advertisement boxes": content(each("{}<br><div class=ad><script>ad()</script></div>")),
    "indented lines": content(each("\n　　{}")),
    "entities": content("<br>".join("".join(f"&#{ord(c)};" for c in line) for line in PROSE)),
    "two parts": "<div>"
    + "".join(f"<div class=part>{'<br>'.join(part)}</div>" for part in (PROSE[:2], PROSE[2:]))
    + "</div>",
    "unclosed div": "<div class=a><div id=content>" + BROKEN + "</div>",
    "table": f"<table><tr><td>目录</td><td>{BROKEN}</td></tr></table>",
    "inline": content("<br>".join(f"<b><font>{line[:3]}</font>{line[3:]}</b>" for line in PROSE)),
    "date above": "<div class=txtnav><div class=txtinfo><span>2025-09-24 19:52:53</span> "
    f"<span>作者： 佚名</span></div>{BROKEN}<div class=end>(本章完)</div></div>",
    "shown by script": f"<div id=content style='display:none'>{BROKEN}</div>",
    "hidden trap": content(BROKEN + "<span style='display: none'>乱码</span>"),
    "inside a form": f"<form id=reader><input name=n>{content(BROKEN)}</form>",
    "heading twice": content("<h3>第三章 夜航</h3>" + BROKEN),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_exact_text_of_every_layout(layout: str) -> None:
    assert extract_chapter(page(LAYOUTS[layout]), TITLE) == PROSE


@pytest.mark.parametrize(
    "body",
    ["<div id=content>今天有事，请假一天。</div>", "<div id=content><p>　　今天有事，请假一天。</p></div>"],
)
def test_a_chapter_of_one_line(body: str) -> None:
    assert extract_chapter(page(body), TITLE) == ["今天有事，请假一天。"]


def test_a_long_chapter_in_one_line_and_a_short_one_beside_it() -> None:
    long = "江水一直流，一直流，" * 100
    assert extract_chapter(page(f"<div id=content><p>{long}</p><p>完。</p></div>"), TITLE) == [long, "完。"]


def test_lines_without_punctuation_between_prose_stay() -> None:
    verse = ["床前明月光", "疑是地上霜"]
    body = content(f"<p>{PROSE[0]}</p><div class=verse>{'<br>'.join(verse)}</div><p>{PROSE[2]}</p>")
    assert extract_chapter(page(body), TITLE) == [PROSE[0], *verse, PROSE[2]]


def test_source_line_breaks_leave_no_space_and_traditional_text_is_found() -> None:
    body = "<div id=content>　　他望著窗外，雨還\n在下，\n沒有停的意思。<br>　　「走吧。」她說。</div>"
    assert extract_chapter(page(body), TITLE) == [
        "他望著窗外，雨還在下，沒有停的意思。",
        "「走吧。」她說。",
    ]


def test_two_documents_glued_together() -> None:
    html = page(LAYOUTS["br"]).replace(
        "</div><div class=bottem2>", "</div></body></html><html><body><div class=bottem2>", 1
    )
    assert extract_chapter(html, TITLE) == PROSE


def test_the_words_of_a_link_to_turn_the_page_are_no_text() -> None:
    body = content(f"上一页&lt;<br>{BROKEN}<br>\u200c<br>上一章 目录 下一章")
    assert extract_chapter(page(body), TITLE) == PROSE


def test_what_a_style_sheet_hides_by_its_place_is_no_text() -> None:
    style = "<style>#content>p:nth-child(2){display:none}</style>"
    lines = [PROSE[0], "乱码，乱码，乱码，这一行没有人看得见。", *PROSE[1:]]
    body = content("".join(f"<p>{line}</p>" for line in lines))
    assert extract_chapter(page(style + body), TITLE) == PROSE


def test_a_list_of_links_is_no_chapter_but_a_text_that_is_all_link_is() -> None:
    titles = "".join(f"<dd><a href={n}.html>第{n}章 没有人送他</a></dd>" for n in range(1, 200))
    with pytest.raises(UnusablePage):
        extract_chapter(f"<div id=list><dl>{titles}</dl></div>", TITLE)
    assert (
        extract_chapter(f"<div id=content><a href=x>{'<br>'.join(PROSE * 9)}</a></div>", TITLE) == PROSE * 9
    )


REFUSED = {
    "访问太频繁，请稍后再试。": ("too often", False),
    "Just a moment...": ("human", True),
    "请输入验证码后继续访问。": ("human", True),
    "您还没有登录，请登录后再来。": ("login", True),
    "这是VIP章节，需要订阅后才能阅读。": ("payment", True),
    "loading...": ("script", False),
    "正在加载，请稍候…": ("script", False),
    "404 Not Found": ("error page", False),
    "您访问的页面不存在，三秒后返回首页。": ("error page", False),
    "章节内容正在手打中，请稍等片刻，内容更新后，请重新刷新页面。": ("error page", False),
    "该小说已被作者下架。": ("error page", False),
    "请下载客户端后在APP内阅读本书的其余章节。": ("error page", False),
    "The story you are looking for does not exist, or it may have moved.": ("error page", False),
    "Story Not Found": ("error page", False),
    "This chapter has been removed by its author.": ("error page", False),
    "お探しのページは見つかりません。": ("error page", False),
    "This work is only available to registered users of the library.": ("login", True),
    "You must be logged in to view this chapter.": ("login", True),
    "この作品を読むにはログインが必要です。": ("login", True),
    "로그인이 필요합니다.": ("login", True),
    "Bạn cần đăng nhập để đọc chương này.": ("login", True),
    "This story may contain adult content. Go on?": ("login", True),
    "This chapter is locked. Buy coins in the shop.": ("payment", True),
    "Please confirm that you are not a robot.": ("human", True),
    "アクセスが集中しています。": ("too often", False),
    "Loading chapter…": ("script", False),
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_page_that_only_answers_200_is_no_chapter(text: str) -> None:
    reason, forbidden = REFUSED[text]
    for body in (f"<div id=content>{text}</div>", f"<div class=box><h2>提示</h2><p>{text}</p></div>"):
        with pytest.raises(UnusablePage, match=reason) as refused:
            extract_chapter(f"<html><body>{body}</body></html>", TITLE)
        assert refused.value.forbidden is forbidden


def test_a_preview_before_a_payment_is_no_chapter() -> None:
    body = content("<br>".join(PROSE * 5)) + "<div class=vip>本章为VIP章节，登录后订阅本章才能阅读</div>"
    with pytest.raises(UnusablePage, match="payment"):
        extract_chapter(page(body), TITLE)


@pytest.mark.parametrize(
    "text",
    [
        "You have to log in first, he said. The forbidden gate was not found where it was drawn, and she, "
        "eighteen years old, was unable to find her sword. Slow down, all will be revealed, come later.",
        "「ログインして、しばらくしてから落ちた」と彼は言った。ページをめくる音だけがした。",
        "她还未满十八岁，就已登上山顶。今天请假一天，明天两更，新书已经上传。",
        "Anh ta đăng nhập vào trò chơi, rồi lại tìm thanh kiếm của mình.",
    ],
)
def test_a_short_text_may_use_such_words(text: str) -> None:
    assert extract_chapter(page(content(text)), TITLE) == [text]


def test_a_story_may_use_such_words() -> None:
    long = ["他在系统维护的夜里收到一条验证码，访问太频繁，请稍后再试。", *PROSE * 4]
    assert extract_chapter(page("<div id=content>" + "<br>".join(long) + "</div>"), TITLE) == long


@pytest.mark.parametrize(
    "html",
    [
        "",
        "   ",
        "<html></html>",
        "<script>var a='正文。'</script>",
        TOP + "<form><input type=password></form>",
    ],
)
def test_a_page_without_text_is_refused(html: str) -> None:
    with pytest.raises(UnusablePage):
        extract_chapter(html, TITLE)


def test_the_same_page_gives_the_same_text() -> None:
    assert extract_chapter(page(LAYOUTS["p"]), TITLE) == extract_chapter(page(LAYOUTS["p"]), TITLE)


PIECES = [
    *(
        "<div>",
        "</div>",
        "<p>",
        "</p>",
        "<br>",
        "<h1>第三章 夜航</h1>",
        "他走了。",
        "<a href=x>",
        "</a>",
        "<table>",
    ),
    *("<td>", "&#x4e2d;", "<b>", "\n　　", "<!--", "-->", "</html>", "<textarea>", "\x00", "<span hidden>"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_page_gives_paragraphs_or_a_reason(pieces: list[str]) -> None:
    try:
        paragraphs = extract_chapter("".join(pieces), TITLE)
    except UnusablePage as refused:
        assert str(refused)  # noqa: PT017 - either outcome is right
        return
    assert paragraphs
    assert all(line and line == line.strip() and "\n" not in line for line in paragraphs)


def test_a_tag_without_its_blank_divides_nothing() -> None:
    lines = each("　　{}<br>")
    slip = "　　<istyle='color:#00f'>----</i><br>"
    assert extract_chapter(page(lines + slip + 2 * lines), TITLE) == [*PROSE, "----", *PROSE, *PROSE]


def test_a_form_that_asks_for_a_password_is_no_chapter() -> None:
    form = "<form><input name=user><input type=password></form><p>您已注册？<a href=#>去登录</a></p>"
    with pytest.raises(UnusablePage):
        extract_chapter(f"<h1>Lamp</h1><div>{form}</div>", TITLE)
    assert extract_chapter(f"<div>{form}</div><div>今天请假，明天两更。</div>", TITLE)


def test_what_a_form_that_asks_for_a_password_says_is_no_chapter() -> None:
    form = "<form><p>手机号、会员名或邮箱皆可</p><input type=password><p>十天之内不必再来一次</p></form>"
    with pytest.raises(UnusablePage):
        extract_chapter(f"<body>{form}", "第一章 灯")
    chapter = "<h1>第一章 灯</h1><p>雨停了，灯还亮着。</p>"
    beside = f"<body><div>{form}</div><div>{chapter}</div>"
    assert extract_chapter(beside, "第一章 灯") == ["雨停了，灯还亮着。"]
    around = f"<form><a href=/>{'书' * 200}</a><input type=password>{chapter}</form>"
    assert extract_chapter(around, "第一章 灯") == ["雨停了，灯还亮着。"]


@pytest.mark.parametrize("name", ["author-say", "author_notes", "ads top", "box sponsored"])
def test_what_a_box_in_the_text_is_called_tells_that_it_is_none(name: str) -> None:
    box = f"<div class='{name}'><p>谢谢大家，明天见。</p></div>"
    half = len(PROSE) // 2
    text = "".join(f"<p>{line}</p>" for line in PROSE[:half]) + box
    text += "".join(f"<p>{line}</p>" for line in PROSE[half:])
    assert extract_chapter(page(content(text)), TITLE) == PROSE


@pytest.mark.parametrize("name", ["id=content", "class='box read-content'", "id=chaptercontent", "id=nr1"])
def test_a_short_text_is_the_one_that_is_called_so(name: str) -> None:
    note = "今天有事，请假一天。"
    other = f"<div class=box><p>《夜航》：{PROSE[0] * 4}</p></div>"
    body = f"<h1>{TITLE}</h1><div {name}>{note}</div>{other}"
    assert extract_chapter(page(body), TITLE) == [note]
    long = f"<h1>{TITLE}</h1><div class=box>{each('<p>{}</p>') * 9}</div><div {name}>{note}</div>"
    assert PROSE[0] in extract_chapter(page(long), TITLE)


def test_a_box_of_what_the_site_says_ends_the_text() -> None:
    said = "重要声明：<a href=/b>还灯记</a>由网友上传，与本站立场无关。<br>更多章节，请返回首页。"
    box = f"<div align=center>{said}<br>Copyright 某某</div>"
    for text in (each("　　{}<br>"), each("<div>{}</div>")):
        assert extract_chapter(TOP + HEADING + text + box, TITLE) == PROSE


def test_text_that_a_style_writes_is_read() -> None:
    style = "<style>.a1b2::before{content:attr(qwerty);}.tip::after{content:attr(title)}</style>"
    lines = [
        f'<p class="a1b2" qwerty=" {line} "></p>' if place % 2 else f"<p>{line}</p>"
        for place, line in enumerate(PROSE)
    ]
    lines[0] = lines[0].replace("<p>", "<p class=tip title=提示>")
    assert extract_chapter(page(style + content("".join(lines))), TITLE) == PROSE


@pytest.mark.parametrize("secret", ["㐛㐁㐙㾖㝘", "\ue4a1\ue5b2\uf123"])
def test_text_in_a_font_of_the_sites_own_is_refused(secret: str) -> None:
    hidden = [line.replace("，", secret).replace("。", secret) for line in PROSE]
    with pytest.raises(UnusablePage) as refused:
        extract_chapter(page(content("<br>".join(hidden))), TITLE)
    assert refused.value.forbidden
    assert extract_chapter(page(content("<br>".join([*PROSE, "好嘅㗎。"]))), TITLE) == [*PROSE, "好嘅㗎。"]


def test_marks_that_begin_and_end_a_text_are_its_own() -> None:
    lines = ["■　■", *PROSE, "＊　＊　＊"]
    assert (
        extract_chapter(page(content("<br>".join(["上一章 | 目录 | 下一章", *lines, "|"]))), TITLE) == lines
    )


def test_a_news_box_within_the_text_is_left_out() -> None:
    news = "<div class=wi_news><div>Announcement</div><div>新书明天上架，请多支持。</div></div>"
    text = each("<p>{}</p>")
    assert extract_chapter(page(content(text + news + text)), TITLE) == PROSE * 2
    assert extract_chapter(page(f"<div class='news text'>{text}</div>"), TITLE) == PROSE
