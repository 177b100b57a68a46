import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.crawl.catalogue import assemble, parse_catalogue, parse_page
from xuxie.errors import NoChaptersError

URL = "https://example.com/book/1/"
DATA = "<script type='application/ld+json'>{}</script></head><h1>灯</h1>"


def rows(*numbers: int, prefix: str = "") -> str:
    return "".join(f'<dd><a href="{prefix}{n}.html">第{n}章 标题{n}</a></dd>' for n in numbers)


def urls(html: str, url: str = URL) -> list[str]:
    return [entry.url.removeprefix("https://example.com") for entry in parse_catalogue(html, url).entries]


def titles(html: str, url: str = URL) -> list[str]:
    return [entry.title for entry in parse_catalogue(html, url).entries]


def test_the_latest_block_in_the_same_list_does_not_disturb() -> None:
    html = f"<div id=list><dl><dt>最新章节</dt>{rows(9, 8, 7)}<dt>正文</dt>{rows(*range(1, 10))}</dl></div>"
    assert urls(html) == [f"/book/1/{n}.html" for n in range(1, 10)]


@pytest.mark.parametrize("before", [True, False])
def test_a_latest_block_of_its_own_does_not_disturb(before: bool) -> None:
    latest, proper = f"<ul>{rows(9, 8, 7)}</ul>", f"<div><ul>{rows(*range(1, 10))}</ul></div>"
    assert urls(latest + proper if before else proper + latest) == [
        f"/book/1/{n}.html" for n in range(1, 10)
    ]


def test_reading_order_is_the_pages_order_not_the_numbers() -> None:
    html = f"<ul>{rows(5, 3, 9, 4)}</ul>"
    assert urls(html) == [f"/book/1/{n}.html" for n in (5, 3, 9, 4)]


def test_navigation_and_recommendations_are_left_out() -> None:
    others = "".join(f'<li><a href="/book/{n}/">书{n}</a></li>' for n in range(2, 40))
    newest = "".join(f'<li><a href="/book/{n}/7{n}.html">第{n}章 别的书</a></li>' for n in range(2, 30))
    sorts = "".join(f'<li><a href="/sort/{n}.html">第{n}类</a></li>' for n in range(1, 9))
    html = (
        f"<nav>{rows(77)}</nav><ul>{sorts}</ul><a href='1.html'>开始阅读</a>"
        "<a href='down.html'>全文下载</a>"
        f"<dl>{rows(1, 2, 3)}<dd><a href='4.html'>请假一天</a></dd>{rows(5)}</dl>"
        f"<a href='index_2.html'>下一页</a><ul>{others}{newest}</ul>"
    )
    assert urls(html) == [f"/book/1/{n}.html" for n in range(1, 6)]
    assert titles(html)[3] == "请假一天"


def test_a_start_button_after_the_list_does_not_move_the_first_chapter() -> None:
    html = f"<dl>{rows(1, 2, 3)}</dl><p><a href='1.html'>开始阅读</a></p>"
    assert urls(html) == ["/book/1/1.html", "/book/1/2.html", "/book/1/3.html"]


def test_volumes_restart_their_numbers() -> None:
    volume = (
        "<h2>第{0}卷</h2><ul><li><a href='{0}01.html'>第一章 起</a></li>"
        "<li><a href='{0}02.html'>第二章 承</a></li></ul>"
    )
    html = "".join(volume.format(n) for n in (1, 2, 3))
    assert urls(html) == [f"/book/1/{n}0{m}.html" for n in (1, 2, 3) for m in (1, 2)]
    assert titles(html) == ["第一章 起", "第二章 承"] * 3


def test_links_without_a_destination_are_skipped() -> None:
    html = (
        "<ul><li><a>第一章 无</a></li><li><a href=''>第二章 空</a></li>"
        "<li><a href='javascript:x()'>第三章 锁</a></li><li><a href='#top'>第四章 顶</a></li>"
        "<li><a href='5.html#p2'>第五章 有</a></li><li><a href='6.html'>第六章</a></li>"
        "<li><a href='http://[bad/7.html'>第七章</a></li></ul>"
    )
    assert urls(html) == ["/book/1/5.html", "/book/1/6.html"]


def test_base_href_and_other_hosts() -> None:
    links = "<li><a href='1'>第一章</a></li><li><a href='2'>第二章</a></li>"
    html = f"<base href='//m.example.com/read/8/'><ul>{links}</ul>"
    entries = parse_catalogue(html, URL).entries
    assert [entry.url for entry in entries] == [
        "https://m.example.com/read/8/1",
        "https://m.example.com/read/8/2",
    ]


