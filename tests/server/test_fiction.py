import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from xuxie.config import ServeSettings, Settings, WriteSettings
from xuxie.generation.writer import Writer
from xuxie.server.app import create_app

PROMPT = "他推开门，"
SETTINGS = Settings(
    write=WriteSettings(length=10), serve=ServeSettings(port=0, max_prompt=50, max_length=3000)
)


@pytest.fixture(scope="module")
def client(tiny_writer: Writer) -> FlaskClient:
    return create_app(tiny_writer, SETTINGS).test_client()


def send(client: FlaskClient, data: str | bytes, content_type: str = "application/json") -> Any:
    return client.post("/fiction", data=data, content_type=content_type)


def post(client: FlaskClient, **body: Any) -> Any:
    return client.post("/fiction", json=body)


def assert_failure(response: Any, status: int, part: str = "") -> None:
    assert response.status_code == status
    body = response.get_json()
    assert (body["code"], body["data"]) == (status, None)
    assert part in body["msg"]


def test_get_continues_the_text(client: FlaskClient) -> None:
    response = client.get("/fiction", query_string={"text": PROMPT})
    body = response.get_json()
    assert response.status_code == 200
    assert (body["code"], body["msg"], body["data"].keys()) == (200, "success", {"text"})
    assert len(body["data"]["text"]) >= 10
    assert "\\u" not in response.get_data(as_text=True)  # Chinese as it is


def test_post_takes_options_and_a_seed_makes_it_repeatable(
    client: FlaskClient, tiny_writer: Writer
) -> None:
    options: dict[str, Any] = {"length": 20, "temperature": 1, "top_k": 9, "top_p": 0.5, "seed": 7}
    expected = "".join(tiny_writer.write(PROMPT, WriteSettings(**options)))
    for _ in range(2):
        assert post(client, text=PROMPT, **options).get_json()["data"]["text"] == expected


def test_candidates_and_log_probabilities_are_in_the_answer(client: FlaskClient) -> None:
    options: dict[str, Any] = {"text": PROMPT, "length": 10, "seed": 7, "logprobs": 2}
    single = post(client, **options).get_json()["data"]
    assert "".join(character["text"] for character in single["logprobs"]) == single["text"]
    assert single["logprobs"][0].keys() == {"text", "logprob", "alternatives"}
    data = post(client, **options, candidates=3).get_json()["data"]
    assert data["candidates"][0].items() <= data.items()
    assert data["text"] == single["text"]
    assert len({candidate["text"] for candidate in data["candidates"]}) == 3
    beams = post(client, text=PROMPT, length=10, beams=3, candidates=2, temperature=0).get_json()["data"]
    assert [c.keys() for c in beams["candidates"]] == [{"text"}, {"text"}]


def test_stream_is_of_one_candidate(client: FlaskClient, tiny_writer: Writer) -> None:
    assert_failure(post(client, text=PROMPT, stream=True, candidates=2), 400, "exclude each other")
    several = create_app(tiny_writer, Settings(write=WriteSettings(length=5, candidates=4)))
    assert post(several.test_client(), text=PROMPT, stream=True).status_code == 200


def test_stream_tells_log_probabilities_as_it_goes(client: FlaskClient) -> None:
    response = post(client, text=PROMPT, length=5, seed=7, stream=True, logprobs=1)
    *pieces, _ = events(response.get_data(as_text=True))
    assert all(data["logprobs"][0]["text"] == data["text"] for _, data in pieces)


