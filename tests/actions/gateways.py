"""Gateways whose APIs differ in words only, each with a subscription, a payment, invoices and links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.fake_vendor import Answer, Request

KEYS = {"api_key": "k3y", "key_id": "id", "key_secret": "k3y", "access_token": "k3y"}
BEARER, BASIC = "Bearer k3y", "Basic azN5Og=="  # k3y:


@dataclass(frozen=True)
class Gateway:
    """How a gateway is asked and told: paths with `{id}`, states, where things lie in its answers."""

    name: str
    authorization: str
    read: str
    told: Mapping[str, tuple[str, str]]
    states: Mapping[str, str]
    inside: str = ""
    state: str = "status"
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    refusal: Callable[[str], Any] = lambda text: {"error": {"message": text}}


def _posts(path: str, cancel: str = "cancel") -> dict[str, tuple[str, str]]:
    verbs = {"subscription.pause": "pause", "subscription.resume": "resume", "subscription.cancel": cancel}
    return {action: ("POST", f"{path}/{verb}") for action, verb in verbs.items()}


STATES = {"subscription.pause": "paused", "subscription.resume": "active", "subscription.cancel": "canceled"}
BRITISH = {**STATES, "subscription.cancel": "cancelled"}
GATEWAYS = {
    each.name: each
    for each in (
        Gateway(
            "gocardless",
            BEARER,
            "/subscriptions/{id}",
            _posts("/subscriptions/{id}/actions"),
            BRITISH,
            inside="subscriptions",
            key="idempotency-key",
            headers={"gocardless-version": "2015-07-06"},
        ),
        Gateway(
            "paddle",
            BEARER,
            "/subscriptions/{id}",
            _posts("/subscriptions/{id}"),
            STATES,
            inside="data",
            refusal=lambda text: {"error": {"detail": text}},
        ),
        Gateway(
            "chargebee",
            BASIC,
            "/api/v2/subscriptions/{id}",
            _posts("/api/v2/subscriptions/{id}", "cancel_for_items"),
            BRITISH,
            inside="subscription",
            key="chargebee-idempotency-key",
            refusal=lambda text: {"message": text},
        ),
        Gateway(
            "recurly",
            BASIC,
            "/subscriptions/{id}",
            {action: ("PUT", path) for action, (_, path) in _posts("/subscriptions/{id}").items()},
            STATES,
            state="state",
            key="idempotency-key",
            headers={"accept": "application/vnd.recurly.v2021-02-25"},
        ),
        Gateway(
            "razorpay",
            "Basic aWQ6azN5",  # id:k3y
            "/v1/subscriptions/{id}",
            _posts("/v1/subscriptions/{id}"),
            BRITISH,
            refusal=lambda text: {"error": {"description": text}},
        ),
        Gateway(
            "square",
            BEARER,
            "/v2/subscriptions/{id}",
            _posts("/v2/subscriptions/{id}"),
            {action: state.upper() for action, state in STATES.items()},
            inside="subscription",
            headers={"square-version": "2025-10-16"},
            refusal=lambda text: {"errors": [{"detail": text}]},
        ),
    )
}


class Subscription:
    """One subscription at a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.effects = gateway, []  # type: tuple[Gateway, list[str]]
        self.status = "trialing"
        self.refusal: Answer | None = None

    def __call__(self, request: Request) -> Any:
        gateway = self.gateway
        assert request.headers["authorization"] == gateway.authorization
        assert {name: request.headers.get(name) for name in gateway.headers} == gateway.headers
        found = {"id": "sub_1", gateway.state: self.status}
        if (request.method, request.path) == ("GET", gateway.read.format(id="sub_1")):
            return {gateway.inside: found} if gateway.inside else found
        for action, (method, path) in gateway.told.items():
            if (request.method, request.path) == (method, path.format(id="sub_1")):
                assert not gateway.key or request.headers[gateway.key].startswith("run_")
                if self.refusal:
                    return self.refusal
                self.effects.append(action)
                self.status = gateway.states[action]
                found[gateway.state] = self.status
                return {gateway.inside: found} if gateway.inside else found
        if request.path.removesuffix("/change_term_end") == gateway.read.format(id="sub_1"):
            # Another day; the same day again changes nothing more.
            self.effects += [] if "extend" in self.effects else ["extend"]
            return {gateway.inside: found} if gateway.inside else found
        return Answer(404, gateway.refusal("Not found"))


class Links:
    """What was linked, by the reference or key that a gateway keeps."""

    def __init__(self, name: str) -> None:
        self.name, self.made = name, []  # type: tuple[str, list[dict[str, Any]]]

    def __call__(self, request: Request) -> Any:
        if request.method == "GET":
            return {"payment_links": self.made}
        key = request.headers.get("idempotency-key", request.json.get("reference_id"))
        known = next((each for each in self.made if each["reference_id"] == key), None)
        if known is None:
            known = {**request.json, "id": "pl_1", "short_url": "https://rzp.example/1", "reference_id": key}
            known["_links"] = {"paymentLink": {"href": "https://pay.mollie.example/1"}}
            self.made.append(known)
        return Answer(201, known)


