"""A webhook relay as it is often written: Flask, one RQ job for each webhook, SimpleWorker.

`python -m bench.naive web PORT` and `python -m bench.naive work`; BENCH_REDIS and BENCH_TARGET in the environment.
"""

import hashlib
import hmac
import json
import os
import sys
import time

import urllib3
from flask import Flask, Response, request
from redis import Redis
from rq import Queue, SimpleWorker

from bench.payloads import SECRET
from relay.running.web import serve, settings

app = Flask(__name__)
pool = urllib3.PoolManager(maxsize=4)
redis = Redis.from_url(os.environ.get("BENCH_REDIS", "redis://127.0.0.1"))
queue = Queue("naive", connection=redis)


@app.post("/in/bench")
def receive() -> Response:
    """Check the signature, queue the body, answer."""
    body = request.get_data()
    pairs = dict(part.split("=", 1) for part in request.headers["Stripe-Signature"].split(","))
    mac = hmac.new(SECRET.encode(), f"{pairs['t']}.".encode() + body, hashlib.sha256).hexdigest()
    if abs(time.time() - int(pairs["t"])) > 300 or not hmac.compare_digest(mac, pairs["v1"]):
        return Response(status=401)
    queue.enqueue("bench.naive.deliver", body, result_ttl=0)
    return Response(b'{"status":"accepted"}\n', status=202, mimetype="application/json")


def deliver(body: bytes) -> None:
    """Post the body to the subscriber."""
    headers = {"content-type": "application/json", "webhook-id": json.loads(body)["id"]}
    answer = pool.request("POST", os.environ["BENCH_TARGET"], body=body, headers=headers)
    if answer.status >= 300:
        raise RuntimeError(f"HTTP {answer.status}")


if __name__ == "__main__":
    if sys.argv[1] == "web":
        serve(lambda: app, settings("127.0.0.1", int(sys.argv[2]), 2))
    else:
        SimpleWorker([queue], connection=redis).work(logging_level="WARNING")
