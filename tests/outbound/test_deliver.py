"""What is sent, and what every answer means."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kit.cases import cases
from relay.formats.retry_after import LONGEST_WAIT
from relay.model import Hook, Secret
from relay.outbound.deliver import (
    GIVE_UP_AFTER_SECONDS,
    RETRY_AFTER_SECONDS,
    headers_for,
    judge,
    rate_of,
)
from relay.outbound.verdicts import DELIVERED, GAVE_UP, GONE, RETRY, Reply, Verdict

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
TARGET = "https://hooks.example.com/in"
FIRST, SECOND, THIRD = ("whsec_" + letter * 32 for letter in "ABC")


def hook(platform: str | None = None, **fields: object) -> Hook:
    return Hook("hk_1", "ws_1", TARGET, platform=platform, secrets=(Secret(FIRST),), token="token", **fields)  # type: ignore[arg-type]


def verdict(
    status: int | None,
    platform: str | None = None,
    *,
    attempt: int = 1,
    age: float = 0.0,
    spread: float = 0.5,
    body: bytes = b"",
    error: str | None = None,
    whole: bool = True,
    **headers: str,
) -> Verdict:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = Reply(status, named, body, error, whole)
    return judge(hook(platform), reply, attempt=attempt, age=age, now=NOW.timestamp(), spread=spread)


# Every status that is no answer of its own is tried again: a target that is being set up or repaired says anything.
SPECIAL = {
    (410, None): GONE,
    (410, "zapier"): GONE,
    (410, "make"): GONE,
    (400, "make"): GAVE_UP,
    (500, "make"): GAVE_UP,
}


@pytest.mark.parametrize("platform", [None, "zapier", "make"])
def test_every_status_has_one_meaning(platform: str | None) -> None:
    meant = {
        status: SPECIAL.get((status, platform), DELIVERED if 200 <= status < 300 else RETRY)
        for status in range(100, 600)
    }

    assert {status: verdict(status, platform).outcome for status in range(100, 600)} == meant


def test_no_answer_is_tried_again_and_says_why() -> None:
    assert verdict(None, error="timeout: https://x gave no complete answer within 15 s.") == Verdict(
        RETRY, 5.0, "timeout: https://x gave no complete answer within 15 s."
    )


@pytest.mark.parametrize(
    ("status", "platform", "error"),
    [
        (200, None, None),
        (503, None, "HTTP 503"),
        (410, None, "HTTP 410: the target is gone"),
        (400, "make", "HTTP 400: the target refused the event"),
        (500, "make", "HTTP 500: the scenario ran and failed"),
    ],
)
def test_an_error_is_said_in_words(status: int, platform: str | None, error: str | None) -> None:
    assert verdict(status, platform).error == error


@cases(("attempt", "wait"), list(enumerate(RETRY_AFTER_SECONDS, start=1)))
def test_waits_grow_and_lie_a_tenth_around_the_plan(attempt: int, wait: int) -> None:
    waits = [verdict(500, attempt=attempt, spread=spread).wait for spread in (0, 0.5, 1)]

    assert waits == pytest.approx([wait * 0.9, wait, wait * 1.1])


def test_the_attempt_behind_the_last_wait_is_the_last() -> None:
    assert verdict(500, attempt=len(RETRY_AFTER_SECONDS) + 1) == Verdict(GAVE_UP, error="HTTP 500")


def test_without_a_given_spread_chance_decides_within_it() -> None:
    reply = Reply(500, {}, b"")

    waits = {judge(hook(), reply, attempt=1, age=0, now=0).wait for _ in range(50)}

    assert len(waits) > 1
    assert all(4.5 <= wait <= 5.5 for wait in waits)


@cases("status", [429, 503, 500, 302, 404])
@cases(
    ("retry_after", "wait"),
    [
        ("120", 120.0),
        ("0", 5.0),
        ("1", 5.0),
        (" 60 ", 60.0),
        ("-1", 5.0),
        ("1.5", 5.0),
        ("soon", 5.0),
        ("", 5.0),
        ("999999999", LONGEST_WAIT),
        ("9" * 30, 5.0),
        ("١٢٠", 5.0),
        (format_datetime(datetime(2026, 11, 22, 7, 2, tzinfo=UTC), usegmt=True), 120.0),
        (format_datetime(datetime(2026, 11, 22, 6, 0, tzinfo=UTC), usegmt=True), 5.0),
        (format_datetime(datetime(2030, 1, 1, tzinfo=UTC), usegmt=True), LONGEST_WAIT),
        ("Sun, 99 Nov 2026 07:00:00 GMT", 5.0),
    ],
)
def test_retry_after_is_honoured_within_reason(status: int, retry_after: str, wait: float) -> None:
    assert verdict(status, retry_after=retry_after).wait == pytest.approx(wait)


def test_retry_after_never_shortens_a_wait() -> None:
    assert verdict(503, attempt=4, retry_after="10").wait == 1800


def test_make_says_by_400_that_its_queue_is_full() -> None:
    assert verdict(400, "make", body=b"Queue is full.") == Verdict(RETRY, 300.0, "HTTP 400")
    assert verdict(400, "make", body=b"Queue is full.", attempt=5).wait == 7200


def test_what_make_says_is_not_guessed_from_a_part_of_it() -> None:
    assert verdict(400, "make", body=b"Queue is", whole=False).outcome == RETRY


def test_an_old_event_is_given_up_although_attempts_are_left() -> None:
    assert verdict(500, age=GIVE_UP_AFTER_SECONDS - 6).outcome == RETRY
    assert verdict(500, age=GIVE_UP_AFTER_SECONDS - 4).outcome == GAVE_UP
    assert verdict(200, age=GIVE_UP_AFTER_SECONDS * 2).outcome == DELIVERED


@pytest.mark.parametrize(
    ("platform", "own", "rate"),
    [(None, None, None), ("zapier", None, 25.0), ("make", None, 25.0), ("zapier", 3.0, 3.0), ("n8n", None, None)],
)
def test_the_platforms_have_a_rate_and_a_hook_may_have_its_own(
    platform: str | None, own: float | None, rate: float | None
) -> None:
    assert rate_of(hook(platform, rate_limit=own)) == rate


def test_a_delivery_carries_the_standard_headers_and_the_token() -> None:
    assert headers_for(hook(), "evt_1", b"{}", NOW.timestamp() + 0.9) == {
        "content-type": "application/json",
        "webhook-id": "evt_1",
        "webhook-timestamp": "1795330800",
        "webhook-signature": "v1,cuvjsFWRMyJe1WlrI+sTQLuqk9h4JRp8DtP6QFzK1wI=",
        "x-relay-token": "token",
    }


def test_while_secrets_overlap_each_of_them_proves_a_delivery() -> None:
    now = datetime.now(UTC).timestamp()
    secrets = (Secret(FIRST), Secret(SECOND, not_after=now + 60), Secret(THIRD, not_after=now - 60))
    body = b'{"told":"z\xc3\xbcrich"}'

    headers = headers_for(Hook("hk_1", "ws_1", TARGET, secrets=secrets, token="token"), "evt_1", body, now)

    assert Webhook(FIRST).verify(body, headers) == {"told": "zürich"}
    assert Webhook(SECOND).verify(body, headers) == {"told": "zürich"}
    with pytest.raises(WebhookVerificationError):
        Webhook(THIRD).verify(body, headers)
