"""GET /: the writing page. Its script talks to /fiction like any other client."""

from flask import Blueprint, current_app, render_template

from xuxie.server.engine import Engine

blueprint = Blueprint("page", __name__)


@blueprint.get("/")
def index() -> str:
    """A place to write, with the server's defaults and limits filled in."""
    engine: Engine = current_app.extensions["engine"]
    return render_template(
        "page.html",
        title=engine.writer.record.title,
        defaults=engine.defaults,
        limits=engine.settings.serve,
    )
