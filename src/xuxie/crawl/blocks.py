"""Which block of a page holds its prose.

    weights = [weight(line) for line in layout.lines]
    scores = block_scores(layout, weights)          # the chapter is where the score is highest

Lines count by length and punctuation; links and a site's own phrases do not, and what says of itself
that it is something else (comments, the book's introduction) counts little.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from xuxie.crawl.lines import HEADINGS, Block, Layout, Line

PUNCTUATION = re.compile(r"[，。！？；…“”「」『』,.!?;]")
PLAIN = 0.25  # what a character counts in a line without punctuation: a title, a date, a verse
INHERITED = 0.5  # what a block's score counts for the block around it
TWIN = 0.25  # a sibling of the same name with this much of the best score is a part of the chapter
NAMED_TWIN = 0.08  # likewise, where the two have a class or an id
# What blocks are called that hold prose beside the chapter.
BESIDE = re.compile(
    r"comment|review|reply|pinglun|shuping|recommend|tuijian|copyright|footer|blurb|intro\b|sidebar|notice|announce"
    r"|disclaimer|author[_-]?(?:say|words?|notes?)|(?<![a-z])(?:ads?|advert\w*|sponsor\w*)(?![a-z])"
    r"|(?<![a-z])news(?=\s|$)",
    re.IGNORECASE,
)
SECTION = re.compile(
    r"[简簡]介|[内內]容介[绍紹]|[书書][评評]|[评評][论論]|推[荐薦]|相[关關]|[热熱][门門]|排行|公告|最近更新|新[书書]|[读讀]者|友情"
)
# What blocks are called that hold the chapter; it counts where a page holds little: 请假一天.
TEXT = re.compile(
    r"(?:chapter|novel|book|story|read(?:er|ing)?|article|txt|entry)[_-]?(?:content|text|txt|body|con|nr)s?(?=\s|$)"
    r"|(?<=\s)(?:content|contents|text|txt|nr\d?|neirong|htmlcontent|showtxt|booktxt|noveltext|storytext)(?=\s|$)",
    re.IGNORECASE,
)
LITTLE = 200.0  # of prose
LESS = 0.2
BESIDES = 0.15  # of the chapter's prose; a block inside it with links and less of it is navigation
LINKED = 0.5  # a line with more of it in links is navigation
PHRASE = 120  # characters; in a longer line the words below are the story's own
# Each begins with a letter, and none is folded: so few places are looked at, in every line of every page.
PHRASES = re.compile(
    r"本站|本网站|版权|版權|copyright|Copyright|COPYRIGHT|转载|轉載|侵权|免责|备案|ICP|一秒记住|一秒記住|最快更新|手机(?:版|用户|阅读)|加入收藏|点击收藏|请收藏|大家收藏|收藏本|无弹窗|书友(?:[群圈]|推荐|要是)|温馨提示|溫馨提示|方向[键鍵]|快捷[键鍵]|回[车車][键鍵]"
)


@lru_cache(maxsize=1024)  # a site's pages are alike
def is_beside(name: str) -> bool:
    """Whether a block's name says that it is something else than the chapter."""
    return BESIDE.search(name) is not None


def weigh_less(layout: Layout, weights: list[float], start: int) -> set[int]:
    """Take weight from what says of itself that it is something else: comments, the book's introduction.

    By the name of its block, unless that holds most of the page; or by the heading above it, up to the
    end of the block that holds the heading. Returns the places of these lines.
    """
    beside: set[int] = set()
    total = sum(weights)
    below = list(accumulate(weights, initial=0.0))
    done = 0
    for block in layout.blocks:
        if block.first < done or not is_beside(block.name):
            continue
        prose = below[block.last] - below[block.first]
        if prose < total / 2:
            beside.update(range(block.first, block.last))
            done = block.last if prose else done
    for place in range(max(start, done), len(layout.lines)):
        line = layout.lines[place]
        if line.tag in HEADINGS and SECTION.search(line.text) and below[place] > below[start]:
            around = layout.blocks[layout.blocks[line.block].parent]
            beside.update(range(place, around.last))
    for place in beside:
        weights[place] *= LESS
    return beside


