"""The pages that show the chapters, with what does not belong to them.

    pages = ChapterPages(novel, places, faults, seed).all()       # path -> HTML

What belongs to a chapter is known beforehand; all else on its page must not be found in the result.
"""

from collections.abc import Set
from html import escape
from random import Random

from simulator.addresses import BASE_HREF, HOST, Addresses
from simulator.encoding import BAD
from simulator.markup import HANZI, Piece, framed, joined
from simulator.story import Chapter, Novel, sentence
from simulator.wording import BOTTOM_LINES, SITE, TOP_LINES, disguised, shell, turn

DAMAGED = 1  # the chapter with an undecodable byte
HIDDEN = "x7f3q"  # a class that the page's style sheet does not show
DECOYS = (
    '<p style="display:none">{}</p>',
    f'<span class="{HIDDEN}">{{}}</span>',
    '<div style="display: none;"><p>{}</p></div>',
    "<p hidden>{}</p>",
)
AD = '<div class="gg"><script>ad(3)</script><a href="/ad?id=3">最新最全的小说尽在青灯</a></div>'
REPORT = (
    '<p class="readinline"><a href="javascript:error(1)">『点此报错』</a><a>『加入书签，方便阅读』</a></p>'
)
UNFINISHED = ("本章未完，请点击下一页继续阅读", "（本章未完，请翻页）")
COMMENTS = (
    "写得真好，一口气看到这里，求作者快点更新。",
    "这一章有点短，不过伏笔埋得很深，那封信一定有问题。",
    "第一次看到这样写渡口的，文笔老练，已经推荐给朋友了。",
    "主角终于开窍了，前面看得我着急，下一章什么时候来？",
)


