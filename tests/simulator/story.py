"""The book that a site serves: written from a small grammar, the same for the same seed.

    novel = write_novel(Random(7), chapters=12)
    novel.chapters[0].paragraphs

Its prose has what misleads crawlers: refrains that many chapters share, words of web pages, one-word
lines, characters outside GB2312.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from random import Random

NAMES = ("林珺", "沈喆", "阿堃", "周囧", "陆九", "白芷", "老秤", "小满")
BOOKS = ("半江渔火", "长街雪", "北渡", "镕炉记", "雁字回时", "山海旧闻录")
AUTHORS = ("听潮人", "青石巷口", "老舵工", "卖灯的")
TIMES = [
    "天快亮的时候",
    "过了晌午",
    "第三天夜里",
    "雨停之后",
    "鸡叫头遍",
    "入秋以后",
    "掌灯时分",
    "雪下到第二日",
]
PLACES = [
    "渡口",
    "后院的井边",
    "书局门前",
    "旧城墙根",
    "码头的石阶上",
    "钟楼底下",
    "茶馆里头",
    "河神庙的廊下",
]
SIGHTS = (
    "水面上浮着一层薄雾",
    "石缝里长出几茎青草",
    "对岸的灯一盏一盏灭了",
    "风把幌子吹得啪啪地响",
    "桌上的茶还是热的",
    "檐下挂着一排冰凌",
    "墙上的告示只剩半张",
    "井绳磨得又光又滑",
)
ACTS = (
    "把那封信折了三折，塞进袖口",
    "数了数剩下的铜钱，一共二十七枚",
    "蹲下去摸了摸船板上的刻痕",
    "将油纸伞靠在门后，慢慢地解开包袱",
    "对着那面破镜子看了很久",
    "从怀里取出半块玉，放在灯下细看",
    "一步一步地退到门槛外面",
    "拿炭条在墙上又添了一道",
    "把刀鞘轻轻地搁在膝上",
    "推开窗子，朝北边望了一望",
)
THOUGHTS = (
    "心里明白这一趟是回不了头了",
    "忽然想起许多年前的那场大水",
    "不知道该从哪一句说起",
    "觉得自己像一只没有系缆的船",
    "只盼着天不要亮得太快",
    "隐约听见有人在叫自己的小名",
)
LINES = (
    "你到底见过那个人没有",
    "这条河我走了四十年，从没走错过",
    "信是谁送来的，送信的人往哪里去了",
    "把灯留下，人可以走",
    "天一亮，他们就会找到这里",
    "我欠你的，今夜一并还清",
    "那只箱子里装的，怕不是书",
    "你若是不信，自己去问钟楼上的老人",
    "再等一个时辰，潮水就上来了",
    "别回头，一直往北走",
)
SAID = ("低声说道", "冷笑了一声", "叹了口气", "摇着头说", "压低了嗓子问", "一字一句地答")
REFRAINS = ("“嗯。”", "“走吧。”", "他没有回头。", "谁也没有说话。")
TRAPS = (
    "“你来得太频繁了，请稍后再来。”门房说着，把小窗关上了。",
    "他翻到书的下一页，只见上头写着：本章未完。",
    "登录簿上没有他的名字，掌柜的要他先交三钱银子，才能进去阅读。",
    "那块牌子上写着“禁止访问”四个字，漆已经剥落了一半。",
    "“推荐票？”她笑了起来，“那是什么票，能坐船么？”",
    "他把最新的一章收藏在匣子里，目录却早已不见了。",
)
FIRST = ("孤", "寒", "残", "断", "夜", "古", "江", "雪", "故", "春")
SECOND = ("灯", "渡", "信", "钟", "桥", "舟", "井", "城", "影", "笛")
THIRD = ("初上", "无声", "旧约", "来客", "问路", "惊变", "重逢", "余音")
VOLUMES = ("第一卷 渡口", "第二卷 长夜", "第三卷 归舟")
NUMERALS = "零一二三四五六七八九"
NOTES = ("请假一天", "今日有事，请假条", "请假说明", "关于更新的几句话")
REASONS = ("家里有些事情", "身子不太舒服", "要出一趟远门")
NOTE = "今天{}，实在抽不出时间来写，请假一天，明天照常更新，还请各位书友见谅。"
THANKS = ("欠下的一章会在周末补上，作者在这里先谢过大家。", "缺的字数月底之前一定还清，多谢体谅。")
# Outside GBK: four bytes in GB18030.
RARE = "他认得碑上那个“㛃”字，却认不得旁边的“𠮷”字。"
TO_TRADITIONAL = str.maketrans(
    "与个临为举么书于亲从们优会伞传体余侠侧关内册写几击删别剑剥动区卖却压发变号叹后听启呗响图场块墙声处备头实对将尽层属并广库庙开张归录怀态惊户执报挂据搁摇数断无旧时"
    "显术机条来柜样桥梦楼槛欢残气没浏渔温滚满灭灯炉点热状现盏着码确窍笔签简粤约纸练细终经给继续绳缆缓缝网节茎荐获补装见览觉订认让记许论访证评试话该误说请读谁谅谢责质"
    "赏车转轻载输边过还这进连里钟钱铜银锁错键镕镜长门问间闻阅阶陆隐雾页顶频题风馆验鸡",
    "與個臨為舉麼書於親從們優會傘傳體餘俠側關內冊寫幾擊刪別劍剝動區賣卻壓發變號嘆後聽啟唄響圖場塊牆聲處備頭實對將盡層屬並廣庫廟開張歸錄懷態驚戶執報掛據擱搖數斷無舊時"
    "顯術機條來櫃樣橋夢樓檻歡殘氣沒瀏漁溫滾滿滅燈爐點熱狀現盞著碼確竅筆籤簡粵約紙練細終經給繼續繩纜緩縫網節莖薦獲補裝見覽覺訂認讓記許論訪證評試話該誤說請讀誰諒謝責質"
    "賞車轉輕載輸邊過還這進連裡鐘錢銅銀鎖錯鍵鎔鏡長門問間聞閱階陸隱霧頁頂頻題風館驗雞",
)


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter as the author wrote it."""

    title: str
    paragraphs: tuple[str, ...]
    volume: str = ""