def test_addresses_by_query_and_below_the_books_page() -> None:
    own = "".join(f"<td><a href='/read.php?book=12&id={n}'>第{n}回</a></td>" for n in range(1, 9))
    other = "<a href='/read.php?book=99&id=500'>第五百回 别的</a>"
    html = f"<table><tr>{own}</tr></table>{other}"
    assert urls(html, "https://example.com/info.php?book=12") == [
        f"/read.php?book=12&id={n}" for n in range(1, 9)
    ]
    plain = "".join(f"<li><a href='/book/12/{n}.html'>相遇{n}</a></li>" for n in range(1, 6))
    others = "".join(f"<li><a href='/book/{n}.html'>书{n}</a></li>" for n in range(20, 60))
    assert urls(f"<ul>{others}</ul><ul>{plain}</ul>", "https://example.com/book/12.html") == [
        f"/book/12/{n}.html" for n in range(1, 6)
    ]


def test_titles_that_are_cut_short_are_taken_from_the_attribute() -> None:
    html = (
        "<ul><li><a href='1.html' title='第一章 很长的标题'>第一章 很长...</a></li>"
        "<li><a href='2.html' title='首发时间：昨天'>第二章&nbsp;&nbsp;短</a></li></ul>"
    )
    assert titles(html) == ["第一章 很长的标题", "第二章 短"]


@pytest.mark.parametrize(
    ("head", "title", "author"),
    [
        (
            "<meta property='og:novel:book_name' content='《还灯记》'>"
            "<meta property='og:novel:author' content='半篙'>",
            "还灯记",
            "半篙",
        ),
        (
            "<meta property='og:title' content='还灯记最新章节'></head>"
            "<p>作&nbsp;&nbsp;者：<a href='/a'>半篙</a></p>",
            "还灯记",
            "半篙",
        ),
        (
            "<title>还灯记_半篙_某某网</title></head><h1><a href='/'>某某网站</a></h1><h1>还灯记</h1>"
            "<span>作者：半篙</span><span>状态：完结</span>",
            "还灯记",
            "半篙",
        ),
        ("<title>还灯记最新章节_还灯记全文阅读_某某网</title>", "还灯记", ""),
        ("<title>《还灯记》全文免费阅读 - 某某网</title>", "还灯记", ""),
        ("<title>Read Lamp Novel Online | Reader</title></head><b>Lamp</b>", "Lamp", ""),
        ("<title>Read the Lamp | Reader</title>", "Read the Lamp", ""),
        ("</head><h2>Chapters of <a href=.>Lamp</a> by <a rel=author href=/u>Jo</a></h2>", "Lamp", "Jo"),
        ("</head><h1>Lamp</h1><b>Author :</b> N/A<a itemprop=author href=/u>Jo</a>", "Lamp", "Jo"),
        (
            "</head><h1>灯</h1><p class=book-author>作者 半篙</p><i class='author-name'>半篙</i>",
            "灯",
            "半篙",
        ),
        ("</head><h1>灯</h1><p class=author>半篙</p><p class=author>别人</p>", "灯", ""),
        ("</head><h1>灯</h1><a class=author href=/>作者专区</a>", "灯", ""),
        ("</head><h1>灯</h1><i itemprop=author>读者甲</i><i itemprop=author>乙</i>", "灯", ""),
        (DATA.format('{"@graph": [{"@type": "Book", "author": {"name": "半篙"}}]}'), "灯", "半篙"),
        (DATA.format('{"@type": "WebSite", "author": "某某"}'), "灯", ""),
        (DATA.format(1000 * "["), "灯", ""),
        ("", "example.com", ""),
    ],
)
def test_title_and_author(head: str, title: str, author: str) -> None:
    catalogue = parse_catalogue(f"<html><head>{head}<ul>{rows(1, 2, 3)}</ul>", URL)
    assert (catalogue.title, catalogue.author) == (title, author)


@pytest.mark.parametrize(
    "html",
    ["", "<p>什么都没有", "<a href='/a'>首页</a><a href='/b'>排行</a><a href='/c'>书架</a>", "\x00\x01"],
)
def test_no_list_of_chapters_is_an_error_that_says_what_to_do(html: str) -> None:
    with pytest.raises(NoChaptersError, match="catalogue page"):
        parse_catalogue(html, URL)


