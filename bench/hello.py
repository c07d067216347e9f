"""A bare Flask that answers at once, under the relay's own gunicorn settings: the yardstick.

`python -m bench.hello PORT`.
"""

import sys

from flask import Flask, Response

from relay.running.web import serve, settings

app = Flask(__name__)


@app.post("/in/bench")
def hello() -> Response:
    """What the relay answers, without having done anything."""
    return Response(b'{"status":"accepted"}\n', status=202, mimetype="application/json")


if __name__ == "__main__":
    serve(lambda: app, settings("127.0.0.1", int(sys.argv[1]), 2))