def test_seed_null_draws_a_new_one(tiny_writer: Writer) -> None:
    fixed = Settings(write=WriteSettings(length=40, seed=1))
    client = create_app(tiny_writer, fixed).test_client()
    texts = {post(client, text=PROMPT, seed=None).get_json()["data"]["text"] for _ in range(3)}
    assert len(texts) > 1


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "text is missing"),
        ({"text": None}, "text is missing"),
        ({"text": 5}, "text is missing"),
        ({"text": ""}, "empty"),
        ({"text": " \n　\t"}, "empty"),
        ({"text": "字" * 51}, "too long: 50"),
        ({"text": "\ud83d"}, "half a character"),
        ({"text": PROMPT, "\ud83d": 1}, "half a character"),
        ({"text": PROMPT, "lenght": 5}, "unknown option lenght"),
        ({"text": PROMPT, "section": 5}, "unknown option section"),
        ({"text": PROMPT, "__dataclass_self__": 5}, "unknown option"),
        ({"text": PROMPT, "length": "5"}, "length"),
        ({"text": PROMPT, "length": True}, "length"),
        ({"text": PROMPT, "length": 5.0}, "length"),
        ({"text": PROMPT, "length": None}, "length"),
        ({"text": PROMPT, "length": 0}, "length"),
        ({"text": PROMPT, "length": 3001}, "3000 at most"),
        ({"text": PROMPT, "temperature": -0.1}, "temperature"),
        ({"text": PROMPT, "temperature": float("nan")}, "temperature"),
        ({"text": PROMPT, "temperature": float("inf")}, "temperature"),
        ({"text": PROMPT, "top_p": 0}, "top_p"),
        ({"text": PROMPT, "top_p": 1.5}, "top_p"),
        ({"text": PROMPT, "top_k": -1}, "top_k"),
        ({"text": PROMPT, "seed": -1}, "seed"),
        ({"text": PROMPT, "seed": 2**63}, "seed"),
        ({"text": PROMPT, "stream": "yes"}, "stream must be"),
        ({"text": PROMPT, "min_p": 2}, "min_p"),
        ({"text": PROMPT, "repetition_penalty": 0.5}, "repetition_penalty"),
        ({"text": PROMPT, "bias": {"他": "much"}}, "bias"),
        ({"text": PROMPT, "bias": {"他们": 1}}, "bias on '他们': it is not one character"),
        ({"text": PROMPT, "ban": "他"}, "ban"),
        ({"text": PROMPT, "stop": [""]}, "stop"),
        ({"text": PROMPT, "stop": ["\ud83d"]}, "half a character"),
        ({"text": PROMPT, "stop": ["他"], "ban": ["他"]}, "他 is both in stop and in ban"),
        ({"text": PROMPT, "beams": 3}, "beams need temperature 0"),
        ({"text": PROMPT, "beams": 16, "temperature": 0, "candidates": 17}, "candidates"),
        ({"text": PROMPT, "candidates": 2, "temperature": 0}, "candidates need a temperature above 0"),
        ({"text": PROMPT, "length_penalty": 2}, "length_penalty needs beams"),
        ({"text": PROMPT, "logprobs": 21}, "logprobs"),
        ([PROMPT], "must be a JSON object"),
        (PROMPT, "must be a JSON object"),
        (None, "must be a JSON object"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_wrong_body_is_400(client: FlaskClient, body: Any, part: str, stream: bool) -> None:
    if isinstance(body, dict) and stream:
        body = {"stream": True, **body}
    assert_failure(send(client, json.dumps(body)), 400, part)


@pytest.mark.parametrize(
    "data", ["", "text=他", "{", '{"text": "他"', "[" * 15_000, '{"seed": ' + "9" * 5000 + "}"]
)
def test_what_is_not_json_is_400(client: FlaskClient, data: str) -> None:
    assert_failure(send(client, data), 400)


def test_what_is_not_utf8_is_400(client: FlaskClient) -> None:
    assert_failure(send(client, b'{"text": "\xff"}'), 400)


def test_json_must_say_that_it_is(client: FlaskClient) -> None:
    # Else a page of another site could post here without asking: a text/plain form needs no leave.
    assert_failure(send(client, '{"text": "他"}', "text/plain"), 415)


def test_body_over_the_limit_is_413(client: FlaskClient) -> None:
    assert_failure(send(client, b" " * 20_000), 413)


@pytest.mark.parametrize(
    ("query", "part"), [({}, "missing"), ({"text": ""}, "empty"), ({"text": "字" * 51}, "too long")]
)
def test_get_with_a_wrong_text_is_400(client: FlaskClient, query: dict[str, str], part: str) -> None:
    assert_failure(client.get("/fiction", query_string=query), 400, part)


def test_get_takes_no_options(client: FlaskClient) -> None:
    assert_failure(client.get("/fiction?text=他&length=5"), 400, "unknown parameter length")


def test_text_of_the_greatest_length_is_taken_even_escaped(client: FlaskClient) -> None:
    data = json.dumps({"text": "𠮷" * 50, "length": 1})  # twelve bytes each
    assert send(client, data).status_code == 200


texts = st.text(st.characters(exclude_categories=()), max_size=5)  # halves of surrogate pairs as well
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = (
    st.sampled_from(
        ["length", "temperature", "top_p", "seed", "stream", "text", "self", "ban", "stop", "bias", "beams"]
    )
    | texts
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, json_values, min_size=1) | json_values)
def test_whatever_is_sent_the_answer_is_no_fault(client: FlaskClient, body: Any) -> None:
    if isinstance(body, dict) and isinstance(body.get("length"), int):
        body["length"] = -body["length"]  # what would be written in earnest is tested above
    assert send(client, json.dumps(body)).status_code in (200, 400)


