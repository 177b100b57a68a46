"""The parts of a list of chapters: what stands together under one caption, a volume mostly.

    runs, trailing = split_runs(items, "还灯记")
    runs[0].volume == "第一卷 夜航"

A caption that no word proves to be a volume's counts only where a list has several of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from xuxie.books.headings import RANKS, entry_number, recognise
from xuxie.crawl.links import Caption, Link

LATEST = re.compile(
    r"最新|最近|近期|更新|[结結]局|latest|newest|recent|新着|mới (?:nhất|cập nhật)", re.IGNORECASE
)
NEWEST = re.compile(r"最[新近](?:章[节節]|更新)")
NAMELESS = re.compile(
    r"(?:《[^》]*》)?\s*(?:全文|小说|正文|全部|所有)?(?:正文卷?|目[录錄]列?表?|章[节節](?:目[录錄]|列表|正文)?|列表|卷)?"
    r"|(?:all |latest )?(?:chapters?|episodes?)(?: list| index)?|(?:table of )?contents"
    r"|目次|エピソード(?:一覧)?|(?:danh sách|mục lục) ?(?:chương)?",
    re.IGNORECASE,
)
TRIMMED = re.compile(
    r"\s*(?:[·・|]?\s*共\s*[0-9]+\s*[章节回].*|[\[【（(]\s*(?:分卷阅读|展开|收起|共).*|(?:顺序|倒序|正序)排列)$"
)
BRACKETED = re.compile(r"\s*[(（][^)）]*[)）]$")
NAMED = re.compile(
    r"番外|外[传傳篇]|作品相[关關]|[后後]传|前传|[感公][言告]|特典|短篇|附[录錄]|设定|楔子|序章"
)
FEW = 10  # captions; with more, a list that has one for most of its links has no volumes
MAX_VOLUME = 40  # characters


@dataclass
class Run:
    """Neighbours in one list under one caption."""

    volume: str = ""
    latest: bool = False
    links: list[Link] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """The numbers of its chapters, as far as they have one."""
        return [number for link in self.links if (number := entry_number(link.text)) is not None]


def split_runs(items: Sequence[Link | Caption], title: str) -> tuple[list[Run], str]:
    """The runs of a list, and the volume's name behind its last link."""
    groups = captioned(items)
    said = [governing(captions) for captions, _ in groups]
    if sum(map(bool, said)) > max(FEW, len(groups) / 2):  # a label for each chapter: its date, say
        said = [caption if caption and is_volume(caption.text) else None for caption in said]
    names = {volume_name(caption.text, title) for caption in said if caption} - {""}
    runs: list[Run] = []
    for caption, (_, link) in zip(said, groups, strict=False):
        if link is None:
            break
        if caption is not None:
            proven = is_volume(caption.text) or NAMED.search(caption.text) or len(names) > 1
            latest = is_latest(caption)
            volume = volume_name(caption.text, title) if proven and not latest else ""
            runs.append(Run(volume=volume, latest=latest))
        elif not runs or runs[-1].links[-1].block != link.block:
            runs.append(Run(volume=runs[-1].volume if runs else ""))
        runs[-1].links.append(link)
    last = next((caption for caption in groups[-1][0] if is_volume(caption.text)), None)
    return runs, volume_name(last.text, title) if last else ""


def captioned(items: Sequence[Link | Caption]) -> list[tuple[list[Caption], Link | None]]:
    """Each link with the captions before it; at the end those behind the last link, with None."""
    groups: list[tuple[list[Caption], Link | None]] = []
    waiting: list[Caption] = []
    for item in items:
        if isinstance(item, Caption):
            waiting.append(item)
        else:
            groups.append((waiting, item))
            waiting = []
    return [*groups, (waiting, None)]


def governing(captions: Sequence[Caption]) -> Caption | None:
    """Of the captions before a link, the one that speaks of the list: the last that names a volume."""
    volumes = [caption for caption in captions if is_volume(caption.text)]
    return next(iter((volumes or list(filter(is_caption, captions)))[::-1]), None)


def is_caption(caption: Caption) -> bool:
    """Whether a line between links is there to say what follows."""
    text = caption.text
    said = NEWEST.search(text) or NAMELESS.fullmatch(text)
    return caption.marked or said is not None or is_volume(text)


def is_latest(caption: Caption) -> bool:
    """Whether a caption says that the newest chapters follow."""
    return not is_volume(caption.text) and LATEST.search(caption.text) is not None


def is_volume(text: str) -> bool:
    """Whether a line says by itself that it names a volume."""
    heading = recognise(TRIMMED.sub("", text))
    return heading is not None and heading.rank < RANKS["章"] and not heading.doubtful


def volume_name(text: str, title: str) -> str:
    """The volume that a caption names: "" for `正文`, `《书名》目录` and the book's own title."""
    name = TRIMMED.sub("", text).strip().removeprefix(f"《{title}》").removeprefix(title).strip(" :：·-_")
    bare = BRACKETED.sub("", name) or name  # 全部章节 ( 书名 )
    return "" if len(name) > MAX_VOLUME or NAMELESS.fullmatch(bare) else name


def volume_number(name: str) -> int | None:
    """The number of a volume; 上中下 count too."""
    heading = recognise(name)
    return heading.number if heading else None
