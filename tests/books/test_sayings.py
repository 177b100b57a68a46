import pytest

from xuxie.books.removal import Context, clean
from xuxie.books.sayings import is_saying


@pytest.mark.parametrize(
    "line",
    [
        "Visit lamp.example.com for more novels",
        "This chapter is updated by lamp.example.com",
        "The source of this content is lamp.net",
        "Find authorized novels in Lamp, faster updates, better experience, please click www.lamp.com.",
        "Follow current novels on lamp dot com",
        "Please read the newest chapters at https://lamp.example.org only.",
        "If you find any errors (broken links), please let us know < report chapter > so we can fix it.",
        "Tip: You can use left, right, A and D keyboard keys to browse between chapters.",
        "← Previous Chapter | Table of Contents | Next Chapter →",
        "Advertisement",
        "Bạn đang đọc truyện tại lamp.vn",
        "Nguồn: lamp.example.vn",
    ],
)
def test_what_sites_say_goes_wherever_it_stands(line: str) -> None:
    prose = ["The rain had stopped.", "The lamp still burned.", "Nobody saw him off."]
    assert is_saying(line)
    assert clean([prose[0], line, *prose[1:]], Context()) == (prose, [("advert", line)])


@pytest.mark.parametrize(
    "line",
    [
        "Visit me when you have read the story, he said.",
        "This chapter of his life was over.",
        "The rest of the story he told to him. Me too, she thought.",
        "“This chapter is updated by lamp.example.com,” said the screen.",
        "He wrote to lamp.example.com and found a novel there.",
        "Advertisements hung from every lamp in the street.",
        "Next chapter he would have to choose.",
    ],
)
def test_what_may_be_prose_stays(line: str) -> None:
    assert not is_saying(line)
