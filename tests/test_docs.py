"""What the documents name is there: commands, targets, variables, links, reasons. Their snippets are run."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

import corpus
from bench.house import ORDER, modules
from kit.cases import cases
from kit.waiting import PATIENCE_SECONDS
from relay import config, errors
from relay.accounts.sources import creatable_providers
from relay.areas.resources import all_routes
from relay.catalogue.vocabulary import catalogue
from relay.cli import main
from relay.develop import samples, signature_vectors
from relay.model import Hook, Secret
from relay.outbound import deliver
from relay.outbound.match import EVERY_TYPE
from relay.providers import get as get_provider

ROOT = Path(__file__).parent.parent
HOW_TO = ROOT / "docs" / "how-to"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
SETUPS = sorted(ROOT.glob("relay/providers/*/setup.md"))
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *HOW_TO.glob("*.md"), *DECISIONS, *SETUPS})
OURS = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(ROOT.glob("docs/*.md")), *DECISIONS]
DERIVED = sorted((ROOT / "docs" / "reference").glob("*.md"))

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4,6}(relay .+)$", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
VARIABLE = re.compile(r"\bRELAY_[A-Z_]+\b")
PLACE = re.compile(r"(?:relay|tests|docs|schemas|bench|connectors|release)/[\w./-]*")
PLACEHOLDER = re.compile(r"[A-Z]{3,}|noun\.past_tense")
OF_A_MODULE = re.compile(r"([a-z_]+)\.(?!py\b)([a-z_]+)(?:\(.*\))?")
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
IN_CONTAINER = ["docker", "compose", "exec", "web"]
KNOWN_VARIABLES = frozenset(config.VARIABLES)


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def page(name: str) -> str:
    return (ROOT / name).read_text()


def fences(text: str, language: str) -> list[str]:
    return [code for _, marked, code in FENCE.findall(text) if marked == language]


def shell_lines(text: str) -> Iterator[str]:
    """Each command of the shell in fences, continued lines put together."""
    for code in fences(text, "sh"):
        for line in code.replace("\\\n", " ").splitlines():
            yield from re.split(r" \| | && |; ", line)


def spoken(text: str, program: str) -> list[list[str]]:
    """The words behind a program's name wherever a text runs it: in fences, indented, between backticks."""
    prose = FENCE.sub("", text)
    found = []
    for line in (*shell_lines(text), *INDENTED.findall(prose), *INLINE.findall(prose)):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # half a quotation: not a command of ours
        while words and ASSIGNMENT.fullmatch(words[0]):
            words = words[1:]
        words = words[len(IN_CONTAINER) :] if words[: len(IN_CONTAINER)] == IN_CONTAINER else words
        if len(words) > 1 and words[0] == program:
            found.append(words[1:])
    return found


@dataclass
class Spoken:
    """One command of ours as a text runs it."""

    name: str
    parameters: dict[str, object]


def parsed(words: list[str]) -> Spoken:
    """Raises `click.UsageError` for a command, an option, an argument or a choice that is not there."""
    command: click.Command = main
    path = []
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            break
        name, below, words = command.resolve_command(click.Context(command), words)
        assert below is not None  # else it has raised
        path.append(str(name))
        command = below
    context = click.Context(command)
    found, left, _ = command.make_parser(context).parse_args(list(words))
    if left:
        raise click.UsageError(f"nothing takes {left[0]!r}")
    given = {name: value for name, value in found.items() if isinstance(value, str | bool | list)}
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice) and parameter.name in given:
            parameter.type_cast_value(context, given[parameter.name])
    return Spoken(" ".join(path), given)


def commands(name: str) -> list[Spoken]:
    return [parsed(words) for words in spoken(page(name), "relay")]


@cases("name", names(PAGES))
def test_every_command_and_option_that_a_page_mentions_exists(name: str) -> None:
    wrong = []
    for words in spoken(page(name), "relay"):
        try:
            parsed(words)
        except click.UsageError as error:
            wrong.append(f"relay {' '.join(words)}: {error.format_message()}")

    assert wrong == []


