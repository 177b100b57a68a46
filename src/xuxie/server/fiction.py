"""GET and POST /fiction: the continuation of a text.

GET  /fiction?text=他推开门，
POST /fiction  {"text": "他推开门，", "length": 100, "temperature": 0.8, "seed": 7}
    → {"code": 200, "msg": "success", "data": {"text": "…"}}
POST /fiction  {"text": "他推开门，", "stream": true}
    → server-sent events:  data: {"text": "屋"}   …   event: done   data: {"seed": 7}

All of [write] may be given. With "candidates" above 1 data holds the first one and "candidates", all of
them; with "logprobs" each text has its characters beside it, with what else might have stood there.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from xuxie.config import WriteSettings, from_mapping
from xuxie.errors import InputError, XuxieError
from xuxie.generation.pieces import Piece, as_data
from xuxie.generation.writer import with_seed
from xuxie.language import tr
from xuxie.server.engine import Engine

blueprint = Blueprint("fiction", __name__)


@blueprint.get("/fiction")
def get_fiction() -> Response:
    """The continuation of ?text=, with the server's default options."""
    if others := set(request.args) - {"text"}:
        raise InputError(tr("unknown parameter {name}: options go into a POST as JSON", name=others.pop()))
    return answer(request.args.to_dict())


@blueprint.post("/fiction")
def post_fiction() -> Response:
    """The continuation of "text"; the other keys are options, "stream" among them."""
    try:
        body = request.get_json()  # answers 400 or 415 itself when it is not JSON
    except RecursionError:  # from "[[[[…"
        body = None
    if not isinstance(body, dict):
        raise InputError(tr('the body must be a JSON object such as {"text": "…"}'))
    return answer(body)


def answer(body: dict[str, Any]) -> Response:
    """Continue the text of a request in the way that it asks for."""
    engine: Engine = current_app.extensions["engine"]
    text, stream = body.pop("text", None), body.pop("stream", False)
    if not isinstance(text, str):
        raise InputError(tr("text is missing: send the text to continue"))
    if not isinstance(stream, bool):
        raise InputError(tr("stream must be true or false"))
    limits = engine.settings.serve
    if not is_unicode(json.dumps([text, body], ensure_ascii=False)):
        raise InputError(tr("the request holds half a character: send well-formed Unicode"))
    if len(text) > limits.max_prompt:
        raise InputError(tr("text is too long: {limit} characters at most", limit=limits.max_prompt))
    settings = with_seed(options(engine.defaults, body))
    if settings.length > limits.max_length:
        raise InputError(tr("length is too great: {limit} at most", limit=limits.max_length))
    if settings.candidates > 1:
        if stream:
            raise InputError(tr("stream and candidates exclude each other"))
        passages = engine.candidates(text, settings, client_gone())
        found = [as_data(passage.take(), settings) for passage in passages]
        return jsonify(code=200, msg="success", data={**found[0], "candidates": found} if found else None)
    pieces = engine.write(text, settings, client_gone())
    if stream:
        return Response(events(pieces, settings), mimetype="text/event-stream", headers=NO_STORE)
    return jsonify(code=200, msg="success", data=as_data(pieces, settings))


def options(defaults: WriteSettings, given: dict[str, Any]) -> WriteSettings:
    """The defaults with the options that were given; "seed": null asks for a new one.

    Raises InputError for an unknown name, ConfigurationError for a wrong value.
    """
    known = dataclasses.asdict(defaults)
    if unknown := given.keys() - known.keys():
        names = ", ".join(known)
        raise InputError(tr("unknown option {name}: there are {names}", name=min(unknown), names=names))
    return from_mapping(WriteSettings, {**known, **given})


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8; a JSON escape can smuggle in half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def events(pieces: Iterator[Piece], settings: WriteSettings) -> Iterator[str]:
    """Server-sent events: a piece each, then `done` with the seed, or `error` with a message."""
    try:
        for piece in pieces:
            yield event(as_data([piece], settings))
        yield "event: done\n" + event({"seed": settings.seed})
    except XuxieError as error:
        yield "event: error\n" + event({"code": error.http_status, "msg": str(error)})


def event(data: dict[str, Any]) -> str:
    """One server-sent event; JSON keeps newlines escaped, so it is one line."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def client_gone() -> Callable[[], bool]:
    """Whether the client has left; servers that cannot tell are taken to say no."""
    check: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    return check
