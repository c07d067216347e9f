"""Settings from the environment, and from the data directory where the environment says nothing."""

import re
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_hex, token_urlsafe

import pytest

from kit.cases import cases
from kit.waiting import PATIENCE_SECONDS
from relay import config
from relay.config import SETTINGS, VARIABLES, Config
from relay.config.setting import Setting
from relay.errors import ConfigError
from relay.security.proxies import Proxies
from relay.security.vault import is_weak


def test_without_settings_the_data_directory_holds_everything(tmp_path: Path) -> None:
    config = Config.load({"RELAY_DATA_DIR": str(tmp_path)})

    assert config == replace(
        config,
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path}/relay.db",
        redis_url=config.redis_url,
        secret_keys=((tmp_path / "secret.key").read_text().strip(),),
        public_url="http://127.0.0.1:8080",
        allow_private=frozenset(),
        allow_private_sources=frozenset(),
        trusted_proxies=Proxies.read("127.0.0.1"),
        egress_proxy=None,
        log_level="info",
    )


def test_every_setting_is_taken_from_the_environment(tmp_path: Path) -> None:
    config = Config.load(
        {
            "RELAY_DATA_DIR": str(tmp_path / "data"),
            "RELAY_DATABASE_URL": "postgres://relay:secret@db/relay",
            "RELAY_REDIS_URL": "redis://:secret@redis:6379/0",
            "RELAY_SECRET_KEY": " new key , old key ,",
            "RELAY_PUBLIC_URL": "https://relay.example.com/",
            "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1, Subscriber.local:9000,",
            "RELAY_ALLOW_PRIVATE_SOURCES": "Panel.internal:8443",
            "RELAY_TRUSTED_PROXIES": "172.16.0.0/12",
            "RELAY_EGRESS_PROXY": "http://egress:3128/",
            "RELAY_LOG_LEVEL": "DEBUG",
        }
    )

    assert config == replace(
        config,
        data_dir=tmp_path / "data",
        database_url="postgresql+psycopg://relay:secret@db/relay",
        redis_url="redis://:secret@redis:6379/0",
        secret_keys=("new key", "old key"),
        public_url="https://relay.example.com",
        allow_private=frozenset({"127.0.0.1", "subscriber.local:9000"}),
        allow_private_sources=frozenset({"127.0.0.1", "subscriber.local:9000", "panel.internal:8443"}),
        trusted_proxies=Proxies.read("172.16.0.0/12"),
        egress_proxy="http://egress:3128",
        log_level="debug",
    )
    assert not (tmp_path / "data").exists()


def test_secrets_do_not_print(tmp_path: Path) -> None:
    config = Config.load(
        {
            "RELAY_DATA_DIR": str(tmp_path),
            "RELAY_DATABASE_URL": "postgresql://relay:hidden@db/relay",
            "RELAY_REDIS_URL": "redis://:hidden@redis",
            "RELAY_SECRET_KEY": "hidden",
        }
    )

    assert "hidden" not in repr(config)
    assert f"data_dir={tmp_path!r}, " in repr(config)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://db/relay", "postgresql+psycopg://db/relay"),
        ("postgresql://db/relay", "postgresql+psycopg://db/relay"),
        ("postgresql+psycopg://db/relay", "postgresql+psycopg://db/relay"),
        ("sqlite:////var/relay.db", "sqlite:////var/relay.db"),
    ],
)
def test_the_usual_forms_of_a_database_address_are_understood(tmp_path: Path, given: str, kept: str) -> None:
    assert Config.load({"RELAY_DATA_DIR": str(tmp_path), "RELAY_DATABASE_URL": given}).database_url == kept


