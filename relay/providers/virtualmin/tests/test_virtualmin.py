"""What is peculiar to Virtualmin: one run backs many virtual servers up."""

from typing import Any

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.model import Event

VIRTUALMIN = ProviderUnderTest("virtualmin")


def backed_up(status: str | None, names: str, failed: str = "") -> list[Event]:
    variables = {"BACKUP_ID": "17", "BACKUP_STATUS": status, "BACKUP_DOMAIN_NAMES": names, "BACKUP_ERROR_NAMES": failed}
    return VIRTUALMIN.events({"event": "SCHEDULED_BACKUP", "data": variables, "sent_at": None})


def brief(event: Event) -> tuple[Any, ...]:
    told = event.envelope["data"]["backup"]
    return event.type, told["status"], told["id"], told["resource"], told["error"]


def failure(names: str, error: str | None) -> tuple[Any, ...]:
    return "backup.failed", "failed", "17", names, error and f"No backup was made of {error}"


def success(names: str) -> tuple[Any, ...]:
    return "backup.succeeded", "succeeded", "17", names, None


@cases(
    ("status", "names", "failed", "expected"),
    [
        ("1", "a.example b.example", "", [success("a.example, b.example")]),
        ("0", "a.example b.example", "b.example", [failure("b.example", "b.example"), success("a.example")]),
        ("1", "a.example b.example", "b.example", [failure("b.example", "b.example"), success("a.example")]),
        (
            "0",
            "a.example b.example c.example",
            "a.example c.example",
            [failure("a.example", "a.example"), failure("c.example", "c.example"), success("b.example")],
        ),
        ("0", "a.example b.example", "a.example b.example", [failure("a.example, b.example", "a.example, b.example")]),
        ("0", "a.example b.example", "", [failure("a.example, b.example", None)]),
        ("0", "", "a.example", [failure("a.example", "a.example")]),
        (None, "a.example", "", []),
    ],
)
def test_each_server_that_failed_is_told_beside_the_success_of_the_others(
    status: str | None, names: str, failed: str, expected: list[tuple[Any, ...]]
) -> None:
    told = backed_up(status, names, failed)

    assert [brief(event) for event in told] == expected
    assert len({event.id for event in told}) == len(told)


def test_a_certificate_without_a_domain_has_an_empty_list_of_names() -> None:
    variables = {"CERTIFICATE_SHA256": "e3b0c442", "CERTIFICATE_NOT_AFTER": "2027-02-20T00:00:00Z"}

    events = VIRTUALMIN.events({"event": "SSL_DOMAIN", "data": variables, "sent_at": None})

    assert [(each.type, each.envelope["data"]["certificate"]["names"]) for each in events] == [
        ("certificate.renewed", [])
    ]
