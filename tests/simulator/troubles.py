"""Answers that are no chapter: block pages, errors, cut or slow bodies, and those that come right later.

    answer = TROUBLES["status-503-first"]       # answer(case, the how-many-th request) -> Response or None

None is the page as it should be. RECOVERING ones come right while they are asked again; from the others
the chapter cannot be had, and must not be invented.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate

from flask import Response


@dataclass(frozen=True, kw_only=True)
class Case:
    """What an answer may need to know."""

    page: Callable[[str], Response]  # HTML as this site sends it
    own: str  # the page that should be sent
    other: str  # that of the chapter before
    other_text: str  # the text of the chapter before under this one's heading
    foreign: str  # a chapter of another book
    short: str  # this chapter's page with next to nothing on it
    paywall: str  # the first lines, and the wish to be paid
    moved: str  # another address with the same page
    now: Callable[[], float]  # seconds since 1970


Answer = Callable[[Case, int], Response | None]
STALL = 1.6  # seconds; longer than the timeout that such a site is crawled with
SLOW = 0.15  # seconds


def block(title: str, text: str) -> str:
    """A page that says one thing."""
    head = f"<html><head>@META@<title>{title}</title></head>"
    return f"{head}<body><div class='msg'><p>{text}</p></div></body></html>"


RATE = block("提示信息", "对不起，您的访问太频繁，请稍后再试。")
CHALLENGE = (
    "<html><head>@META@<title>安全验证</title></head><body><form id='challenge-form'>"
    "<h1>请完成安全验证</h1><p>请拖动滑块完成拼图，以确认您不是机器人。</p>"
    "<input name='captcha'></form></body></html>"
)
LOGIN = (
    "<html><head>@META@<title>用户登录</title></head><body><form><p>您还没有登录，请先登录后再阅读本章节。</p>"
    "用户名：<input name='user'> 密码：<input type='password'></form></body></html>"
)
ERROR = block("出现错误！", "错误原因：您要访问的章节不存在或已被删除。请 返回 并修正。")
PLACEHOLDER = (
    "看最快更新无错小说，请记住 https://www.qingdengxs.com！章节内容正在手打中，请稍等片刻，"
    "内容更新后，请重新刷新页面，即可获取最新更新！"
)


def always(html: str) -> Answer:
    """The same page at every request."""
    return lambda case, count: case.page(html)


def first(answer: Answer, times: int = 1) -> Answer:
    """Another answer to the first requests only."""
    return lambda case, count: answer(case, count) if count <= times else None


def status(code: int, headers: Callable[[Case], dict[str, str]] = lambda case: {}) -> Answer:
    """A status that is no success."""
    return lambda case, count: Response("<h1>Service Unavailable</h1>", code, headers(case))


def truncated(case: Case, count: int) -> Response:
    """A body that ends before its announced length."""
    response = case.page(case.own)
    body = response.get_data()
    length = str(len(body))

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]

    cut = Response(half(), 200, content_type=response.content_type)
    cut.headers["Content-Length"] = length
    return cut


def late(seconds: float) -> Answer:
    """The page, some time later."""

    def answer(case: Case, count: int) -> None:
        time.sleep(seconds)

    return answer


def redirect(target: Callable[[Case], str]) -> Answer:
    """Somewhere else."""
    return lambda case, count: Response("", 302, {"Location": target(case)})


RECOVERING: dict[str, Answer] = {
    "rate-page-first": first(always(RATE)),
    "status-503-first": first(status(503), times=2),
    "status-429-seconds": first(status(429, lambda case: {"Retry-After": "7"})),
    "status-429-date": first(
        status(429, lambda case: {"Retry-After": formatdate(case.now() + 9, usegmt=True)})
    ),
    "truncated-first": first(truncated),
    "empty-first": first(always("")),
    "stalled-first": first(late(STALL)),
    "slow": late(SLOW),
    "redirect-moved": redirect(lambda case: case.moved),
}
HOPELESS: dict[str, Answer] = {
    "rate-page-always": always(RATE),
    "challenge-page": always(CHALLENGE),
    "login-page": always(LOGIN),
    "paywall-preview": lambda case, count: case.page(case.paywall),
    "error-page-200": always(ERROR),
    "empty-page": always(""),
    "placeholder-page": always(block("正文", PLACEHOLDER)),
    "not-found": status(404),
    "status-503-always": status(503),
    "truncated-always": truncated,
    "same-page": lambda case, count: case.page(case.other),
    "same-text": lambda case, count: case.page(case.other_text),
    "wrong-chapter": lambda case, count: case.page(case.foreign),
    "short-page": lambda case, count: case.page(case.short),
    "redirect-home": redirect(lambda case: "/"),
    "redirect-loop": redirect(lambda case: case.moved + "again"),
    "second-page-missing": status(404),
}
TROUBLES = RECOVERING | HOPELESS
