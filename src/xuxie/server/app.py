"""The application factory, and the server that runs it.

    app = create_app(Writer.load(Project("mybook")), Settings())
    app.test_client().get("/fiction?text=他推开门，")

Every error of the API is answered as `{"code": status, "msg": "…", "data": null}` with the same HTTP
status.
"""

import errno
import ipaddress
import logging
import re
import socket
from collections.abc import Callable

import waitress
from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from waitress.server import TcpWSGIServer
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from xuxie.config import ServeSettings, Settings
from xuxie.errors import EnvironmentFailure, InputError, XuxieError
from xuxie.files import explain_os_error
from xuxie.generation.writer import Writer
from xuxie.language import tr
from xuxie.server import fiction, health, page
from xuxie.server.engine import Engine

logger = logging.getLogger("xuxie.server")

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ReadableJSON(DefaultJSONProvider):
    """JSON with Chinese as it is, not as \\u escapes: for those who look at it with curl."""

    ensure_ascii = False


def create_app(writer: Writer, settings: Settings) -> Flask:
    """The application around one writer; [serve] and [write] of the settings: its limits and defaults."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024 + 6 * settings.serve.max_prompt  # JSON may escape: \uXXXX
    app.json = ReadableJSON(app)
    if is_loopback(settings.serve.host):
        app.before_request(refuse_other_names)
    app.extensions["engine"] = Engine(writer, settings)
    for blueprint in (fiction.blueprint, health.blueprint, page.blueprint):
        app.register_blueprint(blueprint)
    app.register_error_handler(XuxieError, lambda error: failure(error.http_status, str(error)))
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, unexpected)
    app.after_request(secure)
    return app


def failure(status: int, message: str) -> tuple[Response, int]:
    """An error in the form that the API's clients know."""
    response = jsonify(code=status, msg=message, data=None)
    if status == EnvironmentFailure.http_status:
        response.headers["Retry-After"] = "5"
    return response, status


def refused(error: HTTPException) -> tuple[Response, int]:
    """What Flask itself refuses: 404, 405, 413 and the like."""
    messages = {
        400: tr("the request cannot be read: send a JSON object"),
        404: tr("there is nothing at this address"),
        405: tr("this method is not for this address"),
        413: tr("the request is too large"),
        415: tr("the body must be JSON: send Content-Type: application/json"),
    }
    code = error.code or 500
    response, status = failure(code, messages.get(code) or error.description or "")
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.valid_methods or ())
    return response, status


def refuse_other_names() -> None:
    """A page elsewhere must not reach this machine's server through a name of its own (DNS rebinding).

    Flask's TRUSTED_HOSTS would do it, but does not know IPv6 addresses.
    """
    if not is_loopback(re.sub(r":\d+$", "", request.host).strip("[]")):
        raise InputError(tr("{host} is no name of this machine: use localhost", host=request.host))


def unexpected(error: Exception) -> tuple[Response, int]:
    """A fault of the program: logged whole, told to the client without its inside."""
    logger.error("unexpected error", exc_info=error)
    return failure(500, tr("an internal error: see the server's log"))


def secure(response: Response) -> Response:
    """The response with the headers that keep a page from being framed, sniffed or scripted."""
    response.headers.update(SECURITY_HEADERS)
    return response


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(app: Flask, settings: ServeSettings, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is called with the address once requests are taken.

    Raises EnvironmentFailure when the port is taken, InputError when the host is not an address of this
    machine.
    """
    server = bind(app, settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    ready(f"http://{host}:{server.effective_port}")
    try:
        server.run()
    finally:
        server.close()


def bind(app: Flask, settings: ServeSettings) -> TcpWSGIServer:
    """A server that listens, but does not serve yet. Raises as `serve` does."""
    return waitress.create_server(
        app,
        sockets=[listen(settings.host, settings.port)],
        threads=settings.max_waiting + 4,  # so that a full queue still leaves threads to say so
        channel_request_lookahead=1,  # without it waitress does not notice a client that left
        ident="xuxie",
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Done here because waitress leaves a half-made server behind where it fails."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except (socket.gaierror, UnicodeError):
        raise InputError(tr("{host} is no address of this machine", host=host)) from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise InputError(tr("{host} is no address of this machine", host=host)) from None
        raise EnvironmentFailure(explain_os_error(error)) from None
