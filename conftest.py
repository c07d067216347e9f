"""Leaves out the tests whose needs are not met here and says so at the end; shares a run out among processes."""

from collections import Counter
from typing import Any

import pytest

import corpus
import sharing
from needs import NEEDS

_LEFT_OUT = pytest.StashKey[Counter[str]]()
_FROM_A_WORKER = "left_out"


def pytest_configure(config: pytest.Config) -> None:
    if wrong := corpus.fault():
        raise pytest.UsageError(wrong)
    config.stash[_LEFT_OUT] = Counter()


@pytest.hookimpl(trylast=True)  # of those that the command line asks for
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for need in NEEDS:
        having = [item for item in items if item.get_closest_marker(need.mark)]
        if having and not need.is_met():
            config.stash[_LEFT_OUT][need.mark] = len(having)
            config.hook.pytest_deselected(items=having)
            left_out = set(having)
            items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: sharing.rank(item.nodeid))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_FROM_A_WORKER] = dict(session.config.stash[_LEFT_OUT])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return sharing.processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return sharing.scheduler(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects everything, so any of them knows."""
    node.config.stash[_LEFT_OUT] |= Counter(getattr(node, "workeroutput", {}).get(_FROM_A_WORKER, {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for need in NEEDS:
        if count := config.stash[_LEFT_OUT][need.mark]:
            terminalreporter.write_line(need.left_out(count))
