"""What is peculiar to the Slack-compatible inbox: every shape that Slack takes, read as a person sees it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT
from relay.formats import jsontext
from relay.model import Event, Inbound
from relay.providers.slack import PROVIDER

SLACK = ProviderUnderTest("slack")


def made_of(body: bytes, seconds: int = 0) -> Event:
    inbound = Inbound(body, received_at=RECEIVED_AT + timedelta(seconds=seconds))
    return SLACK.event(inbound)


def posted(body: bytes, seconds: int = 0) -> Event:
    event = made_of(body, seconds)
    assert event.type == "notice.received"
    return event


def told(message: Any) -> tuple[Any, Any, Any]:
    notice = posted(jsontext.dumps(message)).envelope["data"]["notice"]
    return notice["title"], notice["text"], notice["origin"]


@cases(
    ("message", "expected"),
    [
        ({"text": "One\nTwo"}, ("One", "Two", None)),
        ({"text": " One ", "username": "Bot"}, ("One", "One", "Bot")),
        ({"text": "a &lt; b &amp; c"}, ("a < b & c", "a < b & c", None)),
        ({"text": "<!channel> <@U1|zoe>"}, ("channel zoe", "channel zoe", None)),
        (
            {"text": "<https://a.example|A> <https://b.example>"},
            (*["A (https://a.example) https://b.example"] * 2, None),
        ),
        ({"attachments": [{"fallback": "Only this"}]}, ("Only this", "Only this", None)),
        ({"attachments": [{"title": "T", "text": "X", "fallback": "T X"}]}, ("T", "X", None)),
        ({"text": "M", "attachments": [{"title": "T"}]}, ("M", "T", None)),
        ({"text": "Same", "blocks": [{"type": "section", "text": {"text": "Same"}}]}, ("Same", "Same", None)),
        (
            {"text": "*Bold* `a_b` and _more_\n* 2*3 of disk_space_usage"},
            ("Bold a_b and more", "* 2*3 of disk_space_usage", None),
        ),
        ({"text": "_*`*both*`*_ ~no~ *"}, (*["*both* no *"] * 2, None)),
        ({"text": "```\nrm *.log\n```"}, (*["rm *.log"] * 2, None)),
        (
            {"text": "A", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "*B*"}}]},
            ("A", "*B*", None),
        ),
        ({"attachments": [{"title": "*T*", "fields": [{"title": "_F_", "value": "_V_"}]}]}, ("*T*", "_F_: V", None)),
        ({"text": "x" * 200}, ("x" * 149 + "…", "x" * 200, None)),
    ],
)
def test_a_message_is_told_as_it_is_read(message: Any, expected: tuple[Any, Any, Any]) -> None:
    assert told(message) == expected


@pytest.mark.parametrize(
    "odd",
    [{}, [], {"text": None}, {"text": {}}, {"blocks": "x", "attachments": 3}, {"attachments": [None, {"fields": [1]}]}],
)
def test_a_message_without_words_is_kept_as_unknown(odd: Any) -> None:
    assert made_of(jsontext.dumps(odd)).type == "unknown"


def test_blocks_that_lie_in_each_other_without_end_are_left_at_some_depth() -> None:
    deep: Any = {"text": "bottom"}
    for _ in range(60):
        deep = {"type": "section", "elements": [deep]}

    assert told({"text": "top", "blocks": [deep]}) == ("top", "top", None)


@pytest.mark.parametrize(
    "body",
    [
        urlencode({"payload": '{"text": "Zoë"}'}),
        urlencode({"text": "Zoë"}),
        '{"text": "Zoë"}',
        '{"payload": "{\\"text\\": \\"Zoë\\"}"}',
    ],
)
def test_a_form_says_the_same_as_json(body: str) -> None:
    assert posted(body.encode()).envelope["data"]["notice"]["text"] == "Zoë"


def test_a_field_that_holds_no_json_costs_no_event() -> None:
    assert made_of(b"payload=%7Bnot+json").type == "unknown"


def test_the_same_words_next_week_are_another_event() -> None:
    first, again, later = posted(b'{"text":"a"}'), posted(b'{"text":"a"}'), posted(b'{"text":"a"}', seconds=604_800)

    assert first.id == again.id != later.id


def test_the_answer_is_slacks() -> None:
    assert PROVIDER.accepted is not None
    assert (PROVIDER.accepted.status, PROVIDER.accepted.text) == (200, "ok")
