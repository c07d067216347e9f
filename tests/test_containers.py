"""The Dockerfile, compose.yaml and the wheel, as far as they can be judged without an engine that runs them."""

import ast
import importlib.metadata
import json
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

from kit.processes import Process, free_port
from kit.servers import redis_answers
from kit.waiting import until
from relay.cli import main
from relay.config import SETTINGS, VARIABLES, Config
from relay.running.redis_server import server_binary
from relay.security.vault import Vault

ROOT = Path(__file__).parent.parent
RELAY_SERVICES = ("web", "work", "clock")
VARIABLE = re.compile(r"\bRELAY_[A-Z_]+\b")
INTERPOLATED = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
KNOWN_VARIABLES = frozenset(VARIABLES)
BUILD_TOOLS = re.compile(r"\b(pip|apt-get|apt|gcc|make|build-essential|curl|git)\b")
EXAMPLE = {
    "RELAY_SECRET_KEY": "a key for tests that is long enough to seal",
    "RELAY_PUBLIC_URL": "https://relay.example.com",
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "VALKEY_PASSWORD": "fedcba9876543210",
}


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The Dockerfile's instructions by stage, without comments, continued lines put together."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if word:
            found[-1].append(Instruction(word, rest.strip()))
    return found


BUILD, FINAL = stages()


def of(stage: list[Instruction], word: str) -> list[str]:
    return [each.rest for each in stage if each.word == word]


def only(stage: list[Instruction], word: str) -> str:
    (rest,) = of(stage, word)
    return rest


def environment(stage: list[Instruction]) -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in of(stage, "ENV") for pair in rest.split())


def copied() -> set[str]:
    """What the build stage takes from the checkout."""
    return {source for rest in of(BUILD, "COPY") for source in rest.split()[:-1]}


def options_of(words: list[str]) -> dict[str, Any]:
    """What a command of ours makes of its words. Raises `click.UsageError` for what it does not take."""
    name, command, left = main.resolve_command(click.Context(main), words)
    assert command is not None  # else it has raised
    return command.make_context(name, left).params


def test_the_stages_have_one_python_that_the_relay_runs_on() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]

    versions = [re.match(r"python:(3\.\d+)(?:-slim)?(-\w+)", only(stage, "FROM")) for stage in (BUILD, FINAL)]

    assert versions[0] is not None
    assert versions[1] is not None
    assert versions[0].groups() == versions[1].groups()
    assert Requirement(f"python{needed}").specifier.contains(versions[0][1])


def test_the_final_image_is_slim_and_holds_nothing_to_build_with() -> None:
    assert "-slim" in only(FINAL, "FROM")
    assert [run for run in of(FINAL, "RUN") if BUILD_TOOLS.search(run)] == []
    assert of(FINAL, "COPY") == ["--from=build /opt/relay /opt/relay"]
    assert "RUN python -m venv --without-pip /opt/relay" in [f"RUN {run}" for run in of(BUILD, "RUN")]


def test_the_relay_is_no_root_and_owns_its_data() -> None:
    user = only(FINAL, "USER")
    made = of(FINAL, "RUN")[0]

    assert user.isdecimal()  # a name could not be told from root by who runs it
    assert int(user) >= 1000
    assert f"--uid {user} " in made
    assert "--owner relay --group relay --mode 700 /data" in made
    assert only(FINAL, "VOLUME") == only(FINAL, "WORKDIR") == environment(FINAL)["RELAY_DATA_DIR"] == "/data"


def test_what_is_started_by_default_is_a_web_process_that_can_be_reached() -> None:
    entry, command = json.loads(only(FINAL, "ENTRYPOINT")), json.loads(only(FINAL, "CMD"))

    assert entry == ["relay"]
    assert command[0] == "web"
    assert options_of(command)["host"] == "0.0.0.0"
    assert str(options_of(command)["port"]) == only(FINAL, "EXPOSE")


def test_health_is_asked_of_the_port_that_is_served() -> None:
    program, flag, code = json.loads(only(FINAL, "HEALTHCHECK").partition(" CMD ")[2])
    texts = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    (address,) = [urlsplit(text) for text in texts if isinstance(text, str)]

    assert (program, flag) == ("python", "-c")
    assert (address.hostname, str(address.port), address.path) == ("127.0.0.1", only(FINAL, "EXPOSE"), "/healthz")


def test_every_file_that_is_copied_is_there_and_is_let_through() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in ("", "#")]

    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied()
    assert {"**/__pycache__", "relay/providers/*/tests"} <= set(ignored)


