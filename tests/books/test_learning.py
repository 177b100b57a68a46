"""What is learned from books made for it: prose with boilerplate, and prose that only looks like it."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.cleaning_rules import CleaningRules
from xuxie.books.learning import learn
from xuxie.books.removal import Context, Known, clean
from xuxie.books.templates import Names

Book = list[tuple[str, list[str]]]
NAMES = Names(book="渡口", author="听潮人")
PEOPLE, ACTS = (
    ("林珺", "沈喆", "周囧", "白芷", "老秤"),
    ("推开窗子", "数着铜钱", "折好那封信", "望着江面", "叹了口气"),
)
PLACES = ("钟楼底下", "后院的井边", "旧城墙根", "茶馆里头", "码头的石阶上")


def prose(random: Random) -> str:
    place, first, then = random.choice(PLACES), random.choice(ACTS), random.choice(ACTS)
    said = f"“在{place}等你到{random.randint(2, 99)}岁。”" if random.random() < 0.4 else ""
    return f"{random.choice(PEOPLE)}在{random.choice(PLACES)}{first}，{then}。{said}"


def novel(chapters: int = 20, seed: int = 1) -> Book:
    random = Random(seed)
    return [
        (f"第{number}章 {random.choice(PLACES)}", [prose(random) for _ in range(random.randint(12, 20))])
        for number in range(1, chapters + 1)
    ]


def rules_of(book: Book) -> CleaningRules:
    return learn(lambda: book, NAMES)


def cleaned(book: Book, rules: CleaningRules | None = None) -> Book:
    known = Known(rules or rules_of(book))
    return [(title, clean(lines, Context(title=title, known=known))[0]) for title, lines in book]


def framed(book: Book, top: Sequence[str] = (), bottom: Sequence[str] = ()) -> Book:
    """The book with lines above and below each chapter; {title} and {n} are filled in."""
    return [
        (title, [*(form.format(title=title, n=n * 137) for form in top), *lines]
         + [form.format(title=title, n=n * 137) for form in bottom])
        for n, (title, lines) in enumerate(book, start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("top", "bottom"),
    [
        (["一秒记住【青灯小说网】，为您提供精彩小说阅读。"], []),
        (["《渡口》 {title} 更新时间：2020-01-02 12:30 字数：{n}"], []),
        (["渡口", "作者：听潮人", "字数：{n}", "正文"], []),
        (["{title}_青灯"], []),
        ([], ["上一章", "返回目录", "下一章"]),
        ([], ["请记住本书首发域名：www.qingdengxs.com。青灯小说网手机版阅读网址：m.qingdengxs.com"]),
        ([], ["亲,点击进去,给个好评呗,分数越高更新越快,据说给青灯小说网打满分的最后都找到了漂亮的老婆哦!"]),
        ([], ["章节错误,点此举报(免注册),我们会尽快处理.", "青灯阁 与您相伴"]),  # by its place
        (["手机用户请浏览m.qingdengxs.com"], ["喜欢《渡口》请收藏：(www.qingdengxs.com)青灯更新最快。"]),
    ],
)  # fmt: skip
def test_boilerplate_above_and_below_goes(top: list[str], bottom: list[str]) -> None:
    assert cleaned(framed(novel(), top, bottom)) == novel()


@pytest.mark.parametrize(
    ("top", "bottom"),
    [
        (["大江东去，浪淘尽", "千古风流人物"], ["大江东去，浪淘尽"]),  # verse
        (["亲爱的玛丽", "见信如面"], ["此致", "敬礼", "你永远的朋友约翰", "一九一二年三月四日"]),  # letters
        (["2012年3月4日 22:30 晴"], []),  # a diary
        (["〔第{n}天 阴〕", "地点：钟楼"], []),
        (["话说"], ["毕竟后事如何，且听下回分解。", "未知性命如何，且听下回分解"]),
        (["“你来了。”", "“嗯。”"], ["谁也没有说话。"]),  # dialogue
        (["“推荐票？”她笑了起来，“请大家收藏本站小说。”"], ["他把最新章节收藏在匣子里。"]),
        (["【状态：健康】", "【等级：{n}】"], ["【任务完成，经验+{n}】"]),  # a story's own tables
        (["（幕启）"], ["（幕落）"]),
        (["＊＊＊"], ["* * *", "——", "1"]),
    ],
)
def test_what_stories_repeat_stays(top: list[str], bottom: list[str]) -> None:
    book = framed(novel(), top, bottom)
    rules = rules_of(book)
    assert rules.rules == ()
    assert cleaned(book, rules) == book


def test_what_stays_for_want_of_proof_is_told() -> None:
    rules = rules_of(framed(novel(), ["千古风流人物"]))
    assert [(kept.example, kept.chapters) for kept in rules.kept] == [("千古风流人物", 20)]


def test_lines_that_are_rare_or_in_the_midst_are_no_boilerplate() -> None:
    book = novel(40)
    for place in (3, 17, 30, 31):  # a tenth of the chapters
        book[place][1].append("本章由他口述")
    for _, lines in book:
        lines.insert(7, "正文")
    assert cleaned(book) == book


INSIDE = [
    "手机用户请浏览m.qingdengxs.com阅读，更优质的阅读体验。",
    "（一秒记住【青灯小说网】，更新最快！）",
    "看最新章节就上青灯小说网",
    "ｗwＷ.ＱingＤengXs.cоm",
]


def scattered(book: Book, advert: str) -> Book:
    """The book with the advertisement in a line of each chapter, its case at random."""
    random = Random(3)
    for _, lines in book:
        place = random.randrange(len(lines))
        at = random.randrange(len(lines[place]))
        spelled = "".join(letter.upper() if random.random() < 0.5 else letter for letter in advert)
        lines[place] = lines[place][:at] + spelled + lines[place][at:]
    return book


@pytest.mark.parametrize("advert", INSIDE)
def test_what_is_inserted_into_lines_is_cut_out_and_no_letter_more(advert: str) -> None:
    book = scattered(novel(24), advert)
    rules = rules_of(book)
    assert [rule.where for rule in rules.rules if rule.where != "address"] == ["inside"]
    letters = [[only_letters(line) for line in lines] for _, lines in cleaned(book, rules)]
    assert letters == [[only_letters(line) for line in lines] for _, lines in novel(24)]


def test_words_of_sites_that_a_learned_address_leaves_behind_go_with_it() -> None:
    book = scattered(novel(24), INSIDE[-1])
    book[4][1].insert(8, f"最新网址：{INSIDE[-1]}")
    assert cleaned(book) == novel(24)


def only_letters(line: str) -> str:
    return "".join(filter(str.isalnum, line))


def test_a_sentence_that_advertisements_often_follow_stays() -> None:
    random, book = Random(7), novel(24)
    for _, lines in book:
        lines[3] += "谁也没有先开口。"
    plain = [(title, list(lines)) for title, lines in book]
    for _, lines in book:
        lines[3] += random.choice(("(", "", "【")) + "".join(
            letter.upper() if random.random() < 0.5 else letter for letter in "ｗｗw.qingｄengxs。сom"
        )
    assert cleaned(book) == plain


def test_two_advertisements_that_begin_alike_are_told_apart() -> None:
    random, book = Random(5), novel(40)
    for number, (_, lines) in enumerate(book):
        place = random.randrange(len(lines))
        at = random.randrange(len(lines[place]))
        advert = "一秒记住青灯小说网" + ("更新最快" if number % 3 else "为您提供精彩小说阅读")
        lines[place] = lines[place][:at] + advert + lines[place][at:]
    assert cleaned(book) == novel(40)


@pytest.mark.parametrize(
    "said",
    ["“求月票，求推荐票，更新最快的小说网！”", "他打开www.example.com看了看，", "他在看小说，"],
)
def test_what_the_story_itself_says_of_sites_stays(said: str) -> None:
    book = [(title, [*lines[:5], said + lines[5], *lines[6:]]) for title, lines in novel(30)]
    assert cleaned(book) == book


def test_the_site_of_the_book_is_known_without_learning() -> None:
    rules = learn(lambda: novel(1), Names(book="渡口", host="www.qingdengxs.com"))
    assert [(rule.where, rule.pattern) for rule in rules.rules] == [("address", "qingdengxscom")]
    line = "他走了。www.qingdengxs.com"
    assert clean([line], Context(known=Known(rules)))[0] == ["他走了。"]
    for host in ("127.0.0.1", "localhost", ""):
        assert learn(lambda: novel(1), Names(host=host)).rules == ()


def test_two_chapters_teach_nothing() -> None:
    assert rules_of(framed(novel(2), ["一秒记住【青灯小说网】，最快更新。"])).rules == ()


def test_equal_books_give_equal_rules() -> None:
    book = framed(novel(), ["{title}_青灯"], INSIDE[:1])
    assert rules_of(book) == rules_of(book)


REFRAIN = st.sampled_from(
    [
        "大江东去",
        "“走吧。”",
        "且听下回分解",
        "诗曰：",
        "他没有回头。",
        "亲爱的玛丽",
        "正是",
        "1",
        "第二天",
        "（完毕）",
    ]
)


@given(st.lists(REFRAIN, max_size=4), st.lists(REFRAIN, max_size=4), st.integers(0, 5))
def test_prose_never_goes(top: list[str], bottom: list[str], seed: int) -> None:
    book = framed(novel(6, seed), top, bottom)
    assert rules_of(book).rules == ()
