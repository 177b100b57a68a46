import contextlib
import zipfile
from pathlib import Path

import pytest

from xuxie.books import archive
from xuxie.books.epub import read_epub
from xuxie.books.package import resolve
from xuxie.errors import InputError, NoChaptersError

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
XHTML = "application/xhtml+xml"
NCX = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
NAV = f'<item id="nav" href="nav.xhtml" media-type="{XHTML}" properties="nav"/>'


def opf(names: list[str], extra: str = "", title: str = "老残游记") -> str:
    items = "".join(f'<item id="d{n}" href="{name}" media-type="{XHTML}"/>' for n, name in enumerate(names))
    spine = "".join(f'<itemref idref="d{n}"/>' for n in range(len(names)))
    return (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:creator>刘鹗</dc:creator></metadata>"
        f"<manifest>{items}{extra}</manifest><spine>{spine}</spine></package>"
    )


def page(body: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>'


def ncx(points: str) -> str:
    return f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def point(label: str, target: str, inner: str = "") -> str:
    return f'<navPoint><navLabel><text>{label}</text></navLabel><content src="{target}"/>{inner}</navPoint>'


def nav(items: str) -> str:
    return page(
        '<nav epub:type="landmarks"><ol><li><a href="c.xhtml">x</a></li></ol></nav>'
        f'<nav epub:type="toc"><ol>{items}</ol></nav>'
    )


def make(path: Path, files: dict[str, str | bytes]) -> Path:
    path = path / "book.epub"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip")
        for name, content in {"META-INF/container.xml": CONTAINER, **files}.items():
            file.writestr(name, content)
    return path


def chapters(path: Path) -> list[tuple[str, list[str]]]:
    return [(chapter.title, chapter.paragraphs) for chapter in read_epub(path).chapters]


def test_epub_2_with_ncx(tmp_path: Path) -> None:
    path = make(
        tmp_path,
        {
            "OEBPS/book.opf": opf(
                ["cover.xhtml", "text/1.xhtml", "text/1b.xhtml", "text/%E4%BA%8C.xhtml"], NCX
            ),
            "OEBPS/toc.ncx": ncx(
                point("封面", "cover.xhtml")
                + point("第一回 雪", "text/1.xhtml")
                + point("第二回 雨", "text/%E4%BA%8C.xhtml")
            ),
            "OEBPS/cover.xhtml": page("<p>封面</p>"),
            "OEBPS/text/1.xhtml": page("<h1>第一回 雪</h1><p>话说。</p>"),
            "OEBPS/text/1b.xhtml": page("<p>那年。<br/>老残。</p>"),
            "OEBPS/text/二.xhtml": page("<p>却说。</p>"),
        },
    )
    book = read_epub(path)
    assert (book.title, book.author, book.preamble) == ("老残游记", "刘鹗", ["封面"])
    assert chapters(path) == [
        ("第一回 雪", ["第一回 雪", "话说。", "那年。", "老残。"]),
        ("第二回 雨", ["却说。"]),
    ]


def test_epub_3_with_several_anchors_in_one_document(tmp_path: Path) -> None:
    path = make(
        tmp_path,
        {
            "OEBPS/book.opf": opf(["nav.xhtml", "c.xhtml"], NAV),
            "OEBPS/nav.xhtml": nav(
                '<li><a href="c.xhtml#a">第一章 雪</a></li>'
                '<li><a href="c.xhtml#b">第二章 <b>雨</b></a></li>'
            ),
            "OEBPS/c.xhtml": page(
                '<p>题记</p><h2 id="a">第一章 雪</h2><p>一。</p><a id="b"/><h2>第二章 雨</h2><p>二。</p>'
            ),
        },
    )
    book = read_epub(path)
    assert chapters(path) == [("第一章 雪", ["第一章 雪", "一。"]), ("第二章 雨", ["第二章 雨", "二。"])]
    assert book.preamble == ["题记", "x", "第一章 雪", "第二章 雨"]


def test_volumes_of_nested_contents(tmp_path: Path) -> None:
    inner = [point("第一章", f"{n}.xhtml#c") for n in (1, 2)]
    path = make(
        tmp_path,
        {
            "OEBPS/book.opf": opf(["1.xhtml", "2.xhtml"], NCX),
            "OEBPS/toc.ncx": ncx(
                point("第一卷", "1.xhtml", inner[0]) + point("第二卷", "2.xhtml", inner[1])
            ),
            "OEBPS/1.xhtml": page('<h1>第一卷</h1><h2 id="c">第一章</h2><p>一。</p>'),
            "OEBPS/2.xhtml": page('<h1>第二卷</h1><h2 id="c">第一章</h2><p>二。</p>'),
        },
    )
    assert chapters(path) == [
        ("第一章", ["第一卷", "第一章", "一。"]),
        ("第一章", ["第二卷", "第一章", "二。"]),
    ]
    assert [chapter.volume for chapter in read_epub(path).chapters] == ["第一卷", "第二卷"]


def test_without_contents_the_headings_are_the_titles(tmp_path: Path) -> None:
    path = make(
        tmp_path,
        {
            "OEBPS/book.opf": opf(["1.xhtml", "2.xhtml"]),
            "OEBPS/1.xhtml": page("<h1>雪夜</h1><p>一。</p><h1>雨夜</h1><p>二。</p>"),
            "OEBPS/2.xhtml": page("<p>第三章 雷</p><p>三。</p>"),
        },
    )
    assert chapters(path) == [
        ("雪夜", ["雪夜", "一。"]),
        ("雨夜", ["雨夜", "二。"]),
        ("第三章 雷", ["第三章 雷", "三。"]),
    ]


def test_a_long_text_before_the_first_entry_is_a_chapter(tmp_path: Path) -> None:
    path = make(
        tmp_path,
        {
            "OEBPS/book.opf": opf(["1.xhtml", "2.xhtml"], NCX),
            "OEBPS/toc.ncx": ncx(point("第一章", "2.xhtml")),
            "OEBPS/1.xhtml": page("<p>这是一篇很长的序言。</p>" * 60),
            "OEBPS/2.xhtml": page("<p>一。</p>"),
        },
    )
    assert [title for title, _ in chapters(path)] == ["老残游记", "第一章"]


def test_ruby_blocks_and_white_space(tmp_path: Path) -> None:
    body = (
        "<script>x()</script><p>他<ruby>汉<rp>(</rp><rt>hàn</rt><rp>)</rp>字</ruby>是\n  好的 a\n b。</p>"
        "<div>前<p>中&amp;</p>后</div><p> &#12288; </p><!-- 注 --><p/><p>末</p>"
    )
    path = make(tmp_path, {"OEBPS/book.opf": opf(["1.xhtml"]), "OEBPS/1.xhtml": page(body)})
    assert chapters(path) == [("老残游记", ["他汉字是好的 a b。", "前", "中&", "后", "末"])]


def test_a_document_in_gbk(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="gb2312"?><html><body><p>话说山东登州府。</p></body></html>'
    path = make(tmp_path, {"OEBPS/book.opf": opf(["1.xhtml"]), "OEBPS/1.xhtml": text.encode("gbk")})
    assert chapters(path)[0][1] == ["话说山东登州府。"]


def test_entities_are_not_expanded_and_nothing_outside_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("秘密", "utf-8")
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈"><!ENTITY b "&a;&a;&a;">'
        f'<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    )
    package = bomb + opf(["1.xhtml", "../../secret.txt", "/etc/passwd"], title="书&b;&f;")
    path = make(tmp_path, {"OEBPS/book.opf": package, "OEBPS/1.xhtml": page("<p>话说。</p>")})
    book = read_epub(path)
    assert "哈" not in book.title
    assert "秘密" not in str(book)
    assert len(book.chapters) == 1


def test_deep_nesting_is_read(tmp_path: Path) -> None:
    body = "<div>" * 20_000 + "深。" + "</div>" * 20_000
    path = make(tmp_path, {"OEBPS/book.opf": opf(["1.xhtml"]), "OEBPS/1.xhtml": page(body)})
    assert chapters(path)[0][1] == ["深。"]


def simple(tmp_path: Path, **more: str) -> Path:
    return make(
        tmp_path, {"OEBPS/book.opf": opf(["1.xhtml"]), "OEBPS/1.xhtml": page("<p>话说。</p>" * 50), **more}
    )


def encryption(uri: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:CipherData><e:CipherReference URI="{uri}"/></e:CipherData></e:EncryptedData>'
        "</encryption>"
    )


def test_drm_on_the_text_is_refused_and_on_fonts_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="DRM"):
        read_epub(simple(tmp_path, **{"META-INF/encryption.xml": encryption("OEBPS/1.xhtml")}))
    fonts = simple(tmp_path, **{"META-INF/encryption.xml": encryption("OEBPS/font.otf")})
    assert len(read_epub(fonts).chapters) == 1


def test_zip_encryption_is_refused(tmp_path: Path) -> None:
    path = simple(tmp_path)
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 4)
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        read_epub(path)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = simple(tmp_path)
    for cap, value in (("MAX_ENTRIES", 3), ("MAX_ENTRY_BYTES", 500), ("MAX_TOTAL_BYTES", 1000)):
        with monkeypatch.context() as patch:
            patch.setattr(archive, cap, value)
            with pytest.raises(InputError, match="refused"):
                read_epub(path)


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    path = simple(tmp_path)
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_epub(path)


