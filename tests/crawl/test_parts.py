from xuxie.crawl.parts import join_parts


def test_the_same_lines_on_top_of_all_pages_are_one_whatever_is_invisible_in_them() -> None:
    first = ["本站提供精彩小说阅读。", "楔子", "他走到门口。"]
    second = ["本站提\u200b供精彩小说阅读。", "楔\u2060子", "他回头看了一眼。"]
    assert join_parts([first, second], "楔子") == [*first, second[-1]]
