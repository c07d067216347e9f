"""Hostinger: hosting plans, servers and domains of an account.

It posts nothing, so its API is asked: https://developers.hostinger.com

The answers are what the account looks like now. What is due within the steps of the setting `days_ahead`, and what has
run out, is told once for each date and step: an event's id is made of these, however often it is read.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from relay.formats.money import from_minor
from relay.formats.times import days_until, instant, iso, timestamp
from relay.formats.values import KEY, numbers
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Data
from relay.sdk.errors import VerificationError
from relay.sdk.fields import scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import JSON, On, Poll, Provider, Question, Setting, by
from relay.security.verification import Coverage, Credentials, signature_header

_STEPS = "30,7,1"
_LONGEST_NOTICE = 400
_CENTS = 2
_PERIODS = {"day": "day", "week": "week", "month": "month", "year": "year"}
_STATUSES = {
    "active": "active",
    "not_renewing": "active",
    "paused": "paused",
    "cancelled": "canceled",
    "in_trial": "trialing",
    "future": "pending",
}
# Nothing that ends here is news: it was ended on purpose, or it lies with somebody else.
_DONE = frozenset(("cancelled", "transferred", "deleted", "failed"))
_NOT_BEGUN = frozenset(("future", "pending_setup", "pending_verification", "requested"))
NOTHING = "nothing due"


@dataclass(frozen=True, slots=True)
class Polled:
    """Proof of what the relay asked for itself: nobody posts it. `relay send` signs a sample with the API key."""

    name: str = "polled"

    blocking: ClassVar[bool] = True

    def covers(self, proof: str) -> Coverage:
        return "fetched" if proof == self.name else "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        offered = signature_header(inbound, _SIGNATURE)
        if not credentials.settings.get("api_key"):
            raise VerificationError("This source has no API key yet, so it accepts no webhooks.", code="no_secret")
        if not hmac.compare_digest(offered.encode(), _mac(inbound, credentials).encode()):
            raise VerificationError(
                "Hostinger posts nothing: its API is asked. What comes to this address is accepted only when it is"
                " signed with the source's own API key, as `relay send` does.",
                code="signature_mismatch",
            )
        return "api_key_signature"

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return replace(inbound, headers={**inbound.headers, _SIGNATURE: _mac(inbound, credentials)})


_SIGNATURE = "x-relay-signature"


def _mac(inbound: Inbound, credentials: Credentials) -> str:
    return hmac.digest(str(credentials.settings.get("api_key")).encode(), inbound.body, "sha256").hex()


@dataclass(frozen=True, slots=True)
class State:
    """One subscription or domain as it is now: when it is billed next or else ends, and how long that is away.

    `renews` tells whether it goes on by itself then. `step` is the nearest of the days ahead not passed yet.
    """

    row: Data
    due: datetime | None
    left: int | None
    step: int | None
    renews: bool
    expired: bool


def questions(settings: Mapping[str, Any]) -> Mapping[str, Question]:
    headers = {"authorization": f"Bearer {settings.get('api_key')}"}
    return {
        "subscriptions": Question("/api/billing/v1/subscriptions", headers),
        "domains": Question("/api/domains/v1/portfolio", headers),
    }


def split(inbound: Inbound) -> Sequence[Inbound]:
    """A piece for each row; a list alone, as the API gives it, is told apart by what its rows hold."""
    payload = inbound.payload
    if isinstance(payload, list):
        rows = [("domain" if _is_domain(row) else "subscription", row) for row in payload]
    else:
        rows = [("subscription", row) for row in _listed(payload, "subscriptions")]
        rows += [("domain", row) for row in _listed(payload, "domains")]
    return [replace(inbound, payload={"kind": kind, "row": row}) for kind, row in rows if isinstance(row, dict)]


def event_name(inbound: Inbound) -> str:
    """What a row has to tell today."""
    piece = inbound.payload
    if not isinstance(piece, dict) or "row" not in piece:
        return NOTHING
    state = subject(inbound)
    status = state.row.get("status")
    if status in _DONE:
        return NOTHING
    if state.expired:
        return f"{piece['kind']} expired"
    if state.step is None or status in _NOT_BEGUN:
        return NOTHING
    if piece["kind"] == "domain":
        return "domain expires"
    return "subscription renews" if state.renews else "subscription ends"


def subject(inbound: Inbound) -> State:
    row, now = inbound.payload["row"], inbound.received_at
    ends, bills = instant(row.get("expires_at")), instant(row.get("next_billing_at"))
    # A bill that is past, of a plan that has not gone on, was not paid: then it ends.
    renews = row.get("is_auto_renewed") is True and row.get("status") != "not_renewing" and (bills or now) >= now
    due = bills if renews and bills else ends
    left = days_until(iso(due), now)
    return State(
        row,
        due,
        left,
        step=_step(left, str(inbound.settings.get("days_ahead") or _STEPS)),
        renews=renews,
        expired=row.get("status") == "expired" or (ends is not None and ends < now),
    )


def subscription(state: State, status: str | None = None) -> Data:
    row = state.row
    ends = timestamp(row.get("expires_at"))
    price = row.get("total_price") if row.get("renewal_price") is None else row.get("renewal_price")
    term = row.get("billing_period")
    return {
        "subscription": {
            "id": scalar(row.get("id")),
            "status": status or _STATUSES.get(scalar(row.get("status")) or ""),
            "plan": scalar(row.get("name")),
            **from_minor(price, row.get("currency_code"), vendor_exponent=_CENTS),
            "interval": _PERIODS.get(scalar(row.get("billing_period_unit")) or ""),
            "interval_count": term if isinstance(term, int) and not isinstance(term, bool) else None,
            "started_at": timestamp(row.get("created_at")),
            "current_period_end": ends or iso(state.due),
            "renews_at": iso(state.due) if state.renews and not state.expired else None,
            "cancel_at": None if state.renews or state.expired else ends,
            "ended_at": ends if state.expired else None,
            "days_until_renewal": None if state.expired else state.left,
        }
    }


def expired_subscription(state: State) -> Data:
    return subscription(state, "expired")


def domain(state: State, status: str | None = None) -> Data:
    row = state.row
    return {
        "domain": {
            "id": scalar(row.get("id")),
            "name": (scalar(row.get("domain")) or "").lower() or None,
            "status": status or scalar(row.get("status")),
            "registrar": "Hostinger",
            "registered_at": timestamp(row.get("created_at")),
            "expires_at": timestamp(row.get("expires_at")),
            "days_until_expiry": state.left,
        }
    }


def expired_domain(state: State) -> Data:
    return domain(state, "expired")


def _step(left: int | None, setting: str) -> int | None:
    """The nearest step that is not yet passed: with 30, 7 and 1, five days before the end it is 7."""
    if left is None or left < 0:
        return None
    steps = [int(each) for each in setting.split(",") if each.strip().isdecimal() and len(each) < 6]
    return min((each for each in steps if each >= left), default=None)


def _in_step(state: State) -> str:
    """Told again when it no longer renews by itself."""
    return f"{state.step}" if state.renews else f"{state.step} to the end"


def _is_domain(row: Any) -> bool:
    return isinstance(row, dict) and "domain" in row


def _listed(payload: Any, name: str) -> list[Any]:
    found = payload.get(name) if isinstance(payload, dict) else None
    return found if isinstance(found, list) else []


_OF_THIS_DATE = by("subscription", "id", "current_period_end")

PROVIDER = Provider(
    name="hostinger",
    label="Hostinger",
    kind="hosting_panel",
    homepage="https://www.hostinger.com",
    verification=Polled(),
    event_name=event_name,
    subject=subject,
    events={
        "subscription renews": On("subscription.renewal_upcoming", subscription, key=_in_step, once=_OF_THIS_DATE),
        "subscription ends": On(
            "subscription.renewal_upcoming", subscription, key=_in_step, once=_OF_THIS_DATE, severity="warning"
        ),
        "subscription expired": On("subscription.expired", expired_subscription, once=_OF_THIS_DATE),
        "domain expires": On("domain.expiring", domain, key=_in_step, once=by("domain", "id", "expires_at")),
        "domain expired": On("domain.expired", expired_domain, once=by("domain", "id", "expires_at")),
    },
    ignored=frozenset((NOTHING,)),
    body=JSON,
    split=split,
    settings=(
        vendor_api("Where Hostinger's API answers.", "https://developers.hostinger.com"),
        Setting(
            "api_key", "API token", "A token made in hPanel under Profile > API.", required=True, secret=True, form=KEY
        ),
        Setting(
            "days_ahead",
            "Days ahead",
            "How many days before a renewal or an end it is told, each step once.",
            default=_STEPS,
            form=numbers("numbers of days between commas, such as 30,7,1", _STEPS, highest=_LONGEST_NOTICE),
        ),
    ),
    secret="none",
    poll=Poll(questions),
)
