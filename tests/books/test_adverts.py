import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.adverts import (
    LATIN_RUN,
    address_in,
    advert_tail,
    is_advert,
    may_advertise,
    site_points,
    squeezed,
    without_brackets,
    words_of_sites,
)
from xuxie.books.phrases import ANCHOR


@pytest.mark.parametrize(
    "line",
    [
        'ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说$天"堂',
        "ww　w.xＩaoshuotxt.。net《t》xt小说天堂",
        'w w w. xiao shuotxt. n ett(xＴ小说"//天,堂/',
        "wwＷ。xiaoshuotxt=nett，xt，小;说，天'堂",
        "www-xiaoshuotxt-nett xt 小 说 天 堂",
        "www、xiaoshuotxt.net（／t／xt｜小／说天｜堂）",
        'wwＷ．xiaＯshuo txt.nett:xt.小``说".天 堂',
        "ωωω.хiаоshuо.соm",
        "https://www.xstt5.com",
        "m.biquge.cc 手机阅读",
        "TXT小说天堂  https://www.xstt5.com，最有文艺气息的文学网站，我们提供给您的小说不求最多，但求最经典最完整",
        "本书首发 www.example.com，请收藏本站，更新最快",
    ],
)
def test_advertisements(line: str) -> None:
    assert is_advert(line)
    assert address_in(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "话说天下大势，分久必合，合久必分。",
        "“你去 www.example.com 看看小说网站。”",
        "他打开电脑，敲下 www.example.com，然后就坐在那里一动不动地等着，一直等到天黑了下来。",
        "说罢便去了。www.example.com",
        "他上了www.example.com",
        "他放下小说，关掉网站，下载停了。www.example.com",
        "www.example.com是他唯一记得的地方，于是他又去了一次",
        "Eww, whatever. Come on!",
        "I met him. Me too, he said.",
        "sofliehtfuerdiesesleben",
        "butisayuntoyou，thatwhoseverlookthewomantolustafterherhathcommittedadulterywithher",
        "我喜欢看小说，也喜欢下载电影",
        "www.example.com不知端详，下回分解。",
        "月桂中天夜色寒，本书最新章节请到青灯小说网(www.example.com)阅读清光皎皎影团团。",
        "他说这本小说是在网站www.example.com上写完的，写了三年零六个月才写完的一个长长的故事",
    ],
)
def test_prose(line: str) -> None:
    assert not is_advert(line)


def test_the_same_site_in_every_disguise() -> None:
    first = address_in("www.xiaoshuotxt.net")
    assert (
        first
        == address_in('ＷＷＷ.xiＡosＨuoＴＸＴ.nett@xt`小$说$天"堂')
        == address_in("w w w. xiao shuotxt. n et")
    )


def test_an_address_behind_the_last_sentence() -> None:
    assert advert_tail("说罢便去了。www.xiaoshuotxt.net") == "www.xiaoshuotxt.net"
    assert advert_tail("说罢便去了。（www.xiaoshuotxt.net）") == "（www.xiaoshuotxt.net）"
    assert advert_tail("说罢便去了。wwＷ。xiaoshuotxt.net小说天堂") == "wwＷ。xiaoshuotxt.net小说天堂"
    assert advert_tail("他写道www.xiaoshuotxt.net") == ""
    assert advert_tail("说罢便去了。") == ""


def test_an_advertisement_in_brackets_is_told_from_prose_around_it() -> None:
    advert = "（手机用户请浏览m.example.com阅读，更优质的阅读体验。）"
    assert without_brackets(f"黛玉也笑道{advert}：") == ("黛玉也笑道：", [advert])
    for prose in ("他记下了网址（www.example.com），走了。", "他（很久以前的事了，记不清了）走了。"):
        assert without_brackets(prose) == (prose, [])


def test_points_of_sites() -> None:
    assert site_points("一秒记住【某某小说网】，更新最快") == 6
    assert site_points("他看了一夜小说") == 1
    assert site_points("话说天下大势") == 0


@given(st.text(max_size=80))
def test_any_line_is_judged(line: str) -> None:
    assert isinstance(is_advert(line), bool)
    assert line.rstrip().endswith(advert_tail(line))


WORDS = ("本站", "收藏本", "小说", "請記住", "请登录", "txt", "app", "www", "com")


@given(
    st.lists(
        st.one_of(st.sampled_from(WORDS), st.sampled_from("小说网月票ｗＷ`_·.ωа①㈱"), st.characters()),
        max_size=8,
    )
)
def test_a_line_that_cannot_advertise_has_nothing_of_sites(parts: list[str]) -> None:
    line = "".join(parts)
    if not may_advertise(line):
        bare = squeezed(line)
        assert words_of_sites(bare) == (0, 0)
        assert not LATIN_RUN.search(bare)
        assert not ANCHOR.search(bare)


@pytest.mark.parametrize("line", ["看小``说", "Ｗ．ｗ·w", "求㊊票", "最 新_章节", "请登陆", "t.x.t", "⑴ａ"])
def test_no_disguise_is_missed(line: str) -> None:
    assert may_advertise(line)


def test_prose_does_not_advertise() -> None:
    assert not may_advertise("他推开门，屋里没有人。“谁来过？”她问了第3遍——马克·吐温也答不上来…")
