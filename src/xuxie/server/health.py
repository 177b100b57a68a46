"""GET /healthz: the server is up and has its model."""

from flask import Blueprint, Response, current_app, jsonify

from xuxie.server.engine import Engine

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The title of the books and the score of the model that continues them."""
    engine: Engine = current_app.extensions["engine"]
    record = engine.writer.record
    return jsonify(status="ok", title=record.title, bits_per_character=record.bits_per_character)
