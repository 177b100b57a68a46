import pytest

from xuxie.books.headings import fold
from xuxie.crawl.html import UnusablePage
from xuxie.crawl.refusals import check_heading

TITLES = frozenset(map(fold, ("第七章 故影问路", "第七章 夜桥旧约", "第八章 归舟", "楔子")))


@pytest.mark.parametrize(
    "heading", ["第七章 故影问路", "渡口 第七章 故影问路（1/2）", "故影问路", "第七章 故影问路途"]
)
def test_a_page_names_its_chapter(heading: str) -> None:
    assert check_heading("第七章 故影问路", [heading], TITLES)


@pytest.mark.parametrize(
    "heading", ["第七章 夜桥旧约", "第七章 夜桥旧约（1/2）", "第九章 别家的书", "楔子"]
)
def test_a_page_names_another_chapter_of_the_same_number_or_not(heading: str) -> None:
    with pytest.raises(UnusablePage, match=heading[:3]):
        check_heading("第七章 故影问路", [heading], TITLES)


def test_a_number_with_another_spelling_of_the_name_is_the_chapters() -> None:
    assert check_heading("第七章 故影问路", ["第7章 故人问路"], TITLES)
