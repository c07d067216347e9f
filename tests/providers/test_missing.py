"""A source whose provider came with a package that is not installed any more: nothing is lost, all is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from kit.workbench import Belt, Workbench, sqlite_url
from relay.accounts import setup_steps
from relay.accounts import sources as accounts
from relay.errors import ProviderMissing
from relay.inbound.receive import Receiver
from relay.model import Inbound, Source, now_ms
from relay.providers import of_source
from relay.storage import inbound, sources
from relay.storage.tables import sources as sources_table

TOLD = {"type": "something.happened", "data": {"it": "did"}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def belongs_to(bench: Workbench, source: Source, provider: str) -> Source:
    with bench.database.write() as connection:
        connection.execute(update(sources_table).where(sources_table.c.id == source.id).values(provider=provider))
    with bench.database.read() as connection:
        found = sources.get(connection, bench.vault, source.id)
    assert found is not None
    return found


def test_the_package_is_named_and_what_to_do() -> None:
    with pytest.raises(ProviderMissing) as refused:
        of_source("acme")

    assert (refused.value.status, refused.value.message) == (
        503,
        "The provider 'acme' is not installed here. Install the package that brings it again, or remove the source.",
    )


def test_a_webhook_is_to_be_sent_again(bench: Workbench) -> None:
    source = belongs_to(bench, bench.source(), "acme")

    with pytest.raises(ProviderMissing):
        Receiver(bench.database, bench.vault, lambda: None).accept(source, Inbound(body=b"{}"))


def test_what_was_accepted_before_waits_and_is_read_once_the_package_is_back(bench: Workbench) -> None:
    belt, hook = Belt(bench), bench.hook()
    source, other = bench.source(), bench.source()
    waiting = bench.accept(source, TOLD, key="before")
    belongs_to(bench, source, "acme")
    bench.accept(other, TOLD, key="another's")

    belt.process()

    assert belt.dispatcher.native_ids(hook) == ["another's"]
    later = now_ms() + inbound.LEASE_MS
    with bench.database.write() as connection:
        assert [each.id for each in inbound.claim(connection, later, 10, "wrk_1")] == [waiting]
        inbound.put_off(connection, 1, 0)
    belongs_to(bench, source, "standard")

    again = Belt(bench)
    again.process()

    assert again.dispatcher.native_ids(hook) == ["before"]


def test_it_is_listed_without_what_may_be_secret_and_can_be_removed(bench: Workbench) -> None:
    workspace = bench.working_in()
    made, _ = accounts.create(workspace, "whmcs", name="Shop", settings={"api_url": "https://shop.example.com"})
    source = belongs_to(bench, made, "acme")

    shown = accounts.shown(source, "https://relay.example.com")

    assert (shown["provider"], shown["name"], shown["settings"]) == ("acme", "Shop", {})
    with pytest.raises(ProviderMissing):
        setup_steps.steps(source, "https://relay.example.com")
    accounts.delete(workspace, source.id)
    with bench.database.read() as connection:
        assert sources.get(connection, bench.vault, source.id) is None
