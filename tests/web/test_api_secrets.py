"""A secret is in the answer that made it, and in no other."""

from relay.areas.resources import all_routes


def test_no_answer_shows_a_secret_after_the_one_that_made_it(api):
    hook = api.hook()
    rotated = api.call("POST", f"/hooks/{hook['id']}/rotate-secret").json
    source = api.source(provider="standard", secret="whsec_c291cmNlIHNlY3JldA==")
    added = api.call("POST", f"/sources/{source['id']}/secrets", {"secret": "whsec_YW5vdGhlciBzZWNyZXQ="}).json
    event = api.event()
    api.call("POST", f"/events/{event['id']}/replay")
    secrets = [hook["secret"], hook["token"], rotated["secret"], source["secret"], added["secret"]]
    assert all(secrets)
    assert len(set(secrets)) == 5
    ids = {
        "hook_id": hook["id"],
        "source_id": source["id"],
        "event_id": event["id"],
        "record_id": api.customer(),
        "run_id": api.run()["id"],
        "type": "invoice.paid",
    }

    pages = [("GET", path, None) for path in ("/", "/docs", "/metrics", "/readyz", "/api/v1/openapi.json")]
    calls = pages + [
        (route.method, "/api/v1" + route.path.format(**ids), {} if route.method == "PATCH" else None)
        for route in all_routes()
        if route.method in ("GET", "PATCH")
    ]
    for method, path, body in calls:
        headers = {"Authorization": f"Bearer {api.mine.keys['admin']}"}
        answer = api.app.test_client().open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 200, path
        for secret in secrets:
            assert secret not in answer.text, path
        for key in api.mine.keys.values():
            assert key not in answer.text, path
