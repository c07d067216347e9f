"""Sources and hooks as they are shown, and their secrets rotated."""

import re

from cli.conftest import Terminal
from kit.workbench import Workbench
from relay.accounts import sources
from relay.storage import hooks

TARGET = "https://hooks.example.com/in"


def shown(text: str) -> dict[str, str]:
    """The fields of what is shown to people, by name."""
    return dict(re.split(r" {2,}", line, maxsplit=1) for line in text.splitlines() if "  " in line)


def test_a_new_source_is_shown_without_what_is_as_usual(relay: Terminal) -> None:
    done = relay("source", "add", "zabbix", "--name", "Zabbix Berlin")

    fields = shown(done.stdout)
    assert list(fields) == ["id", "provider", "name", "url", "settings", "secret"]
    assert fields["settings"] == "timezone=UTC"
    assert done.stdout.endswith(f"Set up the sender: relay source setup {fields['id']}\n")


def test_a_source_that_accepts_nothing_yet_says_so(relay: Terminal) -> None:
    done = relay("source", "add", "stripe")

    made = shown(done.stdout)["id"]
    assert f"It accepts no webhooks yet. Set its secret: relay source secret {made} SECRET\n" in done.stdout


def test_a_source_in_monitor_mode_says_so_in_words(relay: Terminal) -> None:
    done = relay("source", "add", "zabbix", "--monitor")

    assert shown(done.stdout)["monitor"] == "accepts unverified webhooks: for testing only"


def test_what_to_paste_is_shown_only_where_the_steps_paste_it(relay: Terminal) -> None:
    pasted = {
        name: relay.json("source", "add", name)["paste"] for name in ("alertmanager", "checkmk", "uptimerobot", "slack")
    }

    assert {name: bool(paste) for name, paste in pasted.items()} == {
        "alertmanager": False,
        "checkmk": False,
        "uptimerobot": True,
        "slack": True,
    }


def test_a_source_whose_secret_is_ours_gets_a_new_one(relay: Terminal, bench: Workbench) -> None:
    made = relay.json("source", "add", "uptimerobot")

    rotated = relay.json("source", "secret", "uptimerobot", "--overlap-hours", "1")

    with bench.database.read() as connection:
        source = sources.get(bench.working_in(), connection, made["id"])
    assert rotated["secret"] != made["secret"]
    assert rotated["paste"] == f"{made['url']}?token={rotated['secret']}"
    assert [each.value for each in source.secrets] == [rotated["secret"], made["secret"]]
    assert source.secrets[1].not_after is not None
    assert rotated["old_until"] is not None


def test_a_source_whose_secret_is_theirs_gets_none_of_ours(relay: Terminal) -> None:
    relay.json("source", "add", "stripe")

    assert relay.refused("source", "secret", "stripe") == ("relay: secret is required: copy it from Stripe.")


def test_a_secret_is_read_from_standard_input_so_that_no_history_keeps_it(relay: Terminal, bench: Workbench) -> None:
    made = relay.json("source", "add", "stripe")

    done = relay("source", "secret", "stripe", "-", typed=" whsec_theirs\n")

    with bench.database.read() as connection:
        source = sources.get(bench.working_in(), connection, made["id"])
    assert done.stdout == "The secret was saved. Webhooks signed with it are accepted from now on.\n"
    assert [each.value for each in source.secrets] == ["whsec_theirs"]


def test_a_hook_gets_a_new_secret_and_the_old_one_signs_beside_it(relay: Terminal, bench: Workbench) -> None:
    made = relay.json("hook", "add", TARGET, "--events", "invoice.paid")

    rotated = relay.json("hook", "rotate", made["id"][:20], "--overlap-hours", "2")

    with bench.database.read() as connection:
        hook = hooks.get(connection, bench.vault, bench.workspace_id, made["id"])
    assert hook is not None
    assert list(rotated) == ["id", "secret", "old_until"]
    assert [each.value for each in hook.secrets] == [rotated["secret"], made["secret"]]
    assert hook.secrets[1].not_after is not None


def test_yes_and_no_are_words(relay: Terminal) -> None:
    done = relay("hook", "add", TARGET, "--events", "invoice.paid", "--ordered")

    assert shown(done.stdout)["ordered"] == "yes"
