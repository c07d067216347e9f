"""Ids that are steps in a path, as `..`: none of them leads a request elsewhere."""

from contextlib import suppress
from typing import Any

import pytest

from actions.fake_vendor import BASE, FakeVendor
from kit.cases import cases
from relay.actions import adapters
from relay.catalogue.action_types import actions
from relay.errors import InvalidRequest
from relay.providers import load
from relay.sdk.client import Vendor
from relay.sdk.outcomes import Failed
from relay.sdk.provider import segment
from relay.security.addresses import climbs

DONE = [(provider, name) for provider in load().values() for name in adapters.of(provider.name)]


@cases("step", [".", ".."])
@cases(("provider", "name"), DONE, ids=lambda each: getattr(each, "name", each))
def test_no_id_is_a_step_in_a_path(provider: Any, name: str, step: str) -> None:
    does = adapters.of(provider.name)[name]
    given = {field: step if isinstance(value, str) else value for field, value in actions()[name].example.items()}
    texts = {each.name: each.takes.example for each in provider.settings if not each.hosts}

    with FakeVendor(lambda _: {}) as vendor:
        settings = {**texts, **({"api_base": BASE} if provider.name == "paypal" else {})}
        with suppress(Exception):  # what an adapter makes of it is not what is asked here
            does.run(vendor.task(given, settings))

    assert [each.path for each in vendor.requests if climbs(each.path)] == []


@cases("step", [".", ".."])
def test_a_step_is_no_piece_of_a_path(step: str) -> None:
    with pytest.raises(InvalidRequest, match="is no id, but a step in a path"):
        segment(step)

    assert (segment("..."), segment("a/../b"), segment("tr_1")) == ("...", "a%2F..%2Fb", "tr_1")


@pytest.mark.parametrize("path", ["/v2/payments/../refunds", "/v2/./x", "/v2/%2e%2E/x", "/v2/.%2e", "https://x/.."])
def test_no_request_goes_up_a_path(path: str) -> None:
    with pytest.raises(Failed, match="a path segment"):
        Vendor("https://vendor.example", fetch=lambda *_, **__: pytest.fail("it was sent")).read(path)

    assert not climbs("/v2/a..b/...?back=../..")
