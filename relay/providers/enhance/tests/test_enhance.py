"""What is peculiar to Enhance: text is a notice, unless it can mean nothing else, and never a destructive fact."""

from urllib.parse import urlencode

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.formats import jsontext
from relay.model import Event

ENHANCE = ProviderUnderTest("enhance")


def posted(body: bytes) -> Event:
    return ENHANCE.event(body)


@pytest.mark.parametrize(
    ("text", "kind", "site"),
    [
        ("Backup of acme.example failed", "backup.failed", "acme.example"),
        ("The backup for website Shop.Acme.Example has failed: disk full", "backup.failed", "shop.acme.example"),
        ("Failed to create backup of acme.example.", "backup.failed", "acme.example"),
        ("Failed to back up <https://acme.example|acme.example>", "backup.failed", "acme.example"),
        ("Backup of acme.example completed successfully", "backup.succeeded", "acme.example"),
        ("Failed to renew the SSL certificate for acme.example", "certificate.renewal_failed", "acme.example"),
        ("The certificate for acme.example could not be renewed!", "certificate.renewal_failed", "acme.example"),
    ],
)
def test_what_can_mean_nothing_else_is_told_as_what_it_is(text: str, kind: str, site: str) -> None:
    event = posted(jsontext.dumps({"text": text}))

    assert event.type == kind
    assert event.envelope["data"]["service"]["domain"] == site


@cases(
    "text",
    [
        "Website acme.example was suspended",
        "Subscription of acme.example was deleted",
        "Invoice INV-1042 was paid",
        "No backup of acme.example failed",
        "Backup of acme.example failed yesterday but is fine now",
        "Backup of acme.example and b.example failed",
        "If a backup of acme.example failed, call us",
        "Backup failed",
        "Hello\nBackup of acme.example failed",
        "Backup of acme.example failed " + "x" * 1000,
    ],
)
def test_everything_else_is_a_notice(text: str) -> None:
    assert posted(jsontext.dumps({"text": text})).type == "notice.received"


def test_a_form_says_the_same_as_json() -> None:
    body = urlencode({"payload": '{"text": "Backup of acme.example failed"}'}).encode()

    assert posted(body).type == "backup.failed"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"text": 3, "blocks": [1], "attachments": {}}', b"payload=%7B"])
def test_a_message_without_words_is_kept_as_unknown(body: bytes) -> None:
    assert posted(body).type == "unknown"