def test_everything_that_is_downloaded_is_checked_by_its_hash() -> None:
    installs = [each for run in of(BUILD, "RUN") for each in run.split(" && ") if re.search(r"\bpip\b.* install", each)]

    unchecked = [each for each in installs if "--require-hashes" not in each]

    assert unchecked == ["pip --python /opt/relay/bin/python install --no-deps /dist/*.whl"]
    assert "--no-deps --no-build-isolation" in of(BUILD, "RUN")[-1]


def needs_of(package: str) -> set[str]:
    """A package and everything that it needs, by the names in the lock."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
            waiting += [each.name for each in needs if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def test_the_build_backend_comes_from_the_lock_with_all_it_needs() -> None:
    taken = re.search(r"/\^\(([a-z|-]+)\)==/", of(BUILD, "RUN")[2])
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)

    assert taken is not None
    assert set(taken[1].split("|")) == needs_of("hatchling")
    assert set(taken[1].split("|")) <= set(locked)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def filled(text: str, values: dict[str, str]) -> str:
    """A value of compose.yaml once the variables of `.env` are put in."""

    def value(match: re.Match[str]) -> str:
        name, rule, rest = match.groups()
        return values.get(name) or (rest if rule == "-" else "")

    return INTERPOLATED.sub(value, text)


def test_there_are_the_relays_parts_a_database_and_a_queue() -> None:
    assert set(SERVICES) == {*RELAY_SERVICES, "egress", "postgres", "valkey"}
    assert SERVICES["postgres"]["image"] == "postgres:17"
    assert SERVICES["valkey"]["image"] == "valkey/valkey:9"


@pytest.mark.parametrize("name", RELAY_SERVICES)
def test_a_part_runs_a_command_that_there_is(name: str) -> None:
    words = SERVICES[name]["command"]

    assert words[0] == name
    assert options_of(words) is not None


@pytest.mark.parametrize("name", RELAY_SERVICES)
def test_a_part_can_read_its_settings(name: str, tmp_path: Path) -> None:
    settings = {key: filled(value, EXAMPLE) for key, value in SERVICES[name]["environment"].items()}

    config = Config.load({**settings, "RELAY_DATA_DIR": str(tmp_path / "none")})

    assert set(settings) <= KNOWN_VARIABLES
    assert config.database_url == "postgresql+psycopg://relay:0123456789abcdef@postgres/relay"
    assert config.redis_url == "redis://:fedcba9876543210@valkey:6379/0"
    assert config.log_level == "info"
    assert Vault(config.secret_keys) is not None
    assert list(tmp_path.iterdir()) == []  # nothing is written: the root may be read-only


@pytest.mark.parametrize("name", RELAY_SERVICES)
def test_a_part_is_confined_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp", only(FINAL, "VOLUME")]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "volumes" not in service


@pytest.mark.parametrize("name", RELAY_SERVICES)
def test_a_part_waits_until_what_it_needs_is_healthy(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
    }
    assert all(SERVICES[other]["healthcheck"]["test"] for other in SERVICES[name]["depends_on"])


def test_only_what_serves_is_asked_for_its_health() -> None:
    disabled = {name for name in RELAY_SERVICES if SERVICES[name].get("healthcheck") == {"disable": True}}

    assert disabled == {"work", "clock"}


def test_only_web_can_be_reached_and_only_from_this_host() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": [f"127.0.0.1:8080:{only(FINAL, 'EXPOSE')}"]
    }


def test_database_and_queue_are_on_a_network_that_leads_nowhere() -> None:
    networks = compose()["networks"]

    inward = {name for name, network in networks.items() if (network or {}).get("internal")}

    assert inward == {"inside"}
    assert {name for name, service in SERVICES.items() if set(service["networks"]) <= inward} == {
        "clock",
        "postgres",
        "valkey",
    }
    assert all("inside" in service["networks"] for service in SERVICES.values())


def test_what_is_kept_lies_in_volumes() -> None:
    kept = {name: service["volumes"] for name, service in SERVICES.items() if "volumes" in service}

    assert kept == {"postgres": ["postgres:/var/lib/postgresql/data"], "valkey": ["valkey:/data"]}
    assert set(compose()["volumes"]) == {"postgres", "valkey"}
    assert "appendonly yes" in compose()["configs"]["valkey"]["content"].splitlines()
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] == "relay"


def test_the_example_of_an_environment_has_every_variable_and_no_secret() -> None:
    wanted = INTERPOLATED.findall((ROOT / "compose.yaml").read_text())
    lines = (ROOT / ".env.example").read_text().splitlines()

    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert set(example) == {name for name, _, _ in wanted}
    assert {name for name, rule, _ in wanted if rule == "?"} == set(EXAMPLE)
    secret = {"POSTGRES_PASSWORD", "VALKEY_PASSWORD", *(each.name for each in SETTINGS.values() if each.secret)}
    assert {name: value for name, value in example.items() if value and name in secret} == {}


INNER = (
    *(
        "127.0.0.1",
        "10.0.0.1",
        "172.17.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "168.63.129.16",
        "0.0.0.0",
    ),
    *("::1", "fd00::1", "fe80::1", "64:ff9b::a00:1"),
)


def test_the_proxy_of_deliveries_is_asked_for_and_reaches_no_inner_network() -> None:
    content = compose()["configs"]["egress"]["content"].splitlines()
    inner = [ip_network(each) for line in content if line.startswith("acl inner dst") for each in line.split()[3:]]

    assert SERVICES["egress"]["profiles"] == ["egress"]
    assert "ports" not in SERVICES["egress"]
    assert [line.removeprefix("http_access ") for line in content if line.startswith("http_access")] == [
        "deny inner",
        "allow tunnel",
        "deny all",
    ]
    assert [each for each in INNER if not any(ip_address(each) in network for network in inner)] == []
    assert not any(ip_address("1.1.1.1") in network for network in inner)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[int]:
    """The port of a server that is set up as compose.yaml has it."""
    (mounted,) = SERVICES["valkey"]["configs"]
    assert SERVICES["valkey"]["command"] == ["valkey-server", mounted["target"]]
    port = free_port()
    file = tmp_path / "valkey.conf"
    file.write_text(filled(compose()["configs"][mounted["source"]]["content"], EXAMPLE))
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--loglevel", "warning"]
    process = Process([server_binary(), str(file), *where], {}, tmp_path / "log")
    try:
        until(lambda: redis_answers(f"redis://:{EXAMPLE['VALKEY_PASSWORD']}@127.0.0.1:{port}/0"), "Valkey answers")
        yield port
    finally:
        process.kill()


def test_the_queue_answers_who_has_its_password_and_nobody_else(valkey: int) -> None:
    url = filled(SERVICES["web"]["environment"]["RELAY_REDIS_URL"], EXAMPLE).replace(
        "valkey:6379", f"127.0.0.1:{valkey}"
    )

    answers = [redis_answers(each) for each in (url, f"redis://127.0.0.1:{valkey}/0", url.replace("fedc", "abcd"))]

    assert answers == [True, False, False]
    assert SERVICES["valkey"]["environment"] == {"REDISCLI_AUTH": "${VALKEY_PASSWORD:?set it in .env}"}


@pytest.mark.parametrize("name", ["RELAY_SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"])
def test_a_secret_that_is_left_empty_is_refused(name: str) -> None:
    rules = {rule for found, rule, _ in INTERPOLATED.findall((ROOT / "compose.yaml").read_text()) if found == name}

    assert rules == {"?"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that an image is built from."""
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(path)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize(
    "pattern",
    [
        "relay/storage/migrations/*.py",
        "relay/storage/migrations/versions/*.py",
        "relay/web/pages/templates/*",
        "relay/notify/languages/*.json",
        "relay/notify/templates/*.txt",
        "relay/providers/*/setup.md",
        "relay/providers/*/samples/*.http",
        "relay/providers/*/samples/*.event.json",
    ],
)
def test_the_wheel_holds_what_lies_beside_the_code(wheel: zipfile.ZipFile, pattern: str) -> None:
    there = {str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)}

    assert there
    assert there - set(wheel.namelist()) == set()


def test_the_wheel_holds_the_schemas_as_they_are(wheel: zipfile.ZipFile) -> None:
    there = {f"relay/{path.relative_to(ROOT)}": path.read_bytes() for path in files_below(ROOT / "schemas")}

    assert there
    assert {name: wheel.read(name) for name in wheel.namelist() if name.startswith("relay/schemas/")} == there


def test_the_wheel_holds_the_relay_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    places = {name.split("/")[0] for name in wheel.namelist()}
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert places == {"relay", entry.split("/")[0]}
    assert "relay = relay.cli:main" in wheel.read(entry).decode()
    assert [name for name in wheel.namelist() if "__pycache__" in name or "/tests/" in name] == []