@dataclass(frozen=True, kw_only=True)
class Novel:
    """A whole book in reading order."""

    title: str
    author: str
    introduction: str
    chapters: tuple[Chapter, ...]


def numeral(number: int) -> str:
    """1–199 in Chinese: 一, 十, 十二, 二十, 一百零五."""
    if number >= 100:
        rest = number % 100
        tail = "" if not rest else ("零" if rest < 10 else "一" if rest < 20 else "") + numeral(rest)
        return NUMERALS[number // 100] + "百" + tail
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else NUMERALS[tens] + "十"
    return head + (NUMERALS[ones] if ones else "")


def sentence(random: Random) -> str:
    """One sentence of narration."""
    who, other = random.sample(NAMES, 2)
    pattern = random.randrange(4)
    if pattern == 0:
        return f"{random.choice(TIMES)}，{who}来到{random.choice(PLACES)}，{random.choice(SIGHTS)}。"
    if pattern == 1:
        return f"{who}{random.choice(ACTS)}，{random.choice(THOUGHTS)}。"
    if pattern == 2:
        return f"{random.choice(PLACES)}，{random.choice(SIGHTS)}，{who}和{other}谁也没有先开口。"
    return f"{random.choice(TIMES)}，{who}{random.choice(ACTS)}。"


def paragraph(random: Random) -> str:
    """One paragraph: narration, or dialogue."""
    if random.random() < 0.35:
        who, line, said = random.choice(NAMES), random.choice(LINES), random.choice(SAID)
        if random.random() < 0.5:
            return f"“{line}。”{who}{said}，{random.choice(SIGHTS)}。"
        return f"{who}{said}：“{line}？{random.choice(LINES)}。”"
    return "".join(sentence(random) for _ in range(random.randint(1, 4)))


def write_chapter(random: Random, title: str, volume: str) -> Chapter:
    """A chapter of ten to twenty paragraphs, each different, with a refrain here and there."""
    own = dict.fromkeys(paragraph(random) for _ in range(random.randint(10, 18)))
    lines = list(own)
    for _ in range(random.randint(0, 2)):
        lines.insert(random.randint(1, len(lines) - 1), random.choice(REFRAINS))
    if random.random() < 0.3:
        lines.insert(random.randint(1, len(lines) - 1), random.choice(TRAPS))
    return Chapter(title=title, paragraphs=tuple(lines), volume=volume)


def write_novel(random: Random, faults: Set[str], *, chapters: int) -> Novel:
    """The book: its titles' numbers restart, jump or repeat as `faults` say."""
    names = random.sample([a + b + c for a in FIRST for b in SECOND for c in THIRD], chapters)
    written = []
    style = random.choice(("第{}章 {}", "第{}章 {}", "第{}回 {}", "第{}章：{}"))
    arabic = random.random() < 0.3
    places = numbers(random, faults, chapters)
    for place, (name, number) in enumerate(zip(names, places, strict=True)):
        title = style.format(number if arabic else numeral(number), name)
        volume = VOLUMES[place * len(VOLUMES) // chapters] if "volumes" in faults else ""
        written.append(write_chapter(random, title, volume))
    if "named-chapters" in faults:
        written[0] = replace(written[0], title="楔子")
        written[-1] = replace(written[-1], title="番外 " + names[-1])
    if "leave-notes" in faults:
        for title, reason, thanks in zip(random.sample(NOTES, 2), REASONS, THANKS, strict=False):
            place = random.randint(1, len(written) - 1)
            note = Chapter(
                title=title, paragraphs=(NOTE.format(reason), thanks), volume=written[place].volume
            )
            written.insert(place, note)
    if "four-byte-characters" in faults:
        written[1] = replace(written[1], paragraphs=(*written[1].paragraphs, RARE))
    if "huge-page" in faults:
        many = tuple(dict.fromkeys(paragraph(random) for _ in range(3000)))
        written[2] = replace(written[2], paragraphs=many)
    novel = Novel(
        title=random.choice(BOOKS),
        author=random.choice(AUTHORS),
        introduction="".join(sentence(random) for _ in range(3)),
        chapters=tuple(written),
    )
    return in_traditional(novel) if "big5" in faults else novel


def numbers(random: Random, faults: Set[str], count: int) -> list[int]:
    """The numbers in the titles."""
    if "volumes" in faults:
        size = [place * len(VOLUMES) // count for place in range(count)]
        return [place - size.index(size[place]) + 1 for place in range(count)]
    plain = list(range(1, count + 1))
    if "jumping-numbers" in faults:
        gap = random.randint(3, count - 3)
        plain = [number + (random.randint(2, 5) if number >= gap else 0) for number in plain]
        plain.sort()
    if "repeated-numbers" in faults:
        place = random.randint(2, count - 2)
        plain[place:] = [number - 1 for number in plain[place:]]
    return plain


def traditional(text: str) -> str:
    """`text` in traditional characters, as far as this grammar and the pages' words need them."""
    return text.translate(TO_TRADITIONAL)


def in_traditional(novel: Novel) -> Novel:
    """The same book in traditional characters."""
    chapters = tuple(
        Chapter(
            title=traditional(chapter.title),
            paragraphs=tuple(map(traditional, chapter.paragraphs)),
            volume=traditional(chapter.volume),
        )
        for chapter in novel.chapters
    )
    return Novel(
        title=traditional(novel.title),
        author=traditional(novel.author),
        introduction=traditional(novel.introduction),
        chapters=chapters,
    )
