"""`python -m kit.echo PORT SECONDS THREADS CONNECTIONS TRUSTED MOST`: the relay's own web server before an
application that says what it was asked, with `SECONDS` for a request, and `MOST` connections for an address that is not
`TRUSTED`."""

import sys
from typing import Any

from flask import Flask, Response, request

from relay.formats import jsontext
from relay.running import server, web
from relay.security.proxies import Proxies
from relay.web.framework import body, responses


def make_app() -> Any:
    app = Flask("echo")
    responses.install_errors(app)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path: str) -> Response:
        if path == "unread":
            return Response("unread", mimetype="text/plain")
        told = {"path": path, "body": body.read().decode(), "expect": request.headers.get("Expect")}
        return Response(jsontext.dumps(told), mimetype="application/json")

    @app.get("/large")
    def large() -> Response:
        return Response(b"x" * 50_000_000, mimetype="text/plain")

    return app


if __name__ == "__main__":
    port, seconds, threads, connections, trusted, most = sys.argv[1:]
    server.MOST_OF_ONE_ADDRESS = int(most)
    server.REQUEST_SECONDS = server.ANSWER_SECONDS = float(seconds)
    options = web.settings("127.0.0.1", int(port), 1)
    options |= {"threads": int(threads), "worker_connections": int(connections)}
    web.serve(make_app, options, Proxies.read(trusted))
