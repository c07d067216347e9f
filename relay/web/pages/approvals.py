"""`/approvals/<token>`: the page where a person approves or rejects an action. Looking at it decides nothing."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, render_template, request
from flask_limiter.util import get_remote_address
from markupsafe import Markup

from relay.actions.planned import fingerprint as fingerprint_of
from relay.actions.planned import planned, rows
from relay.actions.requests import decide_by_link, linked
from relay.actions.source_choice import label_of
from relay.catalogue.action_types import actions
from relay.context import Relay
from relay.errors import Conflict, Forbidden, NotFound
from relay.model import iso, now_ms
from relay.storage import runs
from relay.storage.runs import Run
from relay.web.framework.audit_notes import Notes
from relay.web.pages.docs import fingerprint

_NOTES = {
    "approve": "Approved. It runs now, and its result is sent as an event.",
    "reject": "Rejected. Nothing was done.",
}


class _Page:
    """The page of a run, or of none."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._style = (Path(__file__).parent / "templates" / "style.css").read_text()
        # Never from what the request says of itself: the buttons must not lead elsewhere, nor back to plain http.
        self._below = urlsplit(relay.config.public_url).path.rstrip("/")
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{fingerprint(self._style)}'; img-src data:;"
                " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        }

    def __call__(self, run: Run | None, note: str | None, status: int = 200) -> Response:
        html = render_template(
            "approval.html",
            style=Markup(self._style),  # noqa: S704  our own file
            run=run,
            action=actions()[run.action] if run else None,
            ways=self._ways(run) if run else [],
            fingerprint=fingerprint_of(run) if run else None,
            here=f"{self._below}/approvals/{quote(request.view_args['token'], safe='')}" if request.view_args else None,
            open=run is not None and run.state == runs.PENDING and now_ms() < (run.expires_at or 0),
            expires_at=iso(run.expires_at) if run else None,
            note=note,
        )
        response = Response(html, status=status, mimetype="text/html")
        response.headers.update(self._headers)
        return response

    def _ways(self, run: Run) -> list[tuple[Any, Any]]:
        """What may come of a run: at which source, with which input."""
        with self._relay.database.read() as connection:
            return [
                (label_of(each.source_id, connection, self._relay.vault), rows(run.action, each.input))
                for each in planned(run)
            ]


def blueprint(relay: Relay, notes: Notes) -> Blueprint:
    """The one page. Mail programs open links by themselves, so only its buttons decide."""
    pages = Blueprint("approvals", __name__, template_folder="templates")
    page = _Page(relay)

    @pages.get("/<token>")
    def show(token: str) -> Response:
        try:
            link, run = linked(relay, token)
            notes.seen(run.workspace_id, f"link {link.way}", "approval.opened", run.id, str(get_remote_address()))
            return page(run, None)
        except NotFound as error:
            return page(None, error.message, 404)

    @pages.post("/<token>/<verb>")
    def decide(token: str, verb: str) -> Response:
        if verb not in _NOTES:
            return page(None, "A link ends with approve or reject.", 404)
        try:
            decided = decide_by_link(relay, token, approve=verb == "approve", seen=request.form.get("fingerprint"))
        except NotFound as error:
            return page(None, error.message, 404)
        except (Conflict, Forbidden) as error:
            return page(linked(relay, token)[1], error.message, error.status)
        note = "Approved. It runs now, and its result is sent as an event." if verb == "approve" else "Rejected."
        return page(decided, note)

    return pages