def test_a_page_nested_without_end_is_refused_at_once() -> None:
    with pytest.raises(NoChaptersError, match="nested"):
        parse_catalogue("<div>" * 200_000, URL)
    with pytest.raises(NoChaptersError, match="nested"):
        parse_catalogue("".join(f"<b id={n}>" for n in range(5000)) + "<p>x" * 5000, URL)


@given(
    st.lists(
        st.sampled_from(
            [
                "<a href='1.html'>",
                "第一章",
                "</a>",
                "<ul>",
                "</div>",
                "<base href='//'>",
                "<a href='::'>",
                "&#x",
                "<li>",
            ]
        )
    )
)
def test_any_page_gives_a_catalogue_or_a_clear_error(parts: list[str]) -> None:
    try:
        catalogue = parse_catalogue("".join(parts), URL)
    except NoChaptersError:
        return
    assert len({entry.url for entry in catalogue.entries}) == len(catalogue.entries) > 0


def test_links_that_only_a_program_sees_are_left_out() -> None:
    decoys = "<style>ul.list>li:nth-child(1), ul.list>li:nth-last-child(1){display:none}</style>"
    items = "".join(f"<li>{rows(n)}</li>" for n in (9, 1, 2, 3, 4, 7))
    assert urls(f"{decoys}<ul class=list>{items}</ul>") == [f"/book/1/{n}.html" for n in range(1, 5)]


def test_a_list_folded_up_until_it_is_asked_for_is_read() -> None:
    html = f"<style>.more{{display:none}}</style><dl>{rows(1, 2)}</dl><dl class=more>{rows(3, 4, 5)}</dl>"
    assert urls(html) == [f"/book/1/{n}.html" for n in range(1, 6)]


def test_newest_chapters_of_many_books_are_no_catalogue() -> None:
    html = "".join(
        f'<li><a href="/book/{n}/{n * 7}.html">第{n * 37 % 101}章 风</a></li>' for n in range(5, 30)
    )
    with pytest.raises(NoChaptersError):
        parse_catalogue(f"<ul>{html}</ul>", "https://example.com/")


def test_books_named_beside_this_one_are_no_chapters() -> None:
    names = ("the-river", "a-quiet-lamp", "snow-on-the-wall", "nine-boats")
    html = "".join(f'<li><a href="/novel/{name}">{name}</a></li>' for name in names)
    with pytest.raises(NoChaptersError):
        parse_catalogue(f"<ul>{html}</ul>", "https://example.com/novel/the-ferryman")


def test_a_chapter_in_a_directory_of_its_own_name() -> None:
    paths = [f"/novel/the-ferryman/chapter-{n}-{word}/" for n, word in enumerate(("rain", "ice", "fog"), 1)]
    html = "".join(f'<li><a href="{path}">Chapter {n}</a></li>' for n, path in enumerate(paths, 1))
    turn = f'<a href="{paths[0]}">Read Now</a><a href="/novel/the-ferryman/x/">Next</a>'
    assert urls(f"{turn}<ul>{html}</ul>", "https://example.com/novel/the-ferryman/") == paths


def test_the_newest_of_a_book_without_numbers_are_turned_by_their_addresses() -> None:
    def named(*numbers: int) -> str:
        return "".join(f'<dd><a href="{n}.html">{"风雨雷电山水火木"[n - 1]}起</a></dd>' for n in numbers)

    html = f"<dl><dt>最新章节</dt>{named(8, 7, 6)}<dt>正文</dt>{named(1, 2, 3, 4)}</dl>"
    assert urls(html) == [f"/book/1/{n}.html" for n in (1, 2, 3, 4, 6, 7, 8)]


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (
            "<title>还灯记, 还灯记全文在线阅读 - 某某小说</title><h1 id=logo>某某小说</h1><h1>还灯记</h1>",
            "还灯记",
        ),
        (
            "<title>还灯记，一部旧事（作者）在线阅读-某某网</title><h2>某某网</h2><h2>还灯记，一部旧事</h2>",
            "还灯记，一部旧事",
        ),
        ("<title>还灯记,免费阅读|txt|某某网</title><div class=logo><h1>某某网</h1></div>", "还灯记"),
        ("<title>某某网 - 还灯记</title><h1>还灯记</h1>", "还灯记"),
    ],
)
def test_the_books_title_not_the_sites(head: str, title: str) -> None:
    assert parse_catalogue(f"{head}<dl>{rows(1, 2, 3)}</dl>", URL).title == title


