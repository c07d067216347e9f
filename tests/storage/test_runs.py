"""Runs of actions, asked for and taken by many at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from kit.workbench import Workbench
from relay.actions.policy import checked
from relay.actions.requests import Desk
from relay.errors import Conflict
from relay.inbound.own_events import source_of
from relay.model import Secret, Source, new_id, now_ms
from relay.storage import runs, sources
from relay.storage.runs import Policy, Run
from relay.storage.tables import action_runs, inbound

AT_ONCE = 16
ALERT = {"key": "disk:web03", "title": "Disk is full"}


def desk(bench: Workbench, actor: str = "key_1", workspace_id: str | None = None) -> Desk:
    return Desk(bench.relay.workspace(workspace_id or bench.workspace_id, actor))


def ask(bench: Workbench, actor: str = "key_1", **changes: str) -> Run | Conflict:
    try:
        return desk(bench, actor).request("alert.raise", {**ALERT, **changes}, key="k1")
    except Conflict as conflict:
        return conflict


def test_many_calls_with_one_key_are_one_run(bench: Workbench) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = list(pool.map(lambda _: ask(bench), range(AT_ONCE)))

    assert len({each.id for each in asked if isinstance(each, Run)}) == 1
    assert all(isinstance(each, Run) for each in asked)


def test_of_different_calls_with_one_key_one_is_taken(bench: Workbench) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = list(pool.map(lambda number: ask(bench, title=f"Disk {number} is full"), range(AT_ONCE)))

    assert [isinstance(each, Run) for each in asked].count(True) == 1
    assert {each.code for each in asked if isinstance(each, Conflict)} == {"idempotency_key_reused"}


def test_a_key_belongs_to_the_api_key_that_used_it(bench: Workbench) -> None:
    first, other, again = ask(bench, "key_1"), ask(bench, "key_2", title="Disk is empty"), ask(bench, "key_1")

    assert isinstance(first, Run)
    assert isinstance(other, Run)
    assert isinstance(again, Run)
    assert first.id != other.id
    assert again.id == first.id


def test_each_run_is_taken_by_one_worker(bench: Workbench) -> None:
    wanted = [desk(bench).request("alert.raise", ALERT).id for _ in range(AT_ONCE)]

    def take(_: int) -> list[str]:
        now = now_ms()
        with bench.database.write() as connection:
            return [each.id for each in runs.take(connection, bench.vault, now, now + 60_000, 4, "wrk_1")]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = [own_id for some in pool.map(take, range(AT_ONCE)) for own_id in some]

    assert sorted(taken) == sorted(wanted)


def test_the_first_runs_of_a_workspace_tell_of_themselves_at_once(bench: Workbench) -> None:
    """Each makes the workspace's own source, which tells of them, unless it is there."""
    desk(bench).set_policy(Policy("alert.raise", "always"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(lambda _: desk(bench).request("alert.raise", ALERT), range(AT_ONCE)))

    assert {each.state for each in made} == {runs.PENDING}
    with bench.database.read() as connection:
        told = list(connection.execute(inbound.select()))
    assert len({row.source_id for row in told}) == 1
    assert len(told) == AT_ONCE


def test_a_run_is_decided_once(bench: Workbench) -> None:
    desk(bench).set_policy(Policy("alert.raise", "always"))
    run = desk(bench).request("alert.raise", ALERT)

    def decide(number: int) -> str:
        try:
            return desk(bench, f"key_{number}").decide(run.id, approve=number % 2 == 0).state
        except Conflict as conflict:
            return conflict.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = list(pool.map(decide, range(AT_ONCE)))

    assert states.count("already_decided") == AT_ONCE - 1


REFUND = "payment.refund"


def refund(bench: Workbench, amount: float = 49, currency: str = "EUR", workspace_id: str | None = None) -> Run:
    """A refund at the only source of its workspace that can."""
    given = {"payment_id": "tr_1", "amount": amount, "currency": currency}
    return desk(bench, workspace_id=workspace_id).request(REFUND, given)


@pytest.fixture
def limited(bench: Workbench) -> Workbench:
    """Up to 50 EUR at once and 500 EUR within a day."""
    with bench.database.write() as connection:
        for workspace_id in (bench.workspace_id, "ws_2"):
            settings = {"api_url": "http://127.0.0.1:1", "api_key": "k3y"}
            source = Source(new_id("src"), workspace_id, "mollie", "Shop", (Secret("s3cret"),), settings)
            sources.add(connection, bench.vault, source, now_ms())
            runs.set_policy(connection, workspace_id, checked(REFUND, "above", 50, "EUR", 500))
    return bench


def test_a_hundred_refunds_at_once_are_together_no_more_than_the_days_sum(limited: Workbench) -> None:
    """The attack: a hundred refunds of 49 EUR pass a policy that asks a person above 50 EUR."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = list(pool.map(lambda _: refund(limited), range(100)))

    assert Counter(each.state for each in asked) == {runs.QUEUED: 10, runs.PENDING: 90}


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (runs.PENDING, True),
        (runs.QUEUED, True),
        (runs.RUNNING, True),
        (runs.UNKNOWN, True),
        (runs.SUCCEEDED, True),
        (runs.FAILED, False),
        (runs.REJECTED, False),
        (runs.EXPIRED, False),
    ],
)
def test_all_that_was_or_may_be_done_counts_towards_the_sum(limited: Workbench, state: str, counts: bool) -> None:
    for _ in range(10):
        refund(limited)
    with limited.database.write() as connection:
        connection.execute(update(action_runs).values(state=state))

    assert refund(limited).state == (runs.PENDING if counts else runs.QUEUED)


def test_the_sum_is_of_one_action_currency_workspace_and_day(limited: Workbench) -> None:
    others = [{"action": "invoice.credit"}, {"currency": "USD"}, {"workspace_id": "ws_3"}]
    others.append({"created_at": now_ms() - runs.DAY_MS - 1})
    for changes in others:
        for _ in range(10):
            refund(limited)
        with limited.database.write() as connection:
            connection.execute(update(action_runs).values(**changes))

    states = [refund(limited, amount).state for amount in (50, 50, 50, 50, 50, 50, 50, 50, 50, 49.99, 0.01, 0.01)]

    assert states == [runs.QUEUED] * 11 + [runs.PENDING]
    assert refund(limited, workspace_id="ws_2").state == runs.QUEUED


@pytest.mark.parametrize(("amount", "currency"), [(50.001, "EUR"), (1e300, "EUR"), (1, "USD"), (1, "KWD")])
def test_no_other_currency_and_no_part_of_a_cent_gets_past_the_limit(
    limited: Workbench, amount: float, currency: str
) -> None:
    assert refund(limited, amount, currency).state == runs.PENDING
    assert refund(limited, amount, currency).state == runs.PENDING


def test_the_workspaces_own_source_is_made_once(bench: Workbench) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = list(pool.map(lambda _: source_of(bench.database, bench.vault, bench.workspace_id).id, range(AT_ONCE)))

    assert len(set(made)) == 1


def test_a_run_that_does_not_open_keeps_no_other_from_being_done(bench: Workbench) -> None:
    lost, well = (desk(bench).request("alert.raise", ALERT).id for _ in range(2))
    now = now_ms()
    with bench.database.write() as connection:
        connection.execute(update(action_runs).where(action_runs.c.id == lost).values(sealed=b"\x01????"))

        taken = runs.take(connection, bench.vault, now, now + 60_000, 4, "wrk_1")
        listed = runs.search(connection, bench.vault, bench.workspace_id, state=None, action=None, before=None, limit=1)

    assert [each.id for each in taken] == [well]
    assert [each.id for each in listed] == [well]