def events(text: str) -> list[tuple[str, Any]]:
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.split("\n\n")[:-1]]
    return [(block.get("event", "message"), json.loads(block["data"])) for block in blocks]


def test_stream_gives_the_pieces_and_then_the_seed(client: FlaskClient, tiny_writer: Writer) -> None:
    response = post(client, text=PROMPT, length=20, seed=7, stream=True)
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    *pieces, end = events(response.get_data(as_text=True))
    expected = list(tiny_writer.write(PROMPT, WriteSettings(length=20, seed=7)))
    assert pieces == [("message", {"text": piece}) for piece in expected]
    assert end == ("done", {"seed": 7})


def test_seed_that_was_drawn_writes_the_same_again(client: FlaskClient) -> None:
    *pieces, (_, end) = events(post(client, text=PROMPT, stream=True).get_data(as_text=True))
    assert end["seed"] < 2**53  # what JavaScript can say
    again = post(client, text=PROMPT, seed=end["seed"]).get_json()["data"]["text"]
    assert again == "".join(data["text"] for _, data in pieces)


def test_too_many_are_503_and_told_when_to_come_again(tiny_writer: Writer) -> None:
    app = create_app(tiny_writer, Settings(serve=ServeSettings(max_waiting=1)))
    engine = app.extensions["engine"]
    held = [engine.write(PROMPT, engine.defaults, lambda: False) for _ in range(2)]
    for stream in (False, True):
        response = post(app.test_client(), text=PROMPT, stream=stream)
        assert_failure(response, 503, "too many are writing")
        assert int(response.headers["Retry-After"]) > 0
    held.clear()
    assert post(app.test_client(), text=PROMPT, length=1).status_code == 200


def test_stream_that_nobody_began_to_read_gives_its_place_back(tiny_writer: Writer) -> None:
    app = create_app(tiny_writer, Settings(serve=ServeSettings(max_waiting=1)))
    for _ in range(5):
        post(app.test_client(), text=PROMPT, stream=True).close()
    assert post(app.test_client(), text=PROMPT, length=1).status_code == 200


def open_request(address: str, *, stream: bool) -> socket.socket:
    """A request of which only the start of the answer is read, if it streams."""
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps({"text": PROMPT, "length": 3000, "stream": stream})
    connection = socket.create_connection((host, int(port)), timeout=30)
    head = ["POST /fiction HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    head.append(f"Content-Length: {len(body)}")
    connection.sendall("\r\n".join([*head, "", body]).encode())
    if stream:
        received = b""
        while b"data: " not in received:
            received += connection.recv(1024)
    return connection


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.mark.parametrize("stream", [True, False])
def test_client_that_leaves_gives_its_place_back(
    tiny_writer: Writer, serve: Callable[[Any], str], stream: bool
) -> None:
    app = create_app(tiny_writer, Settings(serve=ServeSettings(port=0, max_waiting=1, max_length=3000)))
    places = app.extensions["engine"]._places
    address = serve(app)

    def full() -> bool:
        if free := places.acquire(blocking=False):
            places.release()
        return not free

    def status() -> int:
        return requests.post(
            f"{address}/fiction", json={"text": PROMPT, "length": 1}, timeout=60
        ).status_code

    at_work, in_line = open_request(address, stream=stream), open_request(address, stream=False)
    until(full)
    assert status() == 503
    at_work.close()
    in_line.close()
    until(lambda: status() == 200)
