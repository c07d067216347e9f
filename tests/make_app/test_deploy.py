"""The app is brought to Make: whole, again without a change, in part, and after it was cut short."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from make_app.fake_make import SINGLE, FakeMake, wait_for
from relay.cli import main
from relay.develop import generate
from relay.develop.make_app import remote
from relay.develop.make_app.app import read
from relay.develop.make_app.deploy import Changes, deploy
from relay.develop.make_app.origin import FILE
from relay.develop.make_app.plan import SECTIONS
from relay.errors import ConfigError, InvalidRequest, NotFound, Unreachable

ORDER = ("connections", "rpcs", "webhooks", "modules")


@pytest.fixture
def make() -> Iterator[FakeMake]:
    fake = FakeMake()
    yield fake
    fake.close()


def account(make: FakeMake) -> remote.Account:
    return remote.Account(remote.base_url("eu1", make.url), make.key)


def bring(app: Path, make: FakeMake, **more: Any) -> Changes:
    return deploy(app, account(make), tell=more.pop("tell", lambda _: None), pause=make.rest, **more)


def command(app: Path, make: FakeMake, *more: str) -> list[str]:
    file = app.parent / "key"
    file.write_text(make.key + "\n")
    return ["make", "deploy", str(app), "--zone", "eu1", "--key-file", str(file), "--api", make.url, *more]


def run(app: Path, make: FakeMake, *more: str) -> Result:
    return CliRunner().invoke(main, command(app, make, *more))


def only(make: FakeMake) -> dict[str, Any]:
    (app,) = make.apps.values()
    return app


def assert_whole(app: Path, make: FakeMake) -> None:
    """Everything of the folder is at Make, byte for byte, and under the names that Make gave."""
    there, folder = only(make), read(app)
    names = json.loads((app / FILE).read_text())["origins"][0]["names"]
    for kind in ORDER:
        assert len(there[kind]) == len(folder.of(kind[:-1]))
    for component in folder.components:
        name = names.get(component.type, {}).get(component.id, component.id)
        thing = there[f"{component.type}s"][name]
        sent = {SECTIONS[component.type][key]: code.text for key, code in component.codes.items()}
        assert {key: text for key, text in thing.sections.items() if text != "blank"} == sent
        assert thing.properties["label"] == component.label
        if component.entry.get("webhook"):
            assert thing.properties["webhook"] == names["webhook"][component.entry["webhook"]]
    assert there["sections"] == {key: code.text for key, code in folder.general.items()}
    assert make.refused == []


def test_the_whole_app_is_made_in_an_order_that_make_takes(whole_app: Path, make: FakeMake) -> None:
    changes = bring(whole_app, make)

    assert_whole(whole_app, make)
    assert changes.app == "hosting-relay-1x7k2q"
    assert changes.count("create") == 1 + len(read(whole_app).components)
    kinds = [part for _, path in make.writes for part in path.split("/") if part in ORDER]
    assert kinds == sorted(kinds, key=ORDER.index)
    assert make.writes[-1][1].endswith("/groups")
    assert make.most_at_once <= 2


def test_a_second_time_nothing_is_changed(app: Path, make: FakeMake) -> None:
    first = bring(app, make)
    before, count = make.state(), len(make.writes)

    again = bring(app, make)

    assert (again.done, len(make.writes), make.state()) == ([], count, before)
    assert again.unchanged == len(first.done)


def test_one_changed_part_is_one_request(app: Path, make: FakeMake) -> None:
    bring(app, make)
    count = len(make.writes)
    samples = app / "modules/get-event/get-event.samples.iml.json"
    samples.write_text("// A note\n" + samples.read_text())

    changes = bring(app, make)

    assert [str(step) for step in changes.done] == ["update module getEvent: samples"]
    assert make.writes[count:] == [("PUT", f"/api/v2/sdk/apps/{changes.app}/1/modules/getEvent/samples")]
    assert_whole(app, make)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        (("module", "getEvent"), "description", "Returns information about a specific event, found by its ID."),
        (("module", "watchAlerts"), "webhook", "relayInvoices"),
        (("rpc", "listEventTypes"), "label", "List types"),
    ],
)
def test_a_changed_entry_is_one_request(app: Path, make: FakeMake, part: tuple[str, str], key: str, value: str) -> None:
    bring(app, make)
    manifest = json.loads((app / "makecomapp.json").read_text())
    manifest["components"][part[0]][part[1]][key] = value
    (app / "makecomapp.json").write_text(json.dumps(manifest))

    changes = bring(app, make)

    assert [str(step) for step in changes.done] == [f"update {part[0]} {part[1]}"]
    assert make.writes[-1][0] == "PATCH"
    assert_whole(app, make)


def test_what_was_changed_at_make_is_set_right(app: Path, make: FakeMake) -> None:
    bring(app, make)
    only(make)["modules"]["getEvent"].sections["api"] = "{}"
    only(make)["modules"]["getEvent"].properties["label"] = "Fetch"
    del only(make)["rpcs"]["listHookOptions"]

    changes = bring(app, make)

    assert [str(step) for step in changes.done] == [
        "create rpc listHookOptions",
        "update rpc listHookOptions: communication",
        "update rpc listHookOptions: params",
        "update module getEvent",
        "update module getEvent: communication",
    ]
    assert_whole(app, make)


def test_what_the_app_has_not_any_more_is_named_and_left(app: Path, make: FakeMake) -> None:
    bring(app, make)
    only(make)["modules"]["oldModule"] = only(make)["modules"]["getEvent"]

    result = run(app, make)

    assert "module oldModule" in result.output
    assert "oldModule" in only(make)["modules"]


def test_an_app_that_is_there_is_used(app: Path, make: FakeMake) -> None:
    changes = bring(app, make)
    (app / FILE).unlink()

    again = bring(app, make, app_id=changes.app)

    assert len(make.apps) == 1
    assert {str(step) for step in again.done} == {
        "update app: groups",  # of these Make tells no checksum
        *(f"update module {each.id}" for each in read(app).of("module") if each.kind == "instant_trigger"),
    }
    assert_whole(app, make)


def test_modules_are_shown_once_when_asked_for(app: Path, make: FakeMake) -> None:
    changes = bring(app, make, visible=True)

    assert changes.count("show") == len(read(app).of("module"))
    assert all(each.public for each in only(make)["modules"].values())
    assert bring(app, make, visible=True).done == []


@pytest.mark.parametrize("seed", [1, 2])
def test_failures_and_limits_are_sat_out(app: Path, make: FakeMake, seed: int) -> None:
    make.close()
    unsteady = FakeMake(burst=25, failing=0.15, seed=seed)
    try:
        bring(app, unsteady)

        assert_whole(app, unsteady)
        assert unsteady.limited > 3
        assert unsteady.failed > 5
        assert bring(app, unsteady).done == []
    finally:
        unsteady.close()


def test_it_waits_as_long_as_make_asks(app: Path, make: FakeMake) -> None:
    make.burst = make._left = 10
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await make.rest(seconds)

    deploy(app, account(make), tell=lambda _: None, pause=pause)

    assert set(waits) == {7.0}
    assert_whole(app, make)


def test_it_gives_up_on_a_make_that_is_down(app: Path, make: FakeMake) -> None:
    make.close()
    down = FakeMake(failing=1.0)
    try:
        with pytest.raises(Unreachable):
            bring(app, down)
    finally:
        down.close()


@pytest.mark.parametrize("writes", [1, 60])
def test_killed_at_any_moment_it_goes_on_where_it_stopped(app: Path, make: FakeMake, writes: int) -> None:
    """The write was done, and its answer never came: what it made must not be made once more."""
    words = [sys.executable, "-m", "relay", *command(app, make)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=generate.ROOT) as process:

        def kill(number: int) -> None:
            if number == writes:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()

        make.on_write = kill
        wait_for(lambda: process.poll() is not None)
    make.on_write = None
    done = len(make.writes)
    assert (process.returncode, done) == (-signal.SIGKILL, writes)

    bring(app, make)

    assert len(make.apps) == 1
    assert_whole(app, make)
    whole = FakeMake()
    try:
        (app / FILE).unlink()
        bring(app, whole)
        # One write may be sent again: the one whose answer never came.
        assert len(make.writes) - len(whole.writes) in (0, 1)
    finally:
        whole.close()
    assert make.most_at_once <= 2


@pytest.mark.parametrize("there", [False, True])
def test_a_dry_run_changes_nothing(app: Path, make: FakeMake, there: bool) -> None:
    if there:
        bring(app, make)
        (app / "README.md").write_text("# Another\n")
    before, count, files = make.state(), len(make.writes), sorted(app.rglob("*"))
    origin = (app / FILE).read_text() if there else None

    result = run(app, make, "--dry-run", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["updated"] == ["app: readme"] if there else len(told["created"]) == 1 + len(read(app).components)
    assert (make.state(), len(make.writes), sorted(app.rglob("*"))) == (before, count, files)
    assert ((app / FILE).read_text() if there else None) == origin


def test_the_command_tells_what_it_does(app: Path, make: FakeMake) -> None:
    result = run(app, make)

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].endswith("create app")
    assert lines[0].startswith("1/")
    assert lines[-2].endswith(" 0 shown, 0 unchanged.")
    assert "hosting-relay-1x7k2q" in lines[-1]


def test_the_key_is_never_shown(app: Path, make: FakeMake) -> None:
    good = run(app, make)
    make.key, known = "another-key-of-make", make.key
    file = app.parent / "key"
    words = command(app, make)
    file.write_text(known)

    refused = CliRunner().invoke(main, words)

    assert refused.exit_code == 1
    assert "401" in refused.output
    assert "sdk-apps:write" in refused.output
    for result in (good, refused):
        assert known not in result.output
        assert known not in repr(result.exception)
    assert known not in (app / FILE).read_text()


def test_a_file_that_holds_no_key_is_refused_without_showing_it(app: Path, make: FakeMake) -> None:
    words = command(app, make)
    (app.parent / "key").write_text("secret-one\nsecret-two\n")

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 1
    assert "secret-one" not in result.output
    assert make.log == []


def test_an_app_with_findings_is_not_brought(app: Path, make: FakeMake) -> None:
    (app / "README.md").unlink()

    with pytest.raises(ConfigError, match="relay make lint"):
        bring(app, make)

    assert make.log == []


@pytest.mark.parametrize("text", ["{", "[]", '{"origins": [{"app": "a"}]}', '{"origins": [1]}'])
def test_an_origin_file_that_cannot_be_read_is_said(app: Path, make: FakeMake, text: str) -> None:
    (app / FILE).write_text(text)

    with pytest.raises(ConfigError, match="--app"):
        bring(app, make)

    assert make.log == []


def test_of_several_apps_in_a_zone_one_has_to_be_named(app: Path, make: FakeMake) -> None:
    first = bring(app, make)
    held = json.loads((app / FILE).read_text())
    held["origins"].append(held["origins"][0] | {"app": "another-app"})
    (app / FILE).write_text(json.dumps(held))

    with pytest.raises(ConfigError, match="another-app"):
        bring(app, make)

    assert bring(app, make, app_id=first.app).done == []


def test_an_app_that_make_does_not_have_is_said(app: Path, make: FakeMake) -> None:
    with pytest.raises(NotFound, match="--app"):
        bring(app, make, app_id="someone-elses")


def test_two_of_one_name_are_not_guessed_at(app: Path, make: FakeMake) -> None:
    bring(app, make)
    (app / FILE).unlink()
    there = only(make)["connections"]
    there["twin"] = next(iter(there.values()))

    with pytest.raises(ConfigError, match="twin"):
        bring(app, make, app_id=next(iter(make.apps)))


def test_an_answer_without_its_list_is_not_taken_for_an_empty_one(
    app: Path, make: FakeMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(app, make)
    count = len(make.writes)
    monkeypatch.setitem(SINGLE, "rpcs", "appProcedure")

    with pytest.raises(InvalidRequest, match="appRpcs"):
        bring(app, make)

    assert len(make.writes) == count


@pytest.mark.parametrize("zone", ["eu1", "US2", "eu1.make.com", "us1.make.celonis.com"])
def test_zones_of_make_are_taken(zone: str) -> None:
    host = zone.lower() if "." in zone else f"{zone.lower()}.make.com"

    assert remote.base_url(zone) == f"https://{host}/api"


@pytest.mark.parametrize(
    "zone",
    ["", "eu", "evil.example", "eu1.make.com.evil.example", "eu1.make.com@evil.example", "eu1/", "eu1.make.com:1"],
)
def test_anything_else_is_no_zone(zone: str) -> None:
    with pytest.raises(ConfigError):
        remote.base_url(zone)


@pytest.mark.parametrize("api", ["http://192.0.2.1:80", "https://127.0.0.1:80", "http://127.0.0.1:80/x", "http://a:1"])
def test_another_address_is_taken_on_this_machine_only(api: str) -> None:
    with pytest.raises(ConfigError):
        remote.base_url("eu1", api)


def test_git_ignores_what_is_kept() -> None:
    assert f"connectors/make/{FILE}*" in (generate.ROOT / ".gitignore").read_text().splitlines()
