"""Many small cases in one test: pytest and xdist take milliseconds for each test, which is more than most of them take.

    @cases("text", ["", " ", "\\n"])
    def test_blank_text_is_none(text: str) -> None:

Used like `pytest.mark.parametrize`, for checks that leave nothing behind. Every case is tried, also after a failure.
A failure names its case.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Check = Callable[..., None]
Ids = Iterable[str] | Callable[[Any], Any]
Named = list[tuple[str, dict[str, Any]]]

_FAILURES = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""To skip is one as well: a case cannot skip the others."""


def cases(
    names: str | Sequence[str],
    values: Iterable[Any],
    ids: Ids | None = None,
    by: Callable[..., str] | None = None,
) -> Callable[[Check], Check]:
    """Makes one test of all cases. With `by`, one test of each group: `by` gets a case's values, returns its group."""
    arguments = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
    given = [tuple(each) if len(arguments) > 1 else (each,) for each in values]
    assert given, f"no case of {names}"
    labels = ids if ids is None or callable(ids) else list(ids)
    named = [(_name(each, labels, at), dict(zip(arguments, each, strict=True))) for at, each in enumerate(given)]

    def of(check: Check) -> Check:
        if by is None:
            return _in_place_of(check, arguments, lambda **others: _try(check, named, others))

        groups: dict[str, Named] = {}
        for name, case in named:
            groups.setdefault(by(*case.values()), []).append((name, case))
        grouped = _in_place_of(check, arguments, lambda group, **others: _try(check, groups[group], others), "group")
        return pytest.mark.parametrize("group", list(groups))(grouped)

    return of


def _try(check: Check, named: Named, others: dict[str, Any]) -> None:
    failures = []
    for name, case in named:
        try:
            check(**case, **others)
        except _FAILURES as failure:
            failure.add_note(f"Case: {name}")
            failures.append(failure)
    if len(failures) == 1 and not isinstance(failures[0], pytest.skip.Exception):
        raise failures[0]  # pytest shows it as it shows any other
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(named)} cases", failures)


def _in_place_of(check: Check, arguments: list[str], over: Callable[..., None], more: str = "") -> Check:
    """`over` under the name of `check`; pytest fills in its other arguments, and `more`."""
    signature = inspect.signature(check)
    unknown = set(arguments) - set(signature.parameters)
    assert not unknown, f"{check.__name__} does not take {unknown}"
    left = [each for name, each in signature.parameters.items() if name not in arguments]
    added = [inspect.Parameter(more, inspect.Parameter.POSITIONAL_OR_KEYWORD)] if more else []
    test = functools.wraps(check)(over)
    test.__signature__ = signature.replace(parameters=[*added, *left])  # type: ignore[attr-defined]
    return test


def _name(values: tuple[Any, ...], ids: list[str] | Callable[[Any], Any] | None, at: int) -> str:
    if ids is None:
        return "-".join(_shown(each) for each in values)
    if callable(ids):
        return "-".join(_shown(each if (said := ids(each)) is None else said) for each in values)
    return ids[at]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", None) or repr(value)