class ChapterPages:
    """Writes the pages of a book."""

    def __init__(self, novel: Novel, places: Addresses, faults: Set[str], seed: int) -> None:
        self.novel = novel
        self.places = places
        self.faults = faults
        self.random = Random(f"chapters {seed}")
        self.blurb = "".join(sentence(self.random) for _ in range(4))
        self.top = self.random.choice(TOP_LINES)
        self.bottom = self.random.choice(BOTTOM_LINES).format(title=novel.title)

    def all(self) -> dict[str, str]:
        """Every page of every chapter by its path."""
        pages = {}
        for place, chapter in enumerate(self.novel.chapters):
            parts = self.split(chapter)
            for number, lines in enumerate(parts, start=1):
                pages[self.places.page(place, number)] = self.page(place, lines, number, len(parts))
        return pages

    def split(self, chapter: Chapter) -> list[list[str]]:
        """The chapter's lines, page by page."""
        lines = list(chapter.paragraphs)
        if not any(name.startswith("pages-") for name in self.faults) or len(lines) < 4:
            return [lines]
        size = -(-len(lines) // self.random.randint(2, 3))
        return [lines[at : at + size] for at in range(0, len(lines), size)]

    def page(self, place: int, lines: list[str], number: int, count: int) -> str:
        """The `number`-th of a chapter's `count` pages."""
        chapter, here = self.novel.chapters[place], self.places.page(place, number)
        pieces = [Piece(text=line) for line in lines]
        if "undecodable-bytes" in self.faults and place == DAMAGED and number == 1:
            damage(pieces)
        self.advertise(pieces)
        self.mix_in(pieces)
        self.surround(pieces, chapter, number, count)
        row = self.turning(here, place, number, count)
        text = joined(pieces, self.faults, self.random)
        if "navigation-inside" in self.faults:
            text += f'{REPORT}<div class="bottem">{row}</div>'
        body = framed(text, self.heading(chapter, number, count), row, self.below(), self.faults)
        return self.whole(f"{chapter.title}_{self.novel.title}_{SITE}", body, here)

    def advertise(self, pieces: list[Piece]) -> None:
        """Put advertisements among and behind the lines."""
        if "advert-tails" in self.faults and self.random.random() < 0.7:
            ends = [place for place, piece in enumerate(pieces) if piece.text.endswith("。")]
            if ends:
                place = self.random.choice(ends)
                pieces[place] = Piece(text=pieces[place].text + disguised(self.random))
        if "disguised-adverts" in self.faults:
            for _ in range(self.random.randint(1, 2)):
                self.insert(pieces, Piece(text=disguised(self.random)))

    def mix_in(self, pieces: list[Piece]) -> None:
        """Put between the lines what a reader does not see, or sees as no line."""
        if "hidden-decoys" in self.faults:
            for _ in range(self.random.randint(1, 3)):
                decoy = self.random.choice(DECOYS).format(sentence(self.random) + f"本段由{SITE}提供。")
                self.insert(pieces, Piece(text=decoy, raw=True))
        if "ad-blocks" in self.faults:
            self.insert(pieces, Piece(text=AD, raw=True))

    def insert(self, pieces: list[Piece], piece: Piece) -> None:
        """Put one line anywhere behind the first."""
        pieces.insert(self.random.randint(1, len(pieces)), piece)

    def surround(self, pieces: list[Piece], chapter: Chapter, number: int, count: int) -> None:
        """Put above and below the lines what the site writes into the text."""
        if "heading-repeated" in self.faults:
            form = "正文 {}" if number == 1 and self.random.random() < 0.3 else "{}"
            pieces.insert(0, Piece(text=form.format(chapter.title)))
        if "page-marks" in self.faults and count > 1:
            pieces.insert(0, Piece(text=f"{chapter.title}第({number}/{count})页"))
        if "repeated-line-top" in self.faults:
            pieces.insert(0, Piece(text=self.top))
        if "unfinished-line" in self.faults and number < count:
            pieces.append(Piece(text=self.random.choice(UNFINISHED)))
        if "end-mark" in self.faults and number == count:
            pieces.append(Piece(text="(本章完)"))
        if "repeated-line-bottom" in self.faults:
            pieces.append(Piece(text=self.bottom))

    def heading(self, chapter: Chapter, number: int, count: int) -> str:
        """What stands above the text."""
        mark = f"（{number}/{count}）" if "page-marks" in self.faults and count > 1 else ""
        text = escape(chapter.title) + mark
        return f'<div class="title">{text}</div>' if "plain-heading" in self.faults else f"<h1>{text}</h1>"

    def turning(self, here: str, place: int, number: int, count: int) -> str:
        """The links to the pages around this one."""
        home, places = self.places.start, self.places
        before = after = home
        if number > 1:
            before = places.page(place, number - 1)
        elif place:
            before = places.chapter(place - 1)
        if number < count:
            after = places.page(place, number + 1)
        elif place + 1 < len(self.novel.chapters):
            after = places.chapter(place + 1)
        forward = "下一页" if number < count else "下一章"
        if "forward-says-chapter" in self.faults:
            forward = "下一章"
        if "forward-says-page" in self.faults:
            forward = "下一页"
        links = [escape(places.link(path, here)) for path in (before, home, after)]
        return turn(links[0], links[1], links[2], forward)

    def below(self) -> str:
        """Prose below the chapter that is none of it."""
        found = ""
        if "reader-comments" in self.faults:
            rows = "".join(
                f"<li><b>书友{self.random.randint(1000, 9999)}</b><p>{comment}</p></li>"
                for comment in self.random.sample(COMMENTS, 3)
            )
            found += f'<div class="comments"><h3>书友评论</h3><ul>{rows}</ul></div>'
        if "repeated-blurb" in self.faults:
            found += f'<div class="blurb"><h3>《{self.novel.title}》简介</h3><p>{self.blurb}</p></div>'
        return found

    def whole(self, title: str, body: str, here: str) -> str:
        """The page around a chapter."""
        head = f"<style>.{HIDDEN}{{display:none}}</style>" if "hidden-decoys" in self.faults else ""
        if "base-href" in self.faults:
            head += f'<base href="{HOST}{BASE_HREF}">'
        stranger = self.places.link(self.places.stranger, here)
        html = shell(title, body, self.random, head, stranger=stranger)
        if "glued-documents" in self.faults:
            banner = shell(SITE, "<p>欢迎光临。</p>", self.random)
            html = f"{banner}\n{html}\n<html><body><p>页面执行时间0.021秒</p></body></html>"
        return html


def damage(pieces: list[Piece]) -> None:
    """Put a byte that means nothing into the middle of the longest line."""
    place = max(range(len(pieces)), key=lambda place: len(pieces[place].text))
    text = pieces[place].text
    at = next(at for at in range(8, len(text)) if HANZI.match(text[at - 1]) and HANZI.match(text[at]))
    pieces[place] = Piece(text=text[:at] + BAD + text[at:])
