"""What is peculiar to Grafana: signed with a stamp, without one or not at all; the words of its first alerting."""

import hmac

import pytest

from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT, find
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.model import Inbound
from relay.providers.grafana import PROVIDER
from relay.security.verification import Credentials

GRAFANA = ProviderUnderTest("grafana")
NOW = RECEIVED_AT.timestamp()
SECRET, BODY = "made-up", b'{"alerts": []}'


def signature(text: bytes) -> str:
    return hmac.new(SECRET.encode(), text, "sha256").hexdigest()


def proof(headers: dict[str, str], query: dict[str, str] | None = None) -> str:
    """The proof found, and how much it covers; or the code of the refusal."""
    webhook = Inbound(BODY, headers=headers, query=query or {})
    try:
        found = PROVIDER.verification.verify(webhook, Credentials((SECRET,)), NOW)
    except VerificationError as error:
        return error.code
    return f"{found} covers it {PROVIDER.verification.covers(found)}"


FULLY = "grafana_signature covers it fully"


def test_a_signature_counts_with_its_stamp_and_without() -> None:
    stamp = str(int(NOW))
    named = "x-grafana-alerting-signature"

    assert proof({named: signature(BODY)}) == FULLY
    stamped = signature(f"{stamp}:".encode() + BODY)
    assert proof({named: stamped, "x-grafana-alerting-timestamp": stamp}) == FULLY
    assert proof({named: stamped}) == "signature_mismatch"
    assert proof({named: signature(BODY), "x-grafana-alerting-timestamp": stamp}) == "signature_mismatch"


def test_an_old_stamp_is_refused() -> None:
    stamp = str(int(NOW) - 3600)
    headers = {
        "x-grafana-alerting-signature": signature(f"{stamp}:".encode() + BODY),
        "x-grafana-alerting-timestamp": stamp,
    }

    assert proof(headers) == "timestamp_too_old"


def test_a_token_counts_where_nothing_is_signed_and_never_beside_a_wrong_signature() -> None:
    bearer = {"authorization": f"Bearer {SECRET}"}

    assert proof(bearer) == "shared_token covers it not"
    assert proof({}, {"token": SECRET}) == "shared_token covers it not"
    assert proof(bearer | {"x-grafana-alerting-signature": "0" * 64}) == "signature_mismatch"
    assert proof({}) == "missing_signature"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("alerting", ["alert.raised"]),
        ("no_data", ["alert.raised"]),
        ("ok", ["alert.resolved"]),
        ("paused", []),
        ("pending", []),
        ("other", ["unknown"]),
    ],
)
def test_a_rule_of_the_first_alerting_is_known_by_its_number(state: str, told: list[str]) -> None:
    payload = jsontext.loads(find("grafana:legacy-alerting").inbound.body) | {"state": state}

    made = GRAFANA.events(payload)

    assert [event.type for event in made] == told
    assert {event.envelope["data"]["alert"]["key"] for event in made if event.type != "unknown"} <= {"17"}


def test_the_test_of_the_first_alerting_is_a_notice() -> None:
    payload = {"ruleId": 0, "ruleName": "Test notification", "state": "alerting", "message": "Someone is testing."}

    assert GRAFANA.types(payload) == ["notice.received"]


def test_a_link_leads_to_the_dashboard_if_there_is_one() -> None:
    told = {"dashboardURL": "", "generatorURL": "https://grafana.example/rule"}
    payload = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}} | told]}

    event = GRAFANA.event(payload)

    assert event.envelope["data"]["alert"]["url"] == "https://grafana.example/rule"
