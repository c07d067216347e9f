"""When a person has to say yes first: by what is at risk, unless the workspace decided otherwise."""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from relay.catalogue.action_types import Action, actions
from relay.errors import InvalidRequest
from relay.formats.money import currency_code, exponent
from relay.storage import Connection, runs
from relay.storage.runs import Policy

NEVER, ABOVE, ALWAYS = "never", "above", "always"
MODES = (NEVER, ABOVE, ALWAYS)
APPROVAL_MS = 24 * 3600 * 1000
"""How long a person has to approve."""

_LARGEST = Decimal(10_000_000_000)
"""In units of a currency; so the sum of a day stays within what databases count."""

_LONGEST = 32
_CAREFUL = ("money", "destructive")


def usual(action: Action) -> Policy:
    """What holds where nothing was decided."""
    return Policy(action.name, ALWAYS if action.risk in _CAREFUL else NEVER)


def needs_person(
    action: Action, policy: Policy | None, inputs: Iterable[Mapping[str, Any]], spent: Callable[[str], int]
) -> bool:
    """Whether a call waits for approval, by the dearest of what it may come to (`planned.inputs`).

    `spent` says what other runs of the day moved in a currency, or may move, in its smallest unit; it is asked only
    where that matters.
    """
    decided = policy or usual(action)
    if decided.mode != ABOVE:
        return decided.mode == ALWAYS
    assert decided.currency is not None
    some = [money_of(given) for given in inputs]
    if any(minor is None or currency != decided.currency for minor, currency in some):
        return True  # an amount that is not told, or in another currency, is above any limit
    dearest = max(minor or 0 for minor, _ in some)
    if dearest > _minor(decided.amount or "0", decided.currency):
        return True
    if decided.per_day is None:
        return False
    return spent(decided.currency) + dearest > _minor(decided.per_day, decided.currency)


def waits(
    connection: Connection,
    workspace_id: str,
    action: Action,
    inputs: Iterable[Mapping[str, Any]],
    now: int,
    *,
    lock: bool = False,
    before: str | None = None,
) -> bool:
    """Whether a call waits for approval, by the workspace's policy and the day's other runs.

    Where the run is added in the same transaction, `lock` makes calls at once see each other. `before` is a run that is
    among those runs itself.
    """

    def spent(currency: str) -> int:
        return runs.sum_of_day(connection, workspace_id, action.name, currency, now, before=before)

    decided = runs.policy_of(connection, workspace_id, action.name, lock=lock)
    return needs_person(action, decided, inputs, spent)


def money_of(given: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """What a call moves, in the currency's smallest unit; None for what it does not tell."""
    currency = currency_code(given.get("currency"))
    if given.get("amount") is None or currency is None:
        return None, currency
    return _minor(given["amount"], currency), currency


def _minor(amount: Any, currency: str) -> int:
    """A part of the smallest unit counts as a whole one. What is too large to be money is the largest amount."""
    units = min(Decimal(str(amount)), _LARGEST).scaleb(exponent(currency))
    return int(units.to_integral_value(ROUND_CEILING))


def words(rule: Policy) -> str:
    """A policy for a person, as it is told to the command line."""
    if rule.mode != ABOVE:
        return rule.mode
    a_day = f", or {rule.per_day} {rule.currency} in a day" if rule.per_day is not None else ""
    return f"above {rule.amount} {rule.currency}{a_day}"


def changed_money(given: Mapping[str, Any], differs: Mapping[str, Any]) -> list[str]:
    """The fields by which a fallback would move another amount than was asked for, or another currency's."""
    changed = []
    if "amount" in differs and (given.get("amount") is None or _exact(differs) != _exact(given)):
        changed.append("amount")
    if "currency" in differs and str(differs["currency"]).upper() != str(given.get("currency")).upper():
        changed.append("currency")
    return changed


def _exact(given: Mapping[str, Any]) -> Decimal:
    return Decimal(str(given["amount"]))


def checked(name: str, mode: str, amount: Any = None, currency: Any = None, per_day: Any = None) -> Policy:
    """A policy as it may be kept. Raises `InvalidRequest` that names the field."""
    if name not in actions():
        raise InvalidRequest(f"action must be one that GET /api/v1/actions lists; there is no {name[:80]!r}.")
    if mode not in MODES:
        raise InvalidRequest(f"mode must be one of {', '.join(MODES)}; it is {mode[:40]!r}.")
    if mode != ABOVE:
        if (amount, currency, per_day) != (None, None, None):
            raise InvalidRequest("amount, currency and per_day go with the mode `above` only.")
        return Policy(name, mode)
    if "amount" not in actions()[name].input["properties"]:
        raise InvalidRequest(f"{name} has no amount, so its mode must be never or always.")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isalpha():
        raise InvalidRequest("currency must be a three-letter code such as EUR.")
    a_day = None if per_day is None else _limit("per_day", per_day)
    # Without an amount of its own each run may be as large as the day's sum.
    return Policy(name, mode, a_day if amount is None and a_day else _limit("amount", amount), currency.upper(), a_day)


def _limit(name: str, value: Any) -> str:
    try:
        limit = Decimal(str(value))
    except InvalidOperation:
        limit = Decimal(-1)
    if not limit.is_finite() or not 0 <= limit <= _LARGEST or len(str(limit)) > _LONGEST:
        raise InvalidRequest(
            f"{name} must be a number from 0 to {_LARGEST}, in units of the currency, such as 50; it is {value!r}."
        )
    return str(limit)
