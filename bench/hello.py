"""A bare Flask that answers at once: the yardstick, under stock gunicorn or under the relay's own worker.

`python -m bench.hello PORT stock|loop`. The settings are the relay's own either way. `loop` answers posts in the loop,
as the relay does with webhooks.
"""

import io
import sys
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response

from relay.areas.resources import Answer
from relay.running.web import serve, settings
from relay.web.framework.door import Post, Said

app = Flask(__name__)


@app.post("/in/bench")
def hello() -> Response:
    """What the relay answers, without having done anything."""
    return Response(b'{"status":"accepted"}\n', status=202, mimetype="application/json")


class FlaskDoor:
    """Has Flask answer in the loop."""

    patience = 60.0

    def find(self, path: str) -> str:
        return path

    def answer(self, posts: Sequence[Post], said: Said) -> None:
        said([_asked(post) for post in posts])

    def too_late(self) -> Answer:
        return Answer(status=503)


def _asked(post: Post) -> Answer:
    found: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
        found.extend((status, headers))

    body = b"".join(app.wsgi_app(_environ(post), start))
    return Answer(raw=body, status=int(found[0][:3]), headers=dict(found[1]))


def _environ(post: Post) -> dict[str, Any]:
    """As gunicorn makes it."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in post.headers.items()}
    return {
        **headers,
        "CONTENT_LENGTH": post.headers["content-length"],
        "CONTENT_TYPE": post.headers["content-type"],
        "PATH_INFO": post.place,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(post.body),
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": True,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
    }


def main(port: int, worker: str) -> None:
    told = settings("127.0.0.1", port, 2)
    if worker == "stock":
        serve(lambda: app, told | {"worker_class": "gthread"})
    else:
        serve(lambda: app, told, door_of=lambda _: FlaskDoor())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