@cases("name", names(PAGES))
def test_every_sample_provider_and_event_type_in_a_command_exists(name: str) -> None:
    known_samples = {sample.id for sample in samples.all_samples()}
    known_types = {EVERY_TYPE, *catalogue().types}
    known_providers = {provider.name for provider in creatable_providers()}
    placeholders = {None, "SAMPLE", "PROVIDER", "NAME"}

    unknown: set[object] = set()
    for each in commands(name):
        unknown |= {each.parameters.get("provider")} - known_providers - placeholders
        unknown |= {each.parameters.get("sample")} - known_samples - placeholders
        if each.name == "hook add":
            unknown |= set(str(each.parameters.get("events") or EVERY_TYPE).split(",")) - known_types

    assert unknown == set()


@cases("name", names(PAGES))
def test_every_make_target_that_a_page_mentions_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))

    assert {words[0] for words in spoken(page(name), "make")} - targets == set()


@cases("name", [*names(PAGES), "compose.yaml", "Dockerfile", ".env.example"])
def test_every_variable_that_a_page_mentions_is_read_by_the_relay(name: str) -> None:
    of_tests = {corpus.VARIABLE} if name == "CONTRIBUTING.md" else set()

    assert set(VARIABLE.findall(page(name))) - KNOWN_VARIABLES == of_tests


