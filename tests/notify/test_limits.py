"""Nobody is told the same twice, too much in an hour, or at night what can wait."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.servers import Postgres
from kit.workbench import sqlite_url
from notify.office import SEND, Office
from notify.post_office import MailServer, Service
from relay.actions import notification
from relay.errors import InvalidRequest
from relay.model import now_ms
from relay.notify import quiet_hours
from relay.storage import Database, runs, sent_messages, workspaces
from relay.storage.migrate import upgrade
from relay.storage.runs import Run
from relay.storage.sent_messages import SENT, UNKNOWN, Claim, Notice

ZOE = "zoe@acme-shop.example"
HOUR = 3600 * 1000
NIGHT = ("22:00-07:00", "Europe/Paris")


def around_now() -> str:
    """Quiet hours that it is in."""
    now = datetime.now(UTC)
    return f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"


def put_off(run: Run) -> bool:
    return " is delayed until " in str(run.content.get("text"))


def wake(office: Office, run: Run) -> Run:
    """Have its time come."""
    now = replace(office.run(run.id), due_at=now_ms())
    with office.database.write() as connection:
        assert runs.save(connection, office.vault, now, was_due=office.run(run.id).due_at)
    return office.carry_out(now)


def test_the_same_text_is_sent_once_a_day(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)

    first = office.send(channel="mail", to=ZOE, subject="Hello", message="There is news.")
    second = office.send(
        channel="mail", to=ZOE.upper().replace("ZOE", "Zoe"), subject="Hello", message="There is news."
    )
    other_text = office.send(channel="mail", to=ZOE, subject="Hello", message="There is more news.")
    other_person = office.send(channel="mail", to="max@acme-shop.example", subject="Hello", message="There is news.")

    statuses = [run.content["output"]["delivery_status"] for run in (first, second, other_text, other_person)]
    assert statuses == ["sent", "sent_before", "sent", "sent"]
    assert second.state == runs.SUCCEEDED
    assert len(mail_server.box.mails) == 3


def test_the_same_text_asked_for_many_times_at_once_is_sent_once(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    asked = [office.ask(SEND, channel="mail", to=ZOE, message="There is news.") for _ in range(8)]

    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda run: office.carry_out(run, until=lambda each: each.is_over or put_off(each)), asked)
        )

    assert len(mail_server.box.mails) == 1
    assert [run.content["output"]["delivery_status"] for run in done].count("sent") == 1


def test_what_was_refused_may_be_asked_for_again(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    mail_server.box.mood = "dislikes it"
    office.send(channel="mail", to=ZOE, message="There is news.")
    mail_server.box.mood = "well"

    again = office.send(channel="mail", to=ZOE, message="There is news.")

    assert again.content["output"]["delivery_status"] == "sent"


def test_a_recipient_gets_no_more_in_an_hour_than_the_channel_says(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, per_hour=2)
    for number in range(2):
        office.send(channel="mail", to=ZOE, message=f"News {number}")

    third = office.carry_out(office.ask(SEND, channel="mail", to=ZOE, message="News 3", urgent=True), until=put_off)
    other = office.send(channel="mail", to="max@acme-shop.example", message="News 3")

    assert (third.state, third.told) == (runs.QUEUED, False)
    assert third.content["output"] == {"channel": None, "delivery_status": "put_off", "subject": None}
    assert third.due_at is not None
    assert 50 * 60_000 < third.due_at - now_ms() <= HOUR
    assert other.content["output"]["delivery_status"] == "sent"


def test_a_recipient_who_had_enough_is_told_over_the_next_channel(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, "first", per_hour=1)
    office.mail_channel(mail_server, "second")
    office.send(channel="first,second", to=ZOE, message="News 1")

    run = office.send(channel="first,second", to=ZOE, message="News 2")

    assert run.content["output"]["channel"] == "second"


def test_at_night_it_waits_for_the_morning(
    office: Office, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.mail_channel(mail_server, quiet=around_now())
    run = office.carry_out(office.ask(SEND, channel="mail", to=ZOE, message="There is news."), until=put_off)
    at_night = len(mail_server.box.mails)

    monkeypatch.setattr(quiet_hours, "quiet_until", lambda *_: None)
    done = wake(office, run)

    assert at_night == 0
    assert (run.state, run.attempts, run.told) == (runs.QUEUED, 0, False)
    assert done.content["output"]["delivery_status"] == "sent"
    assert len(mail_server.box.mails) == 1


def test_what_is_urgent_does_not_wait(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, quiet=around_now())

    run = office.send(channel="mail", to=ZOE, message="The house is on fire.", urgent=True)

    assert run.content["output"]["delivery_status"] == "sent"


def test_a_channel_that_sleeps_leaves_it_to_the_next(office: Office, mail_server: MailServer, service: Service) -> None:
    office.channel("chat", f"json://127.0.0.1:{service.port}/", quiet=around_now())
    office.mail_channel(mail_server)

    run = office.send(channel="chat,mail", to=ZOE, message="There is news.")

    assert run.content["output"]["channel"] == "mail"
    assert service.received == []


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22T20:59:00+00:00", None),
        ("2026-11-22T21:00:00+00:00", "2026-11-23T06:00:00+00:00"),
        ("2026-11-23T05:59:59+00:00", "2026-11-23T06:00:00+00:00"),
        ("2026-11-23T06:00:00+00:00", None),
        # The clocks are set in these nights: it ends when the clock on the wall says seven.
        ("2026-03-28T22:00:00+00:00", "2026-03-29T05:00:00+00:00"),
        ("2026-10-24T21:00:00+00:00", "2026-10-25T06:00:00+00:00"),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(now: str, until: str | None) -> None:
    found = quiet_hours.quiet_until(*NIGHT, int(datetime.fromisoformat(now).timestamp() * 1000))

    assert (None if found is None else datetime.fromtimestamp(found / 1000, UTC).isoformat()) == until


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "until"),
    [
        # From 02:00 to 03:00: half past two is not there, and the night ends as the clock is set.
        ("22:00-02:30", "Europe/Paris", "2027-03-27T22:00:00+00:00", "2027-03-28T01:00:00+00:00"),
        ("22:00-02:30", "Europe/Paris", "2027-03-28T01:00:00+00:00", None),
        ("02:30-06:00", "Europe/Paris", "2027-03-28T01:00:00+00:00", "2027-03-28T04:00:00+00:00"),
        # From 03:00 back to 02:00: whoever is up stays up, whoever sleeps goes on sleeping.
        ("22:00-02:30", "Europe/Paris", "2027-10-31T00:10:00+00:00", "2027-10-31T00:30:00+00:00"),
        ("22:00-02:30", "Europe/Paris", "2027-10-31T01:10:00+00:00", None),
        ("02:30-06:00", "Europe/Paris", "2027-10-31T01:10:00+00:00", "2027-10-31T05:00:00+00:00"),
        # No midnight.
        ("00:00-06:00", "America/Santiago", "2026-09-06T04:00:00+00:00", "2026-09-06T09:00:00+00:00"),
    ],
)
def test_quiet_hours_in_which_the_clock_is_set_end_once(quiet: str, zone: str, now: str, until: str | None) -> None:
    found = quiet_hours.quiet_until(quiet, zone, int(datetime.fromisoformat(now).timestamp() * 1000))

    assert (None if found is None else datetime.fromtimestamp(found / 1000, UTC).isoformat()) == until


def test_quiet_hours_may_be_by_day() -> None:
    noon = int(datetime(2026, 11, 22, 12, 30, tzinfo=UTC).timestamp() * 1000)

    assert quiet_hours.quiet_until("12:00-13:00", "UTC", noon) == noon + HOUR // 2
    assert quiet_hours.quiet_until("13:00-14:00", "UTC", noon) is None
    assert quiet_hours.quiet_until(None, "UTC", noon) is None


@pytest.mark.parametrize("text", ["22-7", "25:00-07:00", "22:00-22:00", "night", "22:00-07:60"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        quiet_hours.checked_quiet(text)


@pytest.mark.parametrize("name", ["Paris", "../etc/passwd", "", "Europe/Nowhere", "localtime"])
def test_a_zone_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        quiet_hours.checked_zone(name)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "SQLite":
        made = Database(sqlite_url(tmp_path))
    else:
        server = request.getfixturevalue("postgres")
        made = Database(server.new_database().replace("postgresql://", "postgresql+psycopg://"))
    upgrade(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def test_notices_are_counted_by_recipient_and_forgotten_after_a_day(database: Database) -> None:
    with database.write() as connection:
        workspace = workspaces.add(connection, "Ours", 1).id

    def claim(run: str, text: str, at: int, recipient: str = "zoe") -> Claim:
        with database.write() as connection:
            return sent_messages.claim(connection, workspace, Notice(run, "mail", recipient, text), at, 2)

    def settle(run: str, state: str) -> None:
        with database.write() as connection:
            sent_messages.settle(connection, Notice(run, "mail", "zoe", ""), state)

    first = claim("run_1", "a", 0)
    under_way = claim("run_2", "a", 10)
    again = claim("run_1", "a", 20)
    settle("run_1", SENT)
    before = claim("run_2", "a", 30)
    second = claim("run_3", "b", 40)
    settle("run_3", UNKNOWN)
    enough = claim("run_4", "c", 50)
    somebody_else = claim("run_5", "c", 60, "max")
    an_hour_later = claim("run_4", "c", 20 + HOUR)
    asked_for_again = claim("run_6", "b", 40 + HOUR)
    with database.write() as connection:
        sent_messages.prune(connection, 20 + 24 * HOUR + 1)
    next_day = claim("run_7", "a", 20 + 24 * HOUR + 1)

    assert [first, under_way, again, before] == [Claim(), Claim(until=30_010), Claim(), Claim(before=True)]
    assert [second, enough, somebody_else] == [Claim(), Claim(until=20 + HOUR), Claim()]
    assert [an_hour_later, asked_for_again, next_day] == [Claim(), Claim(), Claim()]


def test_the_words_for_what_became_of_it_are_these() -> None:
    words = (notification._SENT, notification._SENT_BEFORE, notification._PUT_OFF)

    assert words == ("sent", "sent_before", "put_off")
