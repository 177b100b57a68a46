"""The writing page in a real browser, over the real application and a tiny model."""

import dataclasses
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Page, Request, Route, expect, sync_playwright

from xuxie.config import ServeSettings, Settings, WriteSettings
from xuxie.generation.pieces import Piece
from xuxie.generation.writer import Writer
from xuxie.server.app import create_app

PROMPT = "他推开门，屋里没有人。"
AFTER = "窗外下着雨。"
LONG = 3000  # characters: long enough to be stopped in the middle
SETTINGS = Settings(
    write=WriteSettings(length=30, seed=7),
    serve=ServeSettings(port=0, max_prompt=60, max_length=LONG, max_waiting=1),
)
HOSTILE = "<img src=x onerror=alert(1)></textarea><script>alert(2)</script>&lt;"
FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-sync", "--no-first-run"]


def find_browser() -> str | None:
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    places = [os.environ.get("XUXIE_CHROMIUM"), "/usr/bin/chromium", *map(shutil.which, names)]
    return next((place for place in places if place and Path(place).exists()), None)


@pytest.fixture(scope="module")  # not longer: its event loop would be in the way of other tests'
def browser() -> Iterator[Browser]:
    path = find_browser()
    if not path:
        pytest.skip("no Chromium or Chrome here: install one, or name it in XUXIE_CHROMIUM")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # for whom Chromium has no sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, "--no-sandbox"] if is_root else FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def app(tiny_writer: Writer) -> Flask:
    return create_app(tiny_writer, SETTINGS)


@pytest.fixture
def address(app: Flask, serve: Callable[[Flask], str]) -> str:
    return serve(app)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; at the end it must not have complained of anything in the console."""
    context = browser.new_context(base_url=address, accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.goto("/")
    yield page
    context.close()
    assert complaints == []


def is_complaint(message: Any) -> bool:
    """Errors and warnings, Content-Security-Policy's among them; not a 4xx that a test asked for."""
    return message.type in ("error", "warning") and not message.text.startswith("Failed to load resource")


def text_of(page: Page) -> str:
    return page.input_value("#text")