def test_every_variable_that_the_relay_reads_is_explained() -> None:
    rows = re.findall(r"^\| `(RELAY_[A-Z_]+)` \|", (HOW_TO / "production.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(name for name in KNOWN_VARIABLES if not name.endswith("_FILE"))


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(page("pyproject.toml"))
    reasons = page("docs/decisions/0012-dependencies.md").lower()

    named = [
        Requirement(each).name for each in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    ]

    assert [name for name in named if not re.search(rf"\b{re.escape(name)}\b", reasons)] == []


@cases("name", names([*PAGES, *DERIVED]))
def test_every_relative_link_leads_somewhere(name: str) -> None:
    links = [link.partition("#")[0] for link in LINK.findall(FENCE.sub("", page(name)))]
    relative = [link for link in links if link and "://" not in link and not link.startswith("mailto:")]

    assert [link for link in relative if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", names(OURS))
def test_every_path_that_a_page_names_exists(name: str) -> None:
    shown = [words for words in INLINE.findall(FENCE.sub("", page(name))) if PLACE.fullmatch(words)]
    patterns = {words: PLACEHOLDER.sub("*", words).rstrip("/") for words in shown}

    assert [words for words, pattern in patterns.items() if not list(ROOT.glob(pattern))] == []


@pytest.mark.parametrize("name", names(OURS))
def test_every_name_of_a_module_that_a_page_says_is_in_it(name: str) -> None:
    modules: dict[str, list[Path]] = {}
    for path in (ROOT / "relay").rglob("*.py"):
        modules.setdefault(path.stem, []).append(path)
    shown = [said for words in INLINE.findall(page(name)) if (said := OF_A_MODULE.fullmatch(words))]

    missing = [
        said[0]
        for said in shown
        if said[1] in modules and not any(re.search(rf"\b{said[2]}\b", path.read_text()) for path in modules[said[1]])
    ]
    assert missing == []


def test_the_front_page_leads_to_every_kind_of_document() -> None:
    links = set(LINK.findall(page("README.md")))

    assert {
        "docs/tutorial.md",
        "docs/architecture.md",
        "docs/glossary.md",
        "docs/how-to",
        "docs/reference",
        "docs/decisions",
        "CONTRIBUTING.md",
    } <= links


def test_the_architecture_draws_every_folder_in_the_order_of_its_arrows() -> None:
    (tree, *_) = fences(page("docs/architecture.md"), "")
    drawn = re.findall(r"^  (\w+)(?:/|\.py) ", tree, re.MULTILINE)

    assert drawn == list(ORDER)


def test_the_architecture_names_only_modules_that_exist() -> None:
    text = page("docs/architecture.md")
    boxes = re.findall(r"[\[(]((?:relay/)?[a-z_]+/[a-z_/]+)[:\])]", "\n".join(fences(text, "mermaid")))
    texts = re.findall(r"\[([a-z_/]+(?:\.py)?)\]\(\.\./relay/([^)]*)\)", text)

    missing = [box for box in boxes if not list((ROOT / "relay").glob(f"{box}*"))]
    assert missing == []
    assert [shown for shown, target in texts if shown.rstrip("/") != target] == []


def test_every_term_of_the_glossary_is_used_in_the_code() -> None:
    terms = re.findall(r"^\| ([a-z, -]+) \| (?!means)", page("docs/glossary.md"), re.MULTILINE)
    code = " ".join(path.read_text().lower() for path in modules())
    words = {word for term in terms for word in term.split(", ")}

    assert {word for word in words if not re.search(word.replace(" ", "[ _\n]+"), code)} == set()


@cases("name", names([path for path in PAGES if path not in SETUPS]))
def test_every_call_of_the_api_that_a_page_shows_exists(name: str) -> None:
    routes = {(route.method, re.sub(r"\{\w+\}", "*", route.path)) for route in all_routes()}
    shown = set()
    for line in shell_lines(page(name)):
        path = re.search(r"(?:\$API|/api/v1)(/[a-z_./-]+)", line)
        if path is not None and line.startswith("curl"):
            method = re.search(r"--request (\w+)", line)
            shown.add((method[1] if method else "GET", re.sub(r"[a-z]+_\.\.\.", "*", path[1])))

    assert shown - routes == set()


@cases("name", names(DECISIONS))
def test_a_decision_says_status_context_decision_and_consequences(name: str) -> None:
    text = page(name)

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]
    assert text.startswith(f"# {int(Path(name).name[:4])}. ")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_changelog_names_every_provider_in_bold() -> None:
    told = set(re.findall(r"\*\*(.+?)\*\*", page("CHANGELOG.md")))

    assert {provider.label for provider in creatable_providers()} - told == set()


def refusals() -> dict[str, int]:
    """Every reason for which an inbound address refuses, and its status."""
    found = {}
    for path in [ROOT / "relay/security/verification.py", *ROOT.glob("relay/providers/*/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "VerificationError":
                given = [each.value for each in node.keywords if each.arg == "code"]
                found |= {str(ast.literal_eval(code)): errors.VerificationError.status for code in given}
    for kind in (
        errors.NotFound,
        errors.VerificationError,
        errors.VerificationUnavailable,
        errors.Unreadable,
        errors.UnsupportedEncoding,
        errors.TooLarge,
        errors.BrokenBody,
        errors.Loop,
        errors.TooManyRequests,
        errors.TooSlow,
        errors.Busy,
        errors.StorageUnavailable,
        errors.DoesNotOpen,
        errors.ProviderMissing,
    ):
        found[kind.code] = kind.status
    return found


def test_every_reason_for_a_refusal_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", (HOW_TO / "troubleshoot.md").read_text(), re.MULTILINE)

    assert {code: int(status) for code, status in rows} == refusals()


def words(seconds: int) -> str:
    if seconds >= 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def test_the_schedule_of_retries_is_the_one_in_force() -> None:
    text = (HOW_TO / "replay-and-retries.md").read_text()
    table = re.findall(r"^\| \d(?: \w+ \d)? \| (.+) \|$", text, re.MULTILINE)
    circuit = re.search(r"circuit opens: for (.+?)\. ", text.replace("\n", " "))

    assert ", ".join(table) == ", ".join(["at once", *map(words, deliver.RETRY_AFTER_SECONDS)])
    assert circuit is not None
    assert circuit[1].replace("then ", "") == ", ".join(
        words(deliver.CIRCUIT.open_seconds(deliver.CIRCUIT.threshold + further)) for further in range(4)
    )


def test_the_example_of_a_refused_webhook_is_one_that_can_be_judged() -> None:
    (example,) = fences((HOW_TO / "troubleshoot.md").read_text(), "json")
    vector = json.loads(example)

    assert signature_vectors.judge(get_provider(vector["provider"]), vector) == ("invalid", "signature_mismatch")


@cases("name", names(PAGES))
def test_every_example_in_python_can_be_read(name: str) -> None:
    for code in fences(page(name), "python"):
        ast.parse(code)


# The snippets that check a delivery: each is run on real ones.

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
EVENT_ID = "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d"
BODY = '{"summary":"Zoë paid 24.00 EUR"}'.encode()
NOW = 1_789_200_942


def delivery(*secrets: str, at: int = NOW) -> dict[str, str]:
    """The headers of a delivery that is signed with these secrets."""
    hook = Hook("hk_1", "ws_1", "https://example.com", secrets=tuple(Secret(each) for each in secrets))
    return deliver.headers_for(hook, EVENT_ID, BODY, at)


CASES = {
    "genuine": (delivery(SECRET), BODY, True),
    "signed with the old secret too": (delivery(OTHER, SECRET), BODY, True),
    "signed with another secret": (delivery(OTHER), BODY, False),
    "with a changed body": (delivery(SECRET), BODY + b" ", False),
    "under another id": (delivery(SECRET) | {"webhook-id": "evt_other"}, BODY, False),
    "without a signature": (delivery(SECRET) | {"webhook-signature": ""}, BODY, False),
}
TIMED = {
    "six minutes old": (delivery(SECRET, at=NOW - 360), BODY, False),
    "six minutes ahead": (delivery(SECRET, at=NOW + 360), BODY, False),
    "with a stamp that is none": (delivery(SECRET) | {"webhook-timestamp": "now"}, BODY, False),
}


def snippet(language: str) -> str:
    (code,) = fences((HOW_TO / "verify-a-delivery.md").read_text(), language)
    return code


def answers(command: list[str], posts: dict[str, tuple[dict[str, str], bytes, bool]]) -> dict[str, bool]:
    """What a program says of each case; it gets them all as JSON, and answers a list of true and false."""
    told = [(headers, body.decode()) for headers, body, _ in posts.values()]
    given = json.dumps({"now": NOW, "secret": SECRET, "cases": told})
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    return dict(zip(posts, json.loads(done.stdout), strict=True))


def expected(posts: dict[str, tuple[dict[str, str], bytes, bool]]) -> dict[str, bool]:
    return {name: genuine for name, (_, _, genuine) in posts.items()}


def need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} here")
    return found


def test_the_check_in_python_knows_a_genuine_delivery() -> None:
    driver = """
import json, sys
given = json.load(sys.stdin)
time.time = lambda: given["now"]
print(json.dumps([is_genuine(given["secret"], headers, body.encode()) for headers, body in given["cases"]]))
"""
    posts = CASES | TIMED

    assert answers([sys.executable, "-c", snippet("python") + driver], posts) == expected(posts)


def test_the_check_in_node_knows_a_genuine_delivery() -> None:
    driver = """
const given = JSON.parse(require("node:fs").readFileSync(0));
Date.now = () => given.now * 1000;
console.log(JSON.stringify(given.cases.map(([h, body]) => isGenuine(given.secret, h, Buffer.from(body)))));
"""
    posts = CASES | TIMED

    assert answers([need("node"), "-e", snippet("js") + driver], posts) == expected(posts)


def test_the_check_in_php_knows_a_genuine_delivery() -> None:
    php = need("php")
    # A function of the namespace goes before the built-in one: so the clock is set without touching the code.
    clock = "namespace Receiver;\nfunction time(): int { return $GLOBALS['now']; }"
    code = snippet("php").replace("<?php", clock, 1)
    driver = """
$given = json_decode(stream_get_contents(STDIN), true);
$GLOBALS['now'] = $given['now'];
echo json_encode(array_map(fn ($case) => is_genuine($given['secret'], $case[0], $case[1]), $given['cases']));
"""
    posts = CASES | TIMED

    assert answers([php, "-r", code + driver], posts) == expected(posts)


@pytest.mark.parametrize("case", CASES)
def test_the_check_in_a_shell_knows_a_genuine_delivery(case: str, tmp_path: Path) -> None:
    need("openssl")
    headers, body, genuine = CASES[case]
    (tmp_path / "body").write_bytes(body)
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SECRET": SECRET,
        "ID": headers["webhook-id"],
        "TIMESTAMP": headers["webhook-timestamp"],
        "SIGNATURE": headers["webhook-signature"],
    }
    command = ["sh", "-c", snippet("sh")]

    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert done.stderr == ""
    assert done.stdout.strip() == ("genuine" if genuine else "not genuine")
