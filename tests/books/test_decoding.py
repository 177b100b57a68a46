import time
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.books.decoding import decode
from xuxie.errors import InputError

SIMPLIFIED = "话说天下大势，分久必合，合久必分。他说：“这个人是我们的朋友，来了就不走了。”\n"
TRADITIONAL = "話說天下大勢，分久必合，合久必分。他說：「這個人是我們的朋友，來了就不走了。」\n"


@pytest.mark.parametrize(
    "declared", [None, "utf-8", "gbk", "big5", "x-unknown", "", "base64", "\0", "编码"]
)
@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (TRADITIONAL, "utf-16-be", "utf-16-be"),
    ],
)
def test_a_text_is_read_whatever_is_declared(
    text: str, encoding: str, expected: str, declared: str | None
) -> None:
    decoded = decode(text.encode(encoding), declared)
    assert (decoded.text, decoded.encoding, decoded.losses) == (text, expected, 0)


@pytest.mark.parametrize(
    ("mark", "encoding"), [(BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")]
)
def test_a_byte_order_mark_decides_and_is_no_text(mark: bytes, encoding: str) -> None:
    decoded = decode(mark + SIMPLIFIED.encode(encoding), "gbk")
    assert (decoded.text, decoded.encoding) == (SIMPLIFIED, encoding)


@pytest.mark.parametrize(
    ("encoding", "lost"), [("utf-8", 2), ("gb18030", 1), ("big5hkscs", 1), ("utf-16-le", 1)]
)
def test_a_file_cut_in_a_character_is_read_and_its_bytes_are_counted(encoding: str, lost: int) -> None:
    data = (TRADITIONAL * 3).rstrip().encode(encoding)[:-1]
    decoded = decode(data)
    assert decoded.text.startswith(TRADITIONAL)
    assert (decoded.encoding, decoded.losses) == (encoding, lost)


def test_damage_in_the_middle_is_replaced_and_counted() -> None:
    data = SIMPLIFIED.encode() + b"\xff\xfe" + SIMPLIFIED.encode()
    decoded = decode(data, "utf-8")
    assert decoded.text == SIMPLIFIED + "\ufffd\ufffd" + SIMPLIFIED
    assert (decoded.encoding, decoded.losses) == ("utf-8", 2)


def test_a_replacement_character_of_the_text_itself_is_no_loss() -> None:
    assert decode((SIMPLIFIED + "\ufffd").encode()).losses == 0
    assert decode((SIMPLIFIED + "\ufffd").encode() + b"\xff").losses == 1


def test_hanzi_beyond_gb2312_are_read_under_that_declaration() -> None:
    text = SIMPLIFIED + "朱镕基、喆、㐂、𠮷，這是繁體。"
    assert decode(text.encode("gb18030"), "gb2312").text == text


def test_a_short_answer_of_the_declared_charset() -> None:
    assert decode("第一章".encode("gbk"), "gb2312").text == "第一章"
    assert decode("第一章".encode("big5"), "Big5").text == "第一章"


def test_a_page_that_begins_with_much_ascii() -> None:
    page = "<script>" + "x=1;" * 50_000 + "</script>" + SIMPLIFIED * 20
    assert decode(page.encode("gbk"), "utf-8").text == page


def test_western_text_keeps_its_declared_charset() -> None:
    text = "Voilà le café, déjà fermé. " * 5
    assert decode(text.encode("cp1252"), "iso-8859-1").text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \r\n\t",
        bytes(range(256)) * 40,
        b"\x00\x01\x02\x03" * 100,
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00" + bytes(500),
        b"\x89PNG\r\n\x1a\n" + bytes(range(0, 256, 3)) * 50,
        b"\xff" * 1000,
    ],
)
def test_binary_data_and_nothing_are_input_errors(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=400), st.sampled_from([None, "gbk", "big5", "utf-16", "shift_jis"]))
def test_any_bytes_give_a_text_or_an_input_error(data: bytes, declared: str | None) -> None:
    try:
        decoded = decode(data, declared)
    except InputError:
        return
    assert decoded.text.strip()
    assert decoded.losses >= 0


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), min_size=1))
def test_utf8_is_always_read_as_it_is(text: str) -> None:
    if text.strip() and text.replace("\ufffd", "").strip():
        assert decode(text.encode()).text == text


def test_three_megabytes_are_quick() -> None:
    data = (SIMPLIFIED * 40_000).encode("gb18030")
    assert len(data) > 3_000_000
    started = time.perf_counter()
    assert decode(data, "big5").encoding == "gb18030"
    assert time.perf_counter() - started < 2