class Refunds:
    """One payment of 24.00 EUR at a gateway, by its paths; what was refunded is kept with what was noted on it."""

    def __init__(self, name: str) -> None:
        self.name, self.made = name, []  # type: tuple[str, list[dict[str, Any]]]

    def __call__(self, request: Request) -> Any:
        return getattr(self, f"_{self.name}")(request)

    def _mollie(self, request: Request) -> Any:
        if request.method == "POST":
            self.made.append({"id": "re_1", "status": "pending", **request.json})
            return Answer(201, self.made[-1])
        if request.path.endswith("/refunds"):
            return {"_embedded": {"refunds": self.made}}
        return {"id": "tr_1", "amountRemaining": {"value": "24.00", "currency": "EUR"}}

    def _gocardless(self, request: Request) -> Any:
        if request.method == "POST":
            wanted = request.json["refunds"]
            assert wanted["total_amount_confirmation"] == wanted["amount"]
            self.made.append({"id": "re_1", "status": "created", "currency": "EUR", **wanted})
            return Answer(201, {"refunds": self.made[-1]})
        if request.path == "/refunds":
            return {"refunds": self.made}
        return {"payments": {"id": "PM1", "amount": 2400, "amount_refunded": 0, "currency": "EUR"}}

    def _paddle(self, request: Request) -> Any:
        if request.method == "POST":
            self.made.append({"id": "re_1", "status": "pending_approval", **request.json})
            return Answer(201, {"data": self.made[-1]})
        if request.path.startswith("/transactions/"):
            return {"data": {"id": "tr_1", "currency_code": "EUR", "details": {"totals": {"grand_total": "2400"}}}}
        return {"data": self.made}

    def _razorpay(self, request: Request) -> Any:
        if request.method == "POST":
            self.made.append({"id": "re_1", "status": "processed", "currency": "EUR", "amount": 2400, **request.json})
            return self.made[-1]
        if request.path.endswith("/refunds"):
            return {"items": self.made}
        return {"id": "tr_1", "amount": 2400, "amount_refunded": 0, "currency": "EUR"}

    def _square(self, request: Request) -> Any:
        if request.method == "POST":
            known = [each for each in self.made if each["idempotency_key"] == request.json["idempotency_key"]]
            if not known:
                self.made.append({"id": "re_1", "status": "PENDING", **request.json})
            return {"refund": (known or self.made)[-1]}
        return {"payment": {"id": "p1", "amount_money": {"amount": 2400, "currency": "EUR"}}}


class Invoices:
    def __init__(self, name: str) -> None:
        self.name, self.charged = name, 0
        self.effects: list[str] = []
        self.status = "payment_due"
        self.refusal: Answer | None = None

    def __call__(self, request: Request) -> Any:
        if request.method != "GET":
            if self.refusal:
                return self.refusal
            self.effects.append(request.path)
            if "collect" in request.path:
                self.charged += 1
            self.status = "voided" if "void" in request.path else "paid"
        invoice = {"id": "in_1", "status": self.status, "state": self.status, "number": "1042", "currency": "EUR"}
        invoice |= {"amount_paid": 2400, "currency_code": "EUR", "paid": 24.0, "due_date": 1798000000}
        if self.name == "chargebee":
            invoice |= {"total": 2400, "amount_due": 400, "customer_id": "41"}
        else:
            invoice |= {"total": 24.0, "balance": 4.0, "due_at": "2026-12-23T04:26:40Z", "account": {"code": "41"}}
        return {"invoice": invoice} if self.name == "chargebee" else invoice


class Account:
    """All of a gateway, by the paths."""

    def __init__(self, name: str) -> None:
        self.subscription = Subscription(GATEWAYS[name]) if name in GATEWAYS else None
        self.links, self.refunds, self.invoices = Links(name), Refunds(name), Invoices(name)

    def __call__(self, request: Request) -> Any:
        if "invoices" in request.path:
            return self.invoices(request)
        if "payment_links" in request.path or "payment-links" in request.path:
            return self.links(request)
        if self.subscription is not None and "subscriptions" in request.path:
            return self.subscription(request)
        return self.refunds(request)

    @property
    def effects(self) -> list[str]:
        made = [str(each) for each in (*self.links.made, *self.refunds.made)]
        moved = [] if self.subscription is None else self.subscription.effects
        return [*moved, *made, *self.invoices.effects]

    def prepare(self, action: str) -> None:
        if action == "subscription.resume" and self.subscription is not None:
            self.subscription.status = "paused"