def status(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_contain_text(text, timeout=30_000)


def continue_text(page: Page, text: str = PROMPT) -> str:
    """Type a text, have it continued, and return the continuation."""
    page.fill("#text", text)
    page.click("#write")
    status(page, "续写了")
    return text_of(page).removeprefix(text)


def set_option(page: Page, name: str, value: object) -> None:
    if page.locator("#options").is_hidden():
        page.click("#fold")
    page.fill(f"[name={name}]", str(value))


def start_long(page: Page) -> None:
    """Begin a passage so long that a test can act while it streams."""
    set_option(page, "length", LONG)
    page.fill("#text", PROMPT)
    page.focus("#text")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#fresh")).to_have_text(re.compile("..."), timeout=30_000)


def put_caret(page: Page, position: int) -> None:
    page.locator("#text").evaluate("(area, at) => area.setSelectionRange(at, at)", position)


def key(page: Page, init: dict[str, object]) -> None:
    """A key press with properties that no keyboard of the driver can make."""
    page.locator("#text").evaluate(
        "(area, init) => area.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...init}))", init
    )


def requests_of(page: Page) -> list[str]:
    """What the page will have asked for; its icon, which comes late, aside."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    return asked


def body_of(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.post_data or "")
    return body


def answer_with(page: Page, body: str) -> None:
    page.route("**/fiction", lambda route: route.fulfill(body=body, content_type="text/event-stream"))


def test_page_opens_in_chinese_with_the_title_and_the_defaults(page: Page) -> None:
    expect(page).to_have_title("续写 · 半篙")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading")).to_have_text("半篙")
    expect(page.get_by_role("textbox", name="正文")).to_be_focused()
    page.get_by_role("button", name="选项").click()
    expect(page.get_by_label("长度（字）")).to_have_value("30")
    expect(page.get_by_label("温度")).to_have_value("0.8")
    expect(page.get_by_label("top-p")).to_have_value("0.9")
    expect(page.get_by_label("种子")).to_have_value("7")


def test_continuation_is_what_the_api_gives_and_only_grows(page: Page, address: str) -> None:
    page.locator("#fresh").evaluate(
        """fresh => { window.lengths = [];
           new MutationObserver(() => window.lengths.push(fresh.textContent.length))
               .observe(fresh, {childList: true, characterData: true, subtree: true}); }"""
    )
    fresh = continue_text(page)
    answer = requests.post(f"{address}/fiction", json={"text": PROMPT, "seed": 7}, timeout=60).json()
    assert fresh == answer["data"]["text"]
    assert page.locator("#fresh").text_content() == fresh
    lengths = page.evaluate("window.lengths")
    assert lengths == sorted(set(lengths))
    count = len("".join(fresh.split()))
    status(page, f"续写了 {count} 字（种子 7）")


def test_what_has_come_is_shown_before_the_rest_is_written(
    page: Page, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, shown = app.extensions["engine"], threading.Event()
    write = engine.write

    def write_and_wait(*arguments: Any) -> Iterator[Piece]:
        pieces = write(*arguments)
        yield next(pieces)
        assert shown.wait(30)
        yield from pieces

    monkeypatch.setattr(engine, "write", write_and_wait)
    page.fill("#text", PROMPT)
    page.click("#write")
    expect(page.locator("#fresh")).to_have_text(re.compile(r"\S"))
    shown.set()
    status(page, "续写了")


def test_paragraph_mark_that_comes_first_is_kept(
    page: Page, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> Iterator[Piece]:
        for text in "\n雨停了。":
            yield Piece(text)
            time.sleep(0.1)  # a frame for each

    monkeypatch.setattr(app.extensions["engine"], "write", write)
    assert continue_text(page) == "\n雨停了。"


def test_what_stands_before_the_caret_is_continued_there(page: Page) -> None:
    page.fill("#text", PROMPT + AFTER)
    put_caret(page, len(PROMPT))
    with page.expect_request("**/fiction") as request:
        page.keyboard.press("Control+Enter")
    status(page, "续写了")
    assert body_of(request.value)["text"] == PROMPT
    text = text_of(page)
    assert text.startswith(PROMPT)
    assert text.endswith(AFTER)
    assert len(text) >= len(PROMPT + AFTER) + 30
    caret = page.locator("#text").evaluate("area => area.selectionStart")
    assert caret == len(text) - len(AFTER)


def test_stopping_keeps_what_has_come(page: Page) -> None:
    start_long(page)
    expect(page.locator("#write")).to_be_hidden()
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#text")).not_to_be_editable()
    page.keyboard.type("丢不了")  # read-only: nothing is taken, nothing lost
    page.click("#stop")
    status(page, "停下了")
    kept = text_of(page)
    assert kept.startswith(PROMPT)
    assert len(PROMPT) < len(kept) < LONG
    expect(page.locator("#text")).to_be_editable()
    expect(page.locator("#write")).to_be_focused()
    page.wait_for_timeout(200)
    assert text_of(page) == kept


def test_escape_stops_and_the_server_is_free_again(page: Page) -> None:
    start_long(page)
    page.keyboard.press("Escape")
    status(page, "停下了")
    set_option(page, "length", 5)
    page.click("#write")
    status(page, "续写了")


def test_undo_restores_exactly(page: Page) -> None:
    before = "　　他推开门，\n\n"
    page.fill("#text", before + AFTER)
    put_caret(page, len(before))
    page.click("#write")
    status(page, "续写了")
    page.click("#undo")
    assert text_of(page) == before + AFTER
    status(page, "撤销了")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#rewrite")).to_be_disabled()


def test_undo_leaves_what_was_written_since_before_and_behind(page: Page) -> None:
    continue_text(page)
    page.focus("#text")
    page.keyboard.press("Control+End")
    page.keyboard.type("后")
    page.keyboard.press("Control+Home")
    page.keyboard.type("前")
    page.click("#undo")
    assert text_of(page) == f"前{PROMPT}后"


def test_passage_that_was_edited_is_the_writers_own(page: Page) -> None:
    continue_text(page)
    page.focus("#text")
    page.keyboard.press("Control+End")
    page.keyboard.press("Backspace")
    expect(page.locator("#undo")).to_be_disabled()
    assert page.locator("#fresh").text_content() == ""


def test_rewriting_puts_another_in_its_place(page: Page) -> None:
    first = continue_text(page)
    with page.expect_request("**/fiction") as request:
        page.click("#rewrite")
    expect(page.locator("#stop")).to_be_hidden(timeout=30_000)
    assert body_of(request.value).items() >= {"text": PROMPT, "seed": None}.items()
    second = text_of(page)
    assert second.startswith(PROMPT)
    assert second != PROMPT + first
    page.click("#undo")
    assert text_of(page) == PROMPT


def test_rewriting_that_fails_leaves_the_passage(page: Page) -> None:
    first = continue_text(page)
    page.route("**/fiction", lambda route: route.abort())
    page.click("#rewrite")
    status(page, "连不上服务器")
    assert text_of(page) == PROMPT + first


def test_draft_survives_a_reload_even_in_the_middle(page: Page) -> None:
    first = continue_text(page)
    page.reload()
    assert text_of(page) == PROMPT + first
    start_long(page)
    seen = text_of(page)
    page.reload()
    assert text_of(page).startswith(seen)


def test_language_is_switched_and_remembered(page: Page) -> None:
    continue_text(page)
    page.click("#language")
    for _ in range(2):
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        expect(page.get_by_role("textbox", name="Text", exact=True)).to_be_visible()
        page.reload()
    page.click("#language")
    expect(page.get_by_role("button", name="续写")).to_be_visible()


def test_status_is_said_again_in_the_other_language(page: Page) -> None:
    continue_text(page)
    page.click("#language")
    status(page, "characters written (seed 7)")


def test_hostile_text_stays_text(page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    answer_with(page, f'data: {{"text": "{HOSTILE}"}}\n\nevent: done\ndata: {{"seed": 1}}\n\n')
    assert continue_text(page, HOSTILE) == HOSTILE
    page.reload()
    assert text_of(page) == HOSTILE * 2
    assert page.locator("img").count() == 0


def test_hostile_title_stays_text(
    browser: Browser, tiny_writer: Writer, serve: Callable[[Flask], str]
) -> None:
    record = dataclasses.replace(tiny_writer.record, title=HOSTILE)
    writer = Writer(tiny_writer.scheduler.decoder, tiny_writer.tokenizer, record)
    page = browser.new_page()
    page.goto(serve(create_app(writer, SETTINGS)))
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert page.locator("img, script:not([src])").count() == 0
    page.close()


@pytest.mark.parametrize("composing", [{"isComposing": True}, {"keyCode": 229}])
def test_keys_of_an_input_method_trigger_nothing(page: Page, composing: dict[str, object]) -> None:
    asked = requests_of(page)
    page.fill("#text", PROMPT)
    page.dispatch_event("#text", "compositionstart")
    key(page, {"key": "Enter", "ctrlKey": True, **composing})
    page.dispatch_event("#text", "compositionend")
    page.wait_for_timeout(100)
    assert asked == []
    start_long(page)
    key(page, {"key": "Escape", **composing})
    expect(page.locator("#stop")).to_be_visible()
    key(page, {"key": "Escape"})
    status(page, "停下了")


@pytest.mark.parametrize("modifier", ["ctrlKey", "metaKey"])
def test_shortcut_continues(page: Page, modifier: str) -> None:
    page.fill("#text", PROMPT)
    key(page, {"key": "Enter", modifier: True})
    status(page, "续写了")


def test_long_draft_is_continued_from_its_end(page: Page) -> None:
    text = "𠮷" * 10 + "屋" * 55
    page.fill("#text", text)
    with page.expect_request("**/fiction") as request:
        page.click("#write")
    status(page, "续写了")
    assert body_of(request.value)["text"] == text[-60:]  # characters, not halves of them


def test_refusal_of_the_server_is_shown(page: Page) -> None:
    def too_long(route: Route) -> None:
        route.continue_(post_data={"text": "字" * 61, "stream": True})

    page.route("**/fiction", too_long)
    page.fill("#text", PROMPT)
    page.click("#write")
    status(page, "text is too long: 60 characters at most")
    assert text_of(page) == PROMPT
    expect(page.locator("#write")).to_be_enabled()


def test_busy_server_is_shown_and_can_be_asked_again(page: Page, app: Flask) -> None:
    engine = app.extensions["engine"]
    held = [engine.write(PROMPT, engine.defaults, lambda: False) for _ in range(2)]
    page.fill("#text", PROMPT)
    page.click("#write")
    status(page, "too many are writing at once")
    held.clear()
    page.click("#write")
    status(page, "续写了")


def test_answer_that_is_not_the_servers_is_shown(page: Page) -> None:
    page.route("**/fiction", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.fill("#text", PROMPT)
    page.click("#write")
    status(page, "服务器答复 502")


def test_connection_that_breaks_keeps_what_came(page: Page) -> None:
    answer_with(page, 'data: {"text": "雨"}\n\ndata: {"te')
    page.fill("#text", PROMPT)
    page.click("#write")
    status(page, "连接断了：写到的 1 字留下了")
    assert text_of(page) == PROMPT + "雨"


def test_failure_in_the_middle_is_shown(page: Page) -> None:
    answer_with(
        page, 'data: {"text": "雨"}\n\nevent: error\ndata: {"code": 503, "msg": "out of memory"}\n\n'
    )
    page.fill("#text", PROMPT)
    page.click("#write")
    status(page, "out of memory")
    assert text_of(page) == PROMPT + "雨"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("length", "0"), ("length", str(LONG + 1)), ("length", "2.5"), ("length", ""), ("length", "many"),
        ("temperature", "-1"), ("temperature", "11"), ("top_p", "0"), ("top_p", "1.1"),
        ("seed", "-1"), ("seed", "1.5"),
    ],
)  # fmt: skip
def test_wrong_option_is_named_and_nothing_is_sent(page: Page, name: str, value: str) -> None:
    asked = requests_of(page)
    page.fill("#text", PROMPT)
    set_option(page, name, value)
    page.click("#fold")
    page.click("#write")
    field = page.locator(f"[name={name}]")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    status(page, "须")
    assert asked == []


def test_options_reach_the_server(page: Page) -> None:
    for name, value in {"length": 5, "temperature": 0, "top_p": 0.5, "seed": ""}.items():
        set_option(page, name, value)
    page.fill("#text", PROMPT)
    with page.expect_request("**/fiction") as request:
        page.click("#write")
    status(page, "续写了")
    expected = {"length": 5, "temperature": 0, "top_p": 0.5, "seed": None, "text": PROMPT, "stream": True}
    assert body_of(request.value) == expected


def test_buttons_need_a_text(page: Page) -> None:
    buttons = ["#write", "#undo", "#rewrite", "#copy", "#download"]
    for text in ("", " \n　"):
        page.fill("#text", text)
        for button in buttons:
            expect(page.locator(button)).to_be_disabled()
    page.fill("#text", "他")
    for button in ("#write", "#copy", "#download"):
        expect(page.locator(button)).to_be_enabled()


def test_characters_are_counted_without_spaces(page: Page) -> None:
    page.fill("#text", "　　𠮷日，\nok 。")
    expect(page.locator("#count")).to_have_text("6 字")


def test_text_is_copied_and_downloaded(page: Page, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.fill("#text", PROMPT)
    page.click("#copy")
    status(page, "全文已复制")
    assert page.evaluate("() => navigator.clipboard.readText()") == PROMPT
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "半篙.txt"
    download.value.save_as(tmp_path / "text.txt")
    assert (tmp_path / "text.txt").read_text(encoding="utf-8") == PROMPT


@pytest.mark.parametrize("width", [320, 360, 768, 1920])
def test_nothing_sticks_out_at_the_side(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.fill("#text", "a" * 500 + "\n" + PROMPT * 20)
    set_option(page, "length", 30)
    for _ in range(2):
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        page.click("#language")


def test_mirror_lies_under_the_text_line_by_line(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.fill("#text", "“好。”他说：“来，，。坐……——" * 30 + "\nlong words and   spaces " * 9 + "\n\n")
    heights = [
        page.locator(layer).evaluate("layer => layer.scrollHeight") for layer in (".mirror", "#text")
    ]
    assert heights[0] == heights[1]


def test_what_is_written_comes_into_view_and_stays_there(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.fill("#text", f"{PROMPT}\n" * 40)
    set_option(page, "length", 100)
    page.click("#write")
    status(page, "续写了")
    bottom = page.locator("#tail").evaluate("tail => tail.getBoundingClientRect().bottom")
    assert 0 < bottom <= page.locator("#tools").evaluate("tools => tools.getBoundingClientRect().top")


def test_who_scrolls_away_from_what_is_written_is_left_there(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.fill("#text", f"{PROMPT}\n" * 40)
    set_option(page, "length", LONG)
    page.click("#write")
    expect(page.locator("#fresh")).to_have_text(re.compile("..."), timeout=30_000)
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_timeout(300)
    assert page.evaluate("() => scrollY") == 0
    page.keyboard.press("Escape")
    status(page, "停下了")
