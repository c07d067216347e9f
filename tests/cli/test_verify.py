"""`relay verify` of what is no vector says what a vector is."""

import json
from pathlib import Path

import pytest

from cli.conftest import Terminal

GENUINE = {"now": 1789200942, "secrets": ["whsec_1"], "headers": {"Stripe-Signature": "t=1,v1=a"}, "body": "{}"}


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        ({"id": "evt_1", "type": "invoice.paid"}, "A vector must hold `now`, the clock in Unix seconds"),
        ({**GENUINE, "now": "today"}, "A vector must hold `now`"),
        ({**GENUINE, "headers": ["a"]}, "`headers` of a vector must be an object of texts."),
        ({**GENUINE, "headers": {"a": 1}}, "`headers` and `query` of a vector must be objects of texts."),
        ({**GENUINE, "secrets": "whsec_1"}, "`secrets` of a vector must be a list of texts."),
        ({**GENUINE, "secrets": [1]}, "`secrets` of a vector must be a list of texts."),
        ({**GENUINE, "body": {"id": "evt_1"}}, "`body` of a vector must be the exact text of the body."),
        ({**GENUINE, "body_base64": "no base64"}, "`body_base64` of a vector must be base64; it is not."),
        ({**GENUINE, "basic_auth": "zoe"}, "`basic_auth` of a vector must be an object"),
        ([1], "must hold a vector or a list of vectors"),
        ([], "holds no vector of stripe."),
    ],
)
def test_what_is_no_vector_is_refused_with_what_was_expected(
    relay: Terminal, tmp_path: Path, vector: object, said: str
) -> None:
    file = tmp_path / "vector.json"
    file.write_text(json.dumps(vector))

    assert said in relay.refused("verify", "stripe", str(file))


def test_one_that_is_broken_among_others_leaves_no_half_an_answer(relay: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps([GENUINE, {**GENUINE, "now": None}]))

    assert "A vector must hold `now`" in relay.refused("verify", "stripe", str(file))
