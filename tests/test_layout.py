"""The arrows between the modules, one place for each outside thing, and no test that looks beside the project."""

from pathlib import Path

import pytest

from bench.house import ON_TOP, ORDER, imports, modules, name_of, room_of
from kit.cases import cases
from written_paths import outside

ROOT = Path(__file__).parent.parent
RELAY = ROOT / "relay"
OWNERS = {
    "rq": {"queue.wakeups"},
    "redis": {"queue", "web.framework.rate_limit"},  # the limiter talks to Redis by itself, with its client's options
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "aiohttp": {"http"},
    "gunicorn": {"running.web", "running.server"},
    "requests": {"notify.requests_shim"},  # its words only: what is sent goes through the guarded client
    "smtplib": {"notify.mail"},
    "apprise": {"notify"},
}


def test_everything_has_its_place_in_the_order() -> None:
    assert {room_of(name_of(path)) or "__init__" for path in modules()} - ON_TOP == set(ORDER)


@cases("room", ORDER)
def test_a_folder_imports_only_what_stands_before_it(room: str) -> None:
    later = {f"relay.{name}" for name in ORDER[ORDER.index(room) + 1 :]} | {"relay.create_app"}

    found = {
        (name_of(path), name)
        for path in modules()
        if room_of(name_of(path)) == room
        for name in imports(path)
        if ".".join(name.split(".")[:2]) in later
    }

    assert found == set()


@pytest.mark.parametrize(
    "stage", ["inbound/identity", "inbound/news", "inbound/normalize", "outbound/match", "outbound/deliver"]
)
def test_the_middle_stages_touch_neither_storage_nor_network(stage: str) -> None:
    outside = ("relay.storage", "relay.http", "socket", "os", "redis", "sqlalchemy")

    assert [name for name in imports(RELAY / f"{stage}.py") if name.startswith(outside)] == []


@cases(("package", "owners"), OWNERS.items(), ids=list(OWNERS))
def test_each_outside_thing_has_one_place(package: str, owners: set[str]) -> None:
    users = {
        name_of(path)
        for path in modules()
        for name in imports(path)
        if name == package or name.startswith(f"{package}.")
    }

    assert {
        user for user in users if not any(user == owner or user.startswith(f"{owner}.") for owner in owners)
    } == set()


PROVIDERS = sorted(path.parent for path in RELAY.glob("providers/*/__init__.py"))
FOR_PROVIDERS = ("relay.sdk", "relay.formats", "relay.security")
"""All that a provider imports of the relay, beside itself."""


def is_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cases("folder", PROVIDERS, ids=lambda folder: folder.name)
def test_a_provider_imports_only_what_is_offered_to_it_and_itself(folder: Path) -> None:
    offered = (*FOR_PROVIDERS, f"relay.providers.{folder.name}")

    code = [path for path in modules() if path.is_relative_to(folder)]
    found = {name for path in code for name in imports(path) if is_in(name, "relay")}

    assert {name for name in found if not is_in(name, *offered) or "tests" in name.split(".")} == set()


def test_nobody_else_imports_a_provider_by_its_name() -> None:
    named = tuple(f"relay.providers.{folder.name}" for folder in PROVIDERS)
    others = [path for path in modules() if not path.is_relative_to(RELAY / "providers")]

    assert {(name_of(path), name) for path in others for name in imports(path) if is_in(name, *named)} == set()


TESTS = sorted([*ROOT.glob("tests/**/*.py"), *RELAY.glob("providers/*/tests/**/*.py")])


@cases("module", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_looks_outside_the_project(module: Path) -> None:
    assert outside(ROOT, module, module.read_text()) == [], "what others published is read by tests/corpus.py alone"


@cases(
    "text",
    [
        'CORPUS = Path(__file__).parents[2].parent / "corpus"',
        "Path(__file__).resolve().parents[3]",
        'FOLDER = Path(__file__).parent\nOTHER = FOLDER / ".." / ".." / ".." / "corpus"',
        'generate.ROOT.parent / "schemas"',
        'open(ROOT / "../corpus/index.json")',
        'Path("../corpus").glob("*")',
        'os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "corpus")',
        'def folder():\n    return ROOT.parent.joinpath("corpus")',
    ],
)
def test_a_look_outside_is_noticed(text: str) -> None:
    assert len(outside(ROOT, ROOT / "tests/providers/test_a.py", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        'Path(__file__).parents[2] / "relay"',
        "ROOT.parent_of",
        'Path("/proc/self")',
        'tmp_path.parent / "beside"',
        'Path(__file__).parent / ".." / name',
    ],
)
def test_a_look_inside_is_none_outside(text: str) -> None:
    assert outside(ROOT, ROOT / "tests/providers/test_a.py", text) == []