def test_the_last_volume_may_be_all_that_the_latest_block_shows() -> None:
    volumes = f"<dt>第一卷 夜航</dt>{rows(1, 2, 9, 3, 4, 5, 6)}<dt>第二卷 归舟</dt>{rows(7, 8, 9)}"
    html = f"<dl><dt>最新章节</dt>{rows(9, 8, 7)}{volumes}</dl>"
    assert urls(html) == [f"/book/1/{n}.html" for n in range(1, 10)]


def test_latest_blocks_on_every_page_do_not_hide_a_short_last_page() -> None:
    latest = f"<ul>{rows(9, 8, 7)}</ul>"
    pages = [
        parse_page(f"{latest}<div><ul>{rows(*numbers)}</ul></div>", f"{URL}index_{page}.html")
        for page, numbers in enumerate(([1, 2, 3, 4], [9, 5, 6], [7, 8, 9]), start=1)
    ]
    assert [entry.url for entry in assemble(pages).entries] == [f"{URL}{n}.html" for n in range(1, 10)]


def test_the_first_page_of_a_list_may_have_a_name_of_its_own() -> None:
    html = f"<dl>{rows(*range(101, 108))}</dl><a href='index_2.html'>2</a><a href='/top/3.html'>3</a>"
    assert parse_page(html, URL + "all.html").pages == {2: URL + "index_2.html"}


def test_a_list_that_names_the_book_before_each_chapter_runs_backwards() -> None:
    html = "".join(
        f'<div><a href="/chapter/some-book-chapter-{n}/77{n:02}/">'
        f"<b>Some Book Chapter {n}</b> <i>2 days ago</i></a></div>"
        for n in range(12, 0, -1)
    )
    found = urls(f"<main>{html}</main>", "https://example.com/novel/some-book.html")
    assert found == [f"/chapter/some-book-chapter-{n}/77{n:02}/" for n in range(1, 13)]


@pytest.mark.parametrize("said", ["Ch.{}", "Episode {}", "Capítulo {}", "{}화", "章{}"])
def test_a_list_runs_backwards_whatever_its_chapters_are_called(said: str) -> None:
    html = "".join(
        f'<li><a href="x{n * 7919 % 101:03}.html">{said.format(n)}</a>' for n in range(12, 0, -1)
    )
    assert titles(f"<ul>{html}</ul>") == [said.format(n) for n in range(1, 13)]


@pytest.mark.parametrize("said", ["Ch.{}-{}", "C.{} - C.{}", "Chapters {}–{}", "第{}-{}章"])
def test_pages_of_a_list_are_called_by_their_chapters(said: str) -> None:
    pages = "".join(f"<a href='?page={n}'>{said.format(n * 50 - 49, n * 50)}</a>" for n in (1, 2, 3))
    html = f"<nav>{pages}</nav><ul>{rows(*range(1, 51))}</ul>"
    assert parse_page(html, URL + "?page=1").pages == {51: URL + "?page=2", 101: URL + "?page=3"}


def test_chapters_elsewhere_that_name_the_books_number_are_its_own() -> None:
    chapters = "".join(f'<li><a href="/read/4711-lamp/chapter/9{n}/">Part the {n}th</a>' for n in range(6))
    reviews = "".join(f'<li><a href="?tab=review&cid={n}">Apr {n}, 2023</a>' for n in range(5))
    found = urls(f"<ol>{chapters}</ol><ol>{reviews}</ol>", "https://example.com/series/4711/lamp/")
    assert found == [f"/read/4711-lamp/chapter/9{n}/" for n in range(6)]


def test_a_title_that_is_a_number_is_no_page() -> None:
    titles = ["1 灯", "2 船", "3", "4 夜", "5 雨"]
    listed = "".join(f"<li><a href=90{n}.html>{title}</a>" for n, title in enumerate(titles))
    pages = "".join(f"<a href={n}.html>{n}</a>" for n in (2, 3, 4))
    assert len(urls(f"<ul>{listed}</ul><div>{pages}</div>")) == len(titles)