def navigation(layout: Layout, weights: Sequence[float], chosen: set[int]) -> set[int]:
    """The places of lines in blocks inside the chapter's that hold links, and next to no prose."""
    first = min(layout.blocks[part].first for part in chosen)
    last = max(layout.blocks[part].last for part in chosen)
    if not any(map(is_linked, layout.lines[first:last])):
        return set()
    below = list(accumulate(weights, initial=0.0))
    links = list(accumulate(map(is_linked, layout.lines), initial=0))
    total = sum(below[layout.blocks[part].last] - below[layout.blocks[part].first] for part in chosen)
    found: set[int] = set()
    for index, block in enumerate(layout.blocks):
        if index in chosen or block.last in found or links[block.last] == links[block.first]:
            continue
        inside = any(
            layout.blocks[part].first <= block.first and block.last <= layout.blocks[part].last
            for part in chosen
        )
        if inside and below[block.last] - below[block.first] < BESIDES * total:
            found.update(range(block.first, block.last))
    return found


def weight(line: Line) -> float:
    """How much a line looks like prose: its length, less for navigation and titles."""
    text, _, size, linked, tag = line
    if linked > LINKED * size or tag in HEADINGS or (len(text) < PHRASE and PHRASES.search(text)):
        return 0.0
    if PUNCTUATION.search(text):
        return float(size)
    return 0.0 if linked else PLAIN * size


def is_site(lines: Sequence[Line]) -> bool:
    """Whether most of some lines are what a site says of itself."""
    return 2 * sum(len(line.text) < PHRASE and bool(PHRASES.search(line.text)) for line in lines) > len(
        lines
    )


def is_linked(line: Line) -> bool:
    """Whether a line is navigation."""
    return line.linked > LINKED * line.size


def block_scores(layout: Layout, weights: Sequence[float]) -> list[float]:
    """Each block's own prose, and part of that of the blocks in it.

    A paragraph is no block of its own: what <p>, or a block of a single line, holds counts as its
    parent's.
    """
    own = [0.0] * len(layout.blocks)
    inherited = [0.0] * len(layout.blocks)
    for line, value in zip(layout.lines, weights, strict=True):
        own[line.block] += value
    for index in reversed(range(len(layout.blocks))):  # children before parents
        block = layout.blocks[index]
        if block.parent < 0:
            continue
        if block.tag == "p" or block.last - block.first <= 1:
            own[block.parent] += own[index]
            inherited[block.parent] += inherited[index]
            own[index] = inherited[index] = 0.0
        else:
            inherited[block.parent] += INHERITED * (own[index] + inherited[index])
    return [direct + below for direct, below in zip(own, inherited, strict=True)]


def named_text(blocks: Sequence[Block], weights: Sequence[float], best: int) -> int:
    """Where the best block holds little, the only block that is called the text instead."""
    below = list(accumulate(weights, initial=0.0))

    def prose(block: Block) -> float:
        return below[block.last] - below[block.first]

    if prose(blocks[best]) >= LITTLE:
        return best
    named = [index for index, block in enumerate(blocks) if TEXT.search(block.name) and prose(block)]
    inner = [
        index
        for index in named
        if not any(
            blocks[index].first <= blocks[other].first and blocks[other].last <= blocks[index].last
            for other in named
            if other > index
        )
    ]
    return inner[0] if len(inner) == 1 else best


def innermost(blocks: Sequence[Block], weights: Sequence[float], best: int) -> int:
    """The smallest block that holds all the prose of the best one: its frame holds a footer, say."""
    below = list(accumulate(weights, initial=0.0))
    whole, found = blocks[best], best
    names: Counter[str] = Counter()
    for index in range(best + 1, len(blocks)):
        block = blocks[index]
        if block.first < whole.first or block.last > whole.last or block.tag == "p":
            continue
        if below[block.first] != below[whole.first] or below[block.last] != below[whole.last]:
            continue
        if block.last - block.first <= 1:  # a single line among its like is a paragraph
            names = names or Counter(each.name for each in blocks)
            if names[block.name] > 1:
                continue
        found = index
    return found


def twins(blocks: Sequence[Block], scores: Sequence[float], best: int) -> set[int]:
    """The best block and its equals beside it: a chapter in several parts.

    The last part may be short; where a name says that two blocks are equal, size counts less.
    """
    chosen = blocks[best]
    least = (NAMED_TWIN if chosen.name.strip() != chosen.tag else TWIN) * scores[best]
    return {best} | {
        index
        for index, block in enumerate(blocks)
        if block.parent == chosen.parent and block.name == chosen.name and scores[index] >= least > 0
    }
