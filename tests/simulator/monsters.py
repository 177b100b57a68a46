"""Pages that are large and malicious: no site has them, and none may stop a crawl.

    page = MONSTERS["nested"]()          # a megabyte or so of HTML

Each aims at something that may be slower than linear, or need memory out of proportion.
"""

from collections.abc import Callable

LINE = "他没有回头，走了很远的路。"
MONSTERS: dict[str, Callable[[], str]] = {
    "nested": lambda: "<div>" * 100_000 + LINE * 50,
    "nested below the limit": lambda: ("<div>" * 200 + LINE + "</div>" * 200) * 300,
    "unclosed": lambda: "<a href=1.html><b><i><font>第一章" * 20_000,
    "formatting": lambda: "<b><i>" * 3_000 + f"<p>{LINE}" * 3_000,
    "links": lambda: "".join(f"<li><a href={n}.html>第{n}章 雪夜</a>" for n in range(40_000)),
    "links to nowhere": lambda: "<a href=1.html>第一章" * 60_000,
    "one link": lambda: "<li><a href=1.html>第一章</a>" * 40_000,
    "options": lambda: "<select>" + "".join(f"<option value=/b/{n}/>{n}章" for n in range(40_000)),
    "pages": lambda: "".join(f"<a href=index_{n}.html>{n}</a> " for n in range(40_000)),
    "tables": lambda: "<table><tr><td>" * 20_000 + LINE,
    "one line": lambda: "<p>" + LINE * 120_000,
    "many lines": lambda: "<br>".join([LINE] * 60_000),
    "many blocks": lambda: f"<div><p>{LINE}</p></div>" * 30_000,
    "no punctuation": lambda: "<p>" + "啊" * 1_500_000,
    "spaces": lambda: "<p>他。" + "　 \t\u00a0" * 300_000 + "</p>",
    "digits": lambda: ("<a href=1.html>第" + "1" * 500_000 + "章</a>") * 3,
    "numerals": lambda: "<a href=1.html>第" + "一百万亿" * 100_000 + "章</a><a href=2.html>第二章</a>",
    "brackets": lambda: "<p>" + "（【[(《" * 200_000,
    "quotes": lambda: "<p>" + "“" * 1_000_000,
    "address": lambda: ("<a href='" + "/1" * 300_000 + "'>第一章</a>") * 3,
    "dots": lambda: "<p>他。" + "w.w.w." * 200_000 + "</p>",
    "comment": lambda: "<!--" + f"<p>{LINE}</p>" * 100_000,
    "entities": lambda: "<p>" + "&#20182;" * 300_000,
    "attributes": lambda: "<p " + "".join(f"a{n}=b " for n in range(100_000)) + f">{LINE}",
    "title": lambda: "<title>" + "第一章_" * 200_000 + "</title><h1>" + "书" * 200_000 + f"</h1>{LINE}",
    "style": lambda: "<style>" + ".a{display:none}" * 60_000 + "</style>" + f"<p class=a>{LINE}" * 2_000,
    "styles": lambda: "<style>" + "".join(f".a{n}{{display:none}}" for n in range(20_000)) + "</style>",
    "hidden places": lambda: (
        "<style>"
        + "".join(f"ul>li:nth-last-child({n}),.a{n}>li:nth-child({n}){{display:none}}" for n in range(999))
        + "</style><ul>"
        + f"<li class=a>{LINE}" * 30_000
    ),
    "meta": lambda: (
        "<meta property='og:novel:author' content='" + "作" * 400_000 + "'>作者：" + " " * 99_999
    ),
    "documents": lambda: f"<html><head></head><body><p>{LINE}</p></body></html>" * 20_000,
}
