"""What the first start makes is for its own user alone, and its key goes into no journal."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.workbench import SECRET_KEY, Workbench, sqlite_url
from relay.areas.findings import BROKEN, Finding
from relay.cli import run
from relay.config import Config, data_directory
from relay.errors import ConfigError
from relay.running.findings.settings import readable_by_others
from relay.running.redis_server import redis_command
from relay.storage import workspaces


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("RELAY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RELAY_SECRET_KEY", SECRET_KEY)
    for name in ("RELAY_DATABASE_URL", "RELAY_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return Config.load()


@pytest.fixture
def bench(config: Config, tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def holder_of(bench: Workbench, text: str) -> tuple[str, ...]:
    with bench.database.read() as connection:
        found = workspaces.find_key(connection, text)
    assert found is not None
    return found.scopes


def test_where_nobody_sits_at_a_terminal_the_key_lies_in_a_file_of_its_owner(config: Config, bench: Workbench) -> None:
    said = run._first_key(config)

    place = config.data_dir / "first-api-key"
    assert said == f"in {place}     (read it, then remove the file)"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert holder_of(bench, place.read_text().strip()) == ("admin",)
    assert run._first_key(config) is None


def test_on_a_terminal_it_is_printed_and_lies_nowhere(
    config: Config, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    said = run._first_key(config)

    assert said is not None
    assert holder_of(bench, said.split()[0]) == ("admin",)
    assert not (config.data_dir / "first-api-key").exists()


def test_what_a_part_makes_is_readable_by_its_user_alone(config: Config) -> None:
    before = os.umask(0o022)
    try:
        run._ready(config)
        (config.data_dir / "made").touch()
    finally:
        os.umask(before)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) & 0o077 for each in config.data_dir.iterdir()}
    assert set(modes.values()) == {0}


def test_the_doctor_names_what_others_can_read(config: Config) -> None:
    config.data_dir.chmod(0o755)
    for name, mode in (("relay.db", 0o644), ("redis.log", 0o640), ("secret.key", 0o600)):
        (config.data_dir / name).touch()
        (config.data_dir / name).chmod(mode)

    found = list(readable_by_others(config.data_dir))
    config.data_dir.chmod(0o700)

    assert found == [
        Finding(
            BROKEN,
            "data directory",
            "others on this machine can read redis.log, relay.db",
            f"chmod -R go-rwx {config.data_dir}",
        )
    ]
    assert list(readable_by_others(config.data_dir)) == []


@pytest.mark.parametrize("made", ["by another user", "for all", "as a link"])
def test_a_runtime_directory_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    monkeypatch.setattr(data_directory.tempfile, "gettempdir", lambda: str(tmp_path))
    far = {"RELAY_DATA_DIR": str(tmp_path / ("d" * 120)), "RELAY_SECRET_KEY": SECRET_KEY}
    place = Path(Config.load(far).redis_url.removeprefix("unix://")).parent
    assert not place.exists()
    if made == "as a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "theirs")
    else:
        place.mkdir(mode=0o700)
        if made == "for all":
            place.chmod(0o777)
        else:
            own = place.stat().st_uid
            monkeypatch.setattr(data_directory.os, "getuid", lambda: own + 1)
            renamed = Path(str(place).replace(f"relay-{own}-", f"relay-{own + 1}-"))
            place.rename(renamed)

    with pytest.raises(ConfigError, match="must be a directory of this user alone"):
        Config.load(far)


def test_a_runtime_directory_of_our_own_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_directory.tempfile, "gettempdir", lambda: str(tmp_path))
    config = Config.load({"RELAY_DATA_DIR": str(tmp_path / ("d" * 120)), "RELAY_SECRET_KEY": SECRET_KEY})

    redis_command(config)

    place = Path(config.redis_url.removeprefix("unix://")).parent
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert Config.load({"RELAY_DATA_DIR": str(config.data_dir), "RELAY_SECRET_KEY": SECRET_KEY}) == config