@pytest.mark.parametrize(
    ("setting", "text"),
    [pytest.param(each, text, id=f"{each.name}-{text}") for each in SETTINGS.values() for text in each.refused],
)
def test_what_a_setting_refuses_is_named_with_what_came_and_no_secret(
    tmp_path: Path, setting: Setting, text: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.load({"RELAY_DATA_DIR": str(tmp_path), setting.name: text})

    assert refused.value.message.startswith(f"{setting.name} must be {setting.form.expected}; {setting.refused[text]}.")
    assert "pass" not in refused.value.message.partition("; ")[2].partition(".")[0]
    assert list(tmp_path.iterdir()) == []


def test_the_kept_key_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"

    first = Config.load({"RELAY_DATA_DIR": str(directory)})
    second = Config.load({"RELAY_DATA_DIR": str(directory)})

    assert first.secret_keys == second.secret_keys
    assert len(first.secret_keys[0]) >= 32
    assert stat.S_IMODE((directory / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [path.name for path in directory.iterdir()] == ["secret.key"]


def test_parts_that_start_together_keep_one_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    keys: list[tuple[str, ...]] = []

    def load() -> None:
        together.wait(PATIENCE_SECONDS)
        keys.append(Config.load({"RELAY_DATA_DIR": str(tmp_path)}).secret_keys)

    parts = [threading.Thread(target=load) for _ in range(8)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert all(keys[0])


def test_the_socket_moves_where_its_path_is_short_enough(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)

    short, long, again, other = (
        Config.load({"RELAY_DATA_DIR": str(directory)}).redis_url for directory in (tmp_path, deep, deep, deep / "x")
    )

    assert short == f"unix://{tmp_path}/redis.sock" or len(str(tmp_path)) > 89
    assert len(long.removeprefix("unix://")) < 100
    assert long == again != other


def test_what_may_hold_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    held = {
        "RELAY_DATABASE_URL": "postgresql+psycopg://relay:secret@db/relay",
        "RELAY_EGRESS_PROXY": "http://egress:3128",
        "RELAY_REDIS_URL": "redis://:secret@redis:6379/0",
        "RELAY_SECRET_KEY": "a key that is long enough to seal with",
    }
    for name, value in held.items():
        (tmp_path / name).write_text(f"{value}\n")
    own = {"RELAY_DATA_DIR": str(tmp_path)}

    found = Config.load(own | {f"{name}_FILE": str(tmp_path / name) for name in held})

    assert found == Config.load(own | held)


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"RELAY_SECRET_KEY": "k" * 40, "RELAY_SECRET_KEY_FILE": "/dev/null"}, "both set: keep one of them"),
        ({"RELAY_SECRET_KEY_FILE": "/nowhere/key"}, "names /nowhere/key, which cannot be read: No such file"),
        ({"RELAY_SECRET_KEY_FILE": "/dev/null"}, "names /dev/null, which holds nothing"),
        ({"RELAY_PUBLIC_URL_FILE": "/dev/null"}, "Set RELAY_PUBLIC_URL itself."),
    ],
)
def test_a_file_that_holds_no_setting_is_named(tmp_path: Path, environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        Config.load({"RELAY_DATA_DIR": str(tmp_path), **environment})


def test_a_misspelt_name_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(
        ConfigError, match=r"RELAY_PUBILC_URL is not a setting of the relay\. Did you mean RELAY_PUBLIC_URL\?"
    ):
        Config.load({"RELAY_PUBILC_URL": "https://relay.example.com"})


def test_a_name_that_others_read_is_left_alone(tmp_path: Path) -> None:
    environment = {"RELAY_DATA_DIR": str(tmp_path), "RELAY_SECRET": "a sender's", "RELAY_COLOUR": "ours"}

    assert Config.load(environment).data_dir == tmp_path


@cases("name", ["RELAY_RETRY_PAUSES", "RELAY_EGRESS_ALLOW_PRIVATE", "RELAY_URL", *VARIABLES])
def test_a_name_that_one_of_its_parts_reads_is_none_misspelt(name: str) -> None:
    config._check_names({name: ""})


@pytest.mark.parametrize(
    "key", ["a" * 32, "password1234" * 3, "aaaabbbbccccddddeeeeffff00001111", "0123456789abcdef" * 4]
)
def test_a_key_that_was_typed_is_known(key: str) -> None:
    assert is_weak(key)


@pytest.mark.parametrize("make", [lambda: token_hex(32), lambda: token_urlsafe(48)])
def test_a_key_that_was_drawn_is_not_called_weak(make: Callable[[], str]) -> None:
    assert not any(is_weak(make()) for _ in range(200))
