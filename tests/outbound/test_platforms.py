"""What every platform must be. A new one is picked up by itself."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from relay.cli import main
from relay.model import Hook, Secret
from relay.outbound import platforms
from relay.outbound.deliver import headers_for, judge, rate_of
from relay.outbound.platforms import Platform
from relay.outbound.verdicts import DELIVERED, GAVE_UP, GONE, RETRY, Reply

NAMES = list(platforms.known())
PAGE = (Path(__file__).parents[2] / "docs/how-to/replay-and-retries.md").read_text()
USUAL = {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature", "x-relay-token"}
ERRORS = [300, 302, 400, 401, 404, 408, 409, 413, 422, 429, 500, 502, 503, 599]

of_every_platform = pytest.mark.parametrize("name", NAMES)


def hook(name: str | None) -> Hook:
    secrets = (Secret("whsec_" + "A" * 32),)
    return Hook("hk_1", "ws_1", "https://hooks.example.com/in", platform=name, secrets=secrets, token="token")


def test_each_file_is_a_platform_of_its_name() -> None:
    files = {path.stem for path in Path(platforms.__file__).parent.glob("*.py")} - {"__init__"}

    assert {name: each.name for name, each in platforms.known().items()} == {name: name for name in files}


@of_every_platform
def test_a_hook_of_it_is_sent_to_no_faster_than_it_takes(name: str) -> None:
    assert rate_of(hook(name)) == platforms.known()[name].rate


@of_every_platform
def test_what_it_needs_comes_beside_standard_webhooks_and_replaces_none_of_it(name: str) -> None:
    usual = headers_for(hook(None), "evt_1", b"{}", 1_795_500_000.0)

    sent = headers_for(hook(name), "evt_1", b"{}", 1_795_500_000.0)

    assert set(usual) == USUAL
    assert {header: sent[header] for header in USUAL} == usual
    assert all(header == header.lower() for header in sent)


@of_every_platform
def test_a_2xx_is_done_and_a_410_the_end_whatever_it_says_else(name: str) -> None:
    outcomes = [
        judge(hook(name), Reply(status, {}, b"Queue is full"), attempt=1, age=0.0, now=0.0).outcome
        for status in (200, 202, 410)
    ]

    assert outcomes == [DELIVERED, DELIVERED, GONE]


@of_every_platform
@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("whole", [True, False])
def test_any_other_answer_is_tried_again_or_given_up_with_a_reason(name: str, status: int, whole: bool) -> None:
    found = judge(hook(name), Reply(status, {}, b"no", whole=whole), attempt=1, age=0.0, now=0.0)

    assert found.outcome in (RETRY, GAVE_UP)
    assert str(status) in (found.error or "")
    assert (found.wait > 0) == (found.outcome == RETRY)


@of_every_platform
def test_it_is_offered_and_documented(name: str) -> None:
    usage = CliRunner().invoke(main, ["hook", "add", "--help"], terminal_width=200).output

    assert name in usage.partition("--platform [")[2].partition("]")[0].split("|")
    assert f"`--platform {name}`" in PAGE
    assert f"`{name}`" in platforms.rates_in_words() or platforms.known()[name].rate is None


def test_a_hook_of_another_platform_is_one_of_none() -> None:
    assert platforms.of(hook("n8n")) == platforms.of(hook(None)) == Platform("")
