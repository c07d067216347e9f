"""An answer as HTTP/1.1, in the form that gunicorn writes it in."""

from email.utils import formatdate
from http import HTTPStatus

from relay.areas.resources import Answer
from relay.web.framework.headers import HEADERS


def written(answer: Answer, *, close: bool) -> bytes:
    """Returns all of it. `close` says that the connection ends with it."""
    body = answer.body()
    said = {
        "Server": "gunicorn",
        "Date": formatdate(usegmt=True),
        "Connection": "close" if close else "keep-alive",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        **HEADERS,
        **answer.headers,
    }
    head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase.upper()}"]
    head += [f"{name}: {value}" for name, value in said.items()]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body
