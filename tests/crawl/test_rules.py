from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuxie.crawl.rules import MAX_BYTES, load_rules, parse_rules, rules_for
from xuxie.errors import ConfigurationError, InputError
from xuxie.project import Project

WHOLE = """
# 某某小说网
hosts = ["example.com", "例子.com", "127.0.0.1"]

[catalogue]
list = "#list dd a"
title = "h1"
author = ".author > b"
next = "a.next"

[chapter]
title = "h1"
body = "#content, .more"
next = 'a[rel="next"]'
drop = ["*手机用户请浏览*", "本章由网友上传"]
"""


def test_a_whole_file() -> None:
    rules = parse_rules(WHOLE)
    assert rules.hosts == ("example.com", "xn--fsqu00a.com", "127.0.0.1")
    assert rules.catalogue.list == "#list dd a"
    assert rules.chapter.next == 'a[rel="next"]'
    assert rules.chapter.drop == ("*手机用户请浏览*", "本章由网友上传")


def test_only_hosts_are_needed() -> None:
    rules = parse_rules('hosts = ["example.com"]')
    assert rules.catalogue.list is None
    assert rules.chapter.drop == ()


@pytest.mark.parametrize(
    ("url", "matches"),
    [
        ("https://example.com/book/1/", True),
        ("http://m.example.com:8080/", True),
        ("http://127.0.0.1:5000/", True),
        ("https://xn--fsqu00a.com/", True),
        ("https://notexample.com/", False),
        ("https://example.com.cn/", False),
        ("https://example.org/?example.com", False),
    ],
)
def test_rules_speak_of_a_host_and_the_names_below_it(url: str, matches: bool) -> None:
    assert parse_rules(WHOLE).matches(url) is matches


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('hosts = ["a.com"]\n[chapter]\n  body = "div["\n', "3:10", '"div[" is no CSS selector'),
        ('hosts = ["a.com"]\n[chapter]\n  bodi = "div"\n', "3:3", "no such setting"),
        ('hosts = ["a.com"]\n\n[chaptre]\nbody = "div"\n', "3:2", "no such setting"),
        ('hosts = ["a.com"]\nchapter.next = 3\n', "2:16", "chapter.next"),
        ('hosts = ["a.com"]\nchapter = {body = "("}\n', "2:11", '"(" is no CSS selector'),
        ('hosts = ["a.com"]\n[catalogue]\nlist = ""\n', "3:8", "catalogue.list"),
        ('hosts = ["http://a.com/"]\n', "1:9", "is no host"),
        ('hosts = ["a b"]\n', "1:9", "is no host"),
        ("hosts = []\n", "1:9", "hosts"),
        ('hosts = "a.com"\n', "1:9", "hosts"),
        ('[chapter]\nbody = "p"\n', "1:1", "hosts"),
        ('hosts = ["a.com"]\n[chapter]\ndrop = ["*。*"]\n', "3:8", "fits too many lines"),
        ('hosts = ["a.com"]\n[chapter\nbody = "p"\n', "2:9", "Expected"),
        ('hosts = ["a.com"]\n[chapter]\nbody = ', "3:8", "Invalid value"),
        ("a = " + "[" * 5000, "1:1", "nested"),
    ],
)
def test_a_fault_is_told_with_line_and_column(tmp_path: Path, text: str, place: str, said: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rules(path)
    assert str(caught.value).startswith(f"{path}:{place}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_rules(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.toml", tmp_path / "binary.toml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    binary.write_bytes(b"\xff\xfe")
    for path in (large, binary, tmp_path / "none.toml", tmp_path):
        with pytest.raises(InputError, match=path.name):
            load_rules(path)


def test_rules_are_kept_in_the_project(tmp_path: Path) -> None:
    project, given_file = Project(tmp_path / "mybook"), tmp_path / "shared.toml"
    url = "https://www.example.com/book/1/"
    assert rules_for(project, url) is None
    given_file.write_text(WHOLE, "utf-8")
    rules = rules_for(project, url, given_file)
    given_file.unlink()
    assert rules is not None
    assert rules_for(project, url) == rules
    assert rules_for(project, url, project.directory / "site.toml") == rules


def test_rules_of_another_site_are_refused_and_not_kept(tmp_path: Path) -> None:
    project, given_file = Project(tmp_path / "mybook"), tmp_path / "shared.toml"
    given_file.write_text(WHOLE, "utf-8")
    with pytest.raises(InputError, match=r"rules for example\.com, .*, not for other\.org"):
        rules_for(project, "https://other.org/book/1/", given_file)
    assert not project.directory.exists()


@given(
    st.text(max_size=200) | st.sampled_from(WHOLE.split("\n")).map(lambda line: WHOLE.replace(line, "x"))
)
def test_any_text_gives_rules_or_a_configuration_error(text: str) -> None:
    try:
        said = "" if parse_rules(text).hosts else "none"
    except ConfigurationError as error:
        said = str(error)
    assert not said or all(part.isdigit() for part in said.split(":")[:2])


def test_the_example_of_the_documentation_is_right() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "site-rules.md"
    example = document.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    rules = parse_rules(example)
    named = {
        line.partition("=")[0].strip() for line in example.split("\n") if "=" in line and line[0] != "#"
    }
    assert named == {"hosts", "list", "title", "author", "next", "body", "drop"}
    assert rules.matches("https://www.example.com/book/12/")
    assert len(rules.chapter.drop) == 2