@pytest.mark.parametrize("missing", ["META-INF/container.xml", "OEBPS/book.opf"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "book.epub"
    files = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": opf(["1.xhtml"])}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            if name != missing:
                file.writestr(name, content)
    with pytest.raises(InputError, match=missing):
        read_epub(path)


def test_damage_is_an_input_error(tmp_path: Path) -> None:
    path = simple(tmp_path)
    data = path.read_bytes()
    for cut in range(4, len(data), 37):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            read_epub(path)
    for place in range(0, len(data), 11):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with contextlib.suppress(InputError):
            assert read_epub(path).chapters


def test_a_book_of_pictures_has_no_chapters(tmp_path: Path) -> None:
    path = make(tmp_path, {"OEBPS/book.opf": opf(["1.xhtml"]), "OEBPS/1.xhtml": page('<img src="1.jpg"/>')})
    with pytest.raises(NoChaptersError):
        read_epub(path)


def test_references_stay_in_the_archive() -> None:
    assert resolve("OEBPS/text/nav.xhtml", "../a%20b.xhtml#x%20y") == ("OEBPS/a b.xhtml", "x y")
    assert resolve("OEBPS/a.opf", "http://example.org/x.xhtml") == ("", "")
    assert resolve("OEBPS/a.opf", "http://[") == ("", "")
