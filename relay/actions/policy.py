"""When a person has to say yes first: by what is at risk, unless the workspace decided otherwise."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from relay.actions.catalogue import Action, actions
from relay.errors import InvalidRequest
from relay.storage.runs import Policy

NEVER, ABOVE, ALWAYS = "never", "above", "always"
MODES = (NEVER, ABOVE, ALWAYS)
APPROVAL_MS = 24 * 3600 * 1000
"""How long a person has to approve."""

_CAREFUL = ("money", "destructive")


def usual(action: Action) -> Policy:
    """What holds where nothing was decided."""
    return Policy(action.name, ALWAYS if action.risk in _CAREFUL else NEVER)


def needs_person(action: Action, policy: Policy | None, inputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a call waits for approval, by the dearest of what it may come to (`planned.inputs`)."""
    decided = policy or usual(action)
    if decided.mode != ABOVE:
        return decided.mode == ALWAYS
    return any(_is_above(decided, given) for given in inputs)


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


def _is_above(decided: Policy, given: Mapping[str, Any]) -> bool:
    """An amount that is not told, or in another currency, is above any limit."""
    amount, currency = given.get("amount"), given.get("currency")
    if amount is None or not isinstance(currency, str) or currency.upper() != decided.currency:
        return True
    return Decimal(str(amount)) > Decimal(decided.amount or "0")


def checked(name: str, mode: str, amount: Any = None, currency: Any = None) -> Policy:
    """A policy as it may be kept. Raises `InvalidRequest` that names the field."""
    if name not in actions():
        raise InvalidRequest(f"action must be one that GET /api/v1/actions lists; there is no {name[:80]!r}.")
    if mode not in MODES:
        raise InvalidRequest(f"mode must be one of {', '.join(MODES)}; it is {mode[:40]!r}.")
    if mode != ABOVE:
        if amount is not None or currency is not None:
            raise InvalidRequest("amount and currency go with the mode `above` only.")
        return Policy(name, mode)
    if "amount" not in actions()[name].input["properties"]:
        raise InvalidRequest(f"{name} is told no amount, so its mode must be never or always.")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isalpha():
        raise InvalidRequest("currency must be a three-letter code such as EUR.")
    try:
        limit = Decimal(str(amount))
    except InvalidOperation:
        limit = Decimal(-1)
    if not limit.is_finite() or limit < 0:
        raise InvalidRequest("amount must be a number of at least 0, in units of the currency, such as 50.")
    return Policy(name, mode, str(limit), currency.upper())