def test_a_shelf_of_books_with_their_newest_chapters_is_no_catalogue() -> None:
    html = "".join(
        f"<li><a href=/book/{n}.html>书{n}</a><ul>"
        + "".join(f"<li><a href=/book/{n}/{k}.html>第{(n * 37 + k) % 90}章 夜</a>" for k in (7, 8, 9))
        + "</ul>"
        for n in range(100, 112)
    )
    with pytest.raises(NoChaptersError):
        parse_catalogue(f"<ul>{html}</ul>", "https://example.com/cat/3.html")


@pytest.mark.parametrize(
    "said",
    ["<p>Author:&nbsp;<a>Jane  Doe</a></p>", "<dt>Author(s)</dt>: Jane Doe", "<i>Tác giả:</i> Jane Doe"],
)
def test_an_authors_name_may_have_blanks(said: str) -> None:
    page = f"<h1>Lamp</h1>{said}<ul>{rows(1, 2, 3)}</ul>"
    assert parse_catalogue(page, URL).author == "Jane Doe"


@pytest.mark.parametrize(
    "said", ["全部章节", "Full-page index", "View all chapters", "Mục lục", "全話一覧"]
)
def test_the_whole_list_may_be_elsewhere(said: str) -> None:
    html = f"<a href=all.html>{said}</a><a href=/all>All novels</a><ul>{rows(9, 8, 7)}</ul>"
    assert parse_page(html, URL).wholes == [(URL + "all.html", True)]


@pytest.mark.parametrize(
    ("said", "status"),
    [("状态：连载中", "ongoing"), ("<b>Status: </b>Completed", "finished"), ("Status quo", ""), ("", "")],
)
def test_whether_the_book_goes_on(said: str, status: str) -> None:
    html = f"<style>.n-status, .tags {{ color: red }}</style><p>{said}</p><ul>{rows(1, 2, 3)}</ul>"
    assert parse_catalogue(html, URL).details.status == status


def test_a_list_in_several_orders_is_no_catalogue() -> None:
    orders = "".join(f"<a href='?orderby={name}&page=1'>{name}</a>" for name in ("new", "views", "name"))
    with pytest.raises(NoChaptersError):
        parse_catalogue(f"<div>{orders}</div>", "https://example.com/genre/quiet/")


def test_the_newest_chapter_alone_is_no_catalogue() -> None:
    with pytest.raises(NoChaptersError):
        parse_catalogue(f"<p>{rows(593)}</p>", URL)
    assert len(urls(f"<p>{rows(1)}</p>")) == 1


def test_posts_with_the_day_behind_their_names_are_one_list() -> None:
    days = [
        f"/{place}/chapitre-{n}-x{n}y/2017/08/{n:02}/"
        for place, n in (("a", 1), ("a", 2), ("b/c", 3), ("b", 4))
    ]
    html = "".join(f"<li><a href={day}>Chapitre {n} : Lampe</a>" for n, day in enumerate(days, 1))
    assert urls(f"<ul>{html}</ul>", "https://example.com/category/lampe/") == days


def test_the_newest_chapters_on_the_first_of_several_pages_are_another_pages() -> None:
    html = f"<div><p>最新章节</p>{rows(99, 98, 97)}</div><ul>{rows(*range(1, 21))}</ul>"
    pages = "<p><a href=index_2.html>2</a> <a href=index_3.html>3</a></p>"
    assert urls(html + pages) == [f"/book/1/{n}.html" for n in range(1, 21)]
    assert urls(html)[-3:] == [f"/book/1/{n}.html" for n in (97, 98, 99)]
    both = assemble(
        [
            parse_page(html + pages, URL),
            parse_page(f"<ul>{rows(*range(21, 90))}</ul>", URL + "index_2.html"),
        ]
    )
    assert [entry.url[-7:] for entry in both.entries][-3:] == ["97.html", "98.html", "99.html"]


@pytest.mark.parametrize("said", ["Chương Mới Nhất", "Newest Chapters", "新着エピソード"])
def test_newest_chapters_are_announced_in_other_languages(said: str) -> None:
    newest = "".join(f"<li><a href={n}.html>Chapter {n}</a>" for n in (59, 58, 57))
    proper = "".join(f"<li><a href={n}.html>Chapter {n}</a>" for n in range(1, 57))
    html = f"<h2>{said}</h2><ul>{newest}</ul><h2>Danh sách chương</h2><ul>{proper}</ul>"
    catalogue = parse_catalogue(html, URL)
    assert [entry.url for entry in catalogue.entries][-3:] == [f"{URL}{n}.html" for n in (57, 58, 59)]
    assert {entry.volume for entry in catalogue.entries} == {""}
