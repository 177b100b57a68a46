import gc
import logging
import socket
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from xuxie.config import ServeSettings, Settings
from xuxie.errors import EnvironmentFailure, InputError
from xuxie.generation.writer import Writer
from xuxie.server.app import bind, create_app, is_loopback


@pytest.fixture
def app(tiny_writer: Writer) -> Flask:
    return create_app(tiny_writer, Settings())


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def assert_failure(response: Any, status: int) -> None:
    assert response.status_code == status
    body = response.get_json()
    assert body.keys() == {"code", "msg", "data"}
    assert (body["code"], body["data"]) == (status, None)
    assert body["msg"]
    assert "\n" not in body["msg"]


def test_unknown_address_is_404(client: FlaskClient) -> None:
    assert_failure(client.get("/nothing"), 404)


def test_wrong_method_is_405_and_names_the_right_ones(client: FlaskClient) -> None:
    response = client.delete("/fiction")
    assert_failure(response, 405)
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_fault_of_the_program_is_500_logged_and_not_shown(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(app.extensions["engine"], "write", break_down)
    with caplog.at_level(logging.ERROR, logger="xuxie.server"):
        response = app.test_client().get("/fiction?text=他")
    assert_failure(response, 500)
    assert "secret" not in response.get_data(as_text=True)
    assert "secret inside" in caplog.text


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8000", "192.168.0.7", "127.0.0.1.evil.example"]
)
def test_other_names_of_this_machine_are_refused(client: FlaskClient, host: str) -> None:
    for address in ("/", "/fiction?text=他", "/healthz", "/static/page.js", "/nothing"):
        assert_failure(client.get(address, headers={"Host": host}), 400)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.0.0.5:80", "[::1]:8000", "[::1]"])
def test_names_of_this_machine_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_server_open_to_others_takes_any_name(tiny_writer: Writer) -> None:
    app = create_app(tiny_writer, Settings(serve=ServeSettings(host="0.0.0.0")))
    assert app.test_client().get("/healthz", headers={"Host": "writing.example"}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/healthz", "/nothing", "/static/page.css"])
def test_every_answer_has_the_security_headers(client: FlaskClient, address: str) -> None:
    with client.get(address) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_health_names_the_book(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {
        "status": "ok",
        "title": "半篙",
        "bits_per_character": None,
    }


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_port_that_is_taken_is_an_error_of_one_line(app: Flask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = ServeSettings(port=other.getsockname()[1])
        with pytest.raises(EnvironmentFailure, match="the port is taken"):
            bind(app, settings)
    gc.collect()


def test_host_that_is_not_this_machine_is_an_error_of_one_line(app: Flask) -> None:
    with pytest.raises(InputError, match="no address of this machine"):
        bind(app, ServeSettings(host="nowhere.invalid", port=0))
    gc.collect()
