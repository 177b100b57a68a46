import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.crawl.addresses import Guard, join, kind_of, normalise, origin
from xuxie.errors import ForbiddenError, InputError, NetworkError


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (" HTTPS://Example.COM/Book/1/#top ", "https://example.com/Book/1/"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("https://例子.测试/书/1", "https://xn--fsqu00a.xn--0zwm56d/%E4%B9%A6/1"),
        ("http://example.com/%E4%B9%A6?a=1&b=书", "http://example.com/%E4%B9%A6?a=1&b=%E4%B9%A6"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
    ],
)
def test_normalise(given: str, normal: str) -> None:
    assert normalise(given) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize(
    "wrong",
    [
        "", "mybook", "example.com/book/1/", "ftp://example.com/", "file:///etc/passwd", "data:text/html,x",
        "http://", "http:///a", "http://example.com:99999/", "http://[::1/", "http://a b/",
        "http://u:p@example.com/", "javascript:alert(1)", "http://" + "a" * 3000, "http://exa<mple/",
        "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://127.0.0.1./",
        "http://example.1/", "http://１２７.1/",
    ],
)  # fmt: skip
def test_anything_else_is_an_input_error(wrong: str) -> None:
    with pytest.raises(InputError):
        normalise(wrong)


@given(st.text())
def test_any_text_gives_an_address_or_a_clear_error(text: str) -> None:
    try:
        url = normalise(text)
    except InputError:
        return
    assert normalise(url) == url
    assert url.startswith(("http://", "https://"))


@given(st.text())
def test_joining_never_raises(link: str) -> None:
    url = join("https://example.com/book/1/", link)
    assert url is None or normalise(url) == url


def test_join_resolves_and_drops_fragments() -> None:
    assert join("https://example.com/book/1/", "../2/3.html#x") == "https://example.com/book/2/3.html"
    assert join("https://example.com/book/1/", "//m.example.com/a") == "https://m.example.com/a"
    assert join("https://example.com/", "javascript:void(0)") is None
    assert join("https://example.com/", "mailto:a@example.com") is None
    assert origin("https://example.com:81/a") == "https://example.com:81"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"), ("2606:4700::1111", "public"), ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"), ("0.0.0.0", "loopback"), ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"), ("10.0.0.1", "private"), ("192.168.1.1", "private"),
        ("172.16.0.1", "private"), ("100.64.0.1", "private"), ("fd00::1", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"), ("224.0.0.1", "private"),
        ("::ffff:10.0.0.1", "private"), ("2002:7f00:1::", "loopback"),
        ("64:ff9b::10.0.0.1", "private"), ("64:ff9b::8.8.8.8", "public"),
    ],
)  # fmt: skip
def test_kinds_of_addresses(address: str, kind: str) -> None:
    assert kind_of(address) == kind


HOSTS = {
    "public.example": ["8.8.8.8"],
    "rebound.example": ["8.8.8.8", "127.0.0.1"],
    "lan.example": ["10.0.0.5"],
}


def resolve(host: str) -> list[str]:
    if host[0].isdigit():
        return [host]
    if host not in HOSTS:
        raise OSError
    return HOSTS[host]


def test_a_public_crawl_stays_in_public() -> None:
    guard = Guard("https://public.example/book/1/", resolve)
    guard.check("https://public.example/other")
    for inside in (
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://rebound.example/",
    ):
        with pytest.raises(ForbiddenError):
            guard.check(inside)


def test_a_private_start_reaches_its_own_kind_only() -> None:
    guard = Guard("http://127.0.0.1:8000/", resolve)
    guard.check("http://127.0.0.1:9000/")
    guard.check("https://public.example/")
    for outside in ("http://10.0.0.1/", "http://169.254.169.254/", "http://lan.example/"):
        with pytest.raises(ForbiddenError):
            guard.check(outside)


def test_an_unknown_host_is_a_network_error() -> None:
    with pytest.raises(NetworkError, match=r"unknown\.example"):
        Guard("https://unknown.example/", resolve)
