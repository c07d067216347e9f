"""What is peculiar to StatusCake: form data, a token that is the same for ever, and webhooks without an id."""

from urllib.parse import urlencode

import pytest

from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT
from relay.inbound.identity import read
from relay.model import Event, Inbound
from relay.providers.statuscake import PROVIDER

STATUSCAKE = ProviderUnderTest("statuscake")
TOKEN = "0f343b0931126a20f133d67c2b018aaa"
DOWN = {
    "Token": TOKEN,
    "Status": "Down",
    "StatusCode": "503",
    "URL": "https://acme.example",
    "Name": "Acme",
    "TestID": "7",
}


def one(**change: str) -> Event:
    return STATUSCAKE.event(urlencode(DOWN | change).encode())


def test_its_constant_token_is_neither_kept_nor_told() -> None:
    webhook = read(PROVIDER, Inbound(urlencode(DOWN).encode(), received_at=RECEIVED_AT))

    assert TOKEN.encode() not in PROVIDER.storable(webhook)
    assert TOKEN.encode() not in one().body


@pytest.mark.parametrize(
    ("status", "told"), [("Down", "monitor.down"), ("UP", "monitor.up"), ("Paused", "unknown"), ("", "unknown")]
)
def test_the_status_decides(status: str, told: str) -> None:
    assert one(Status=status).type == told


@pytest.mark.parametrize(("test_id", "key"), [("7", "7"), ("", "Acme")])
def test_without_an_id_a_test_is_known_by_its_name(test_id: str, key: str) -> None:
    down, up = one(TestID=test_id), one(TestID=test_id, Status="Up", StatusCode="200")

    assert [each.envelope["data"]["alert"]["key"] for each in (down, up)] == [key, key]


@pytest.mark.parametrize(("code", "message"), [("503", "HTTP 503"), ("0", None), ("", None)])
def test_a_status_code_of_0_is_no_answer(code: str, message: str | None) -> None:
    assert one(StatusCode=code).envelope["data"]["alert"]["message"] == message
