"""What further panels and the help desks do, against servers that answer as these document it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from actions.fake_vendor import Answer, FakeVendor, Request
from relay.catalogue.action_types import get as get_action
from relay.providers import get as get_provider
from relay.providers.directadmin.actions import ACTIONS as DIRECTADMIN
from relay.providers.fossbilling.actions import ACTIONS as FOSSBILLING
from relay.providers.freshdesk.actions import ACTIONS as FRESHDESK
from relay.providers.hostinger.actions import ACTIONS as HOSTINGER
from relay.providers.plesk.actions import ACTIONS as PLESK
from relay.providers.virtualmin.actions import ACTIONS as VIRTUALMIN
from relay.providers.zendesk.actions import ACTIONS as ZENDESK
from relay.sdk.actions import Adapter
from relay.sdk.outcomes import Done, Failed, NotReached, Uncertain
from relay.sdk.sizes import megabytes

KEYS = {
    "api_key": "k3y",
    "api_user": "relay",
    "api_password": "s3cret",
    "api_email": "zoe@acme.example",
    "api_token": "t0ken",
    "helpdesk": "1",
    "contact_email": "ops@host.example",
}


class FossBilling:
    def __init__(self) -> None:
        self.order = {"id": 88, "title": "Business", "status": "active"}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic YWRtaW46azN5"  # admin:k3y
        function = request.path.removeprefix("/api/admin/")
        if function.endswith("/get"):
            if request.form["id"] not in ("88", "7"):
                return {"result": None, "error": {"message": "Order not found", "code": 404}}
            return {"result": self.order if function == "order/get" else {"id": 7, "serie_nr": "FB7"}, "error": None}
        if self.refusal:
            return {"result": None, "error": {"message": self.refusal, "code": 500}}
        self.effects.append(function)
        states = {"order/suspend": "suspended", "order/unsuspend": "active", "order/cancel": "canceled"}
        self.order["status"] = states.get(function, self.order["status"])
        return {"result": 310 if "ticket" in function else True, "error": None}


class Virtualmin:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {"plan": ["Starter"]}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert request.headers["authorization"] == "Basic cmVsYXk6czNjcmV0"  # relay:s3cret
        assert (request.path, form["json"]) == ("/virtual-server/remote.cgi", "1")
        if form["domain"] != "acme.example":
            return {"status": "failure", "error": f"Virtual server {form['domain']} does not exist"}
        if form["program"] == "list-domains":
            return {"status": "success", "data": [{"name": "acme.example", "values": self.values}]}
        if self.refusal:
            return {"status": "failure", "error": self.refusal}
        self.effects.append(form["program"])
        match form["program"]:
            case "disable-domain":
                self.values["disabled"] = ["Manually disabled"]
            case "enable-domain":
                del self.values["disabled"]
            case "modify-domain":
                self.values["plan"] = [form.get("apply-plan", "Starter")]
        return {"status": "success"}


class DirectAdmin:
    def __init__(self) -> None:
        self.user = {"username": "acme", "domain": "acme.example", "package": "starter", "suspended": "no"}
        self.user |= {"usertype": "user", "quota": "10000", "email": "zoe@acme.example"}
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic cmVsYXk6azN5"  # relay:k3y
        given = request.query if request.method == "GET" else request.form
        assert given["json"] == "yes"
        if given.get("user", given.get("select0")) != "acme":
            return {"error": "1", "text": "Unable to show user", "details": "That user does not exist"}
        if request.method == "GET":
            return {"quota": "1830.4"} if request.path == "/CMD_API_SHOW_USER_USAGE" else self.user
        if self.refusal:
            return {"error": "1", "text": "Cannot do it", "details": self.refusal}
        self.effects.append(request.path)
        if request.path == "/CMD_API_SELECT_USERS":
            assert given["location"] == "CMD_SELECT_USERS"
            self.user["suspended"] = {"Suspend": "yes", "Unsuspend": "no"}[given["suspend"]]
        else:
            assert (request.path, given["action"]) == ("/CMD_API_MODIFY_USER", "package")
            self.user["package"] = given["package"]
        return {"success": "Saved"}


class Hostinger:
    def __init__(self) -> None:
        self.subscription = {
            "id": "sub_1",
            "name": "KVM 2",
            "status": "active",
            "is_auto_renewed": True,
            "next_billing_at": "2026-12-22T07:00:00Z",
        }
        self.order: Any = {"id": 9, "status": "completed"}
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Bearer k3y"
        path = "/api/billing/v1/subscriptions"
        if (request.method, request.path) == ("GET", path):
            return [{"id": "sub_0"}, self.subscription]
        self.effects.append(f"{request.method} {request.path.removeprefix(path)}")
        match self.effects[-1]:
            case "POST /sub_1/renew":
                return self.order
            case "PATCH /sub_1/auto-renewal/enable":
                self.subscription["is_auto_renewed"] = True
            case "DELETE /sub_1/auto-renewal/disable":
                self.subscription["is_auto_renewed"] = False
            case _:
                return 404
        return self.subscription


class Plesk:
    def __init__(self) -> None:
        self.refusal: str | None = None
        self.effects: list[str] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["x-api-key"] == "k3y"
        command = request.path.removeprefix("/api/v2/cli/").removesuffix("/call")
        words = request.json["params"]
        if self.refusal is None and command in ("extension", "subscription_settings"):
            self.effects.append(" ".join((command, *words)))
            return {"code": 0, "stdout": "", "stderr": ""}
        assert command == "subscription"
        if words[1] != "acme.example":
            return {"code": 1, "stdout": "", "stderr": f"An error occurred: Unable to find {words[1]}"}
        if self.refusal:
            return {"code": 1, "stdout": "", "stderr": self.refusal}
        if not self.effects or self.effects[-1] != words[0]:
            self.effects.append(words[0])
        return {"code": 0, "stdout": "SUCCESS", "stderr": ""}


class Zendesk:
    def __init__(self) -> None:
        self.tickets: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic em9lQGFjbWUuZXhhbXBsZS90b2tlbjp0MGtlbg=="
        if request.method == "GET":
            return {"tickets": [each for each in self.tickets if each["external_id"] == request.query["external_id"]]}
        if request.method == "PUT":
            if request.path != "/api/v2/tickets/310.json":
                return Answer(404, {"error": "RecordNotFound", "description": "Not found"})
            return {"ticket": {"id": 310, "status": "open"}}
        self.tickets.append({**request.json["ticket"], "id": 310, "status": "new"})
        return Answer(201, {"ticket": self.tickets[-1]})


class Freshdesk:
    def __init__(self) -> None:
        self.posts: list[tuple[str, Any]] = []

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Basic azN5Olg="  # k3y:X
        if request.json.get("email") == "not-one":
            error = {"field": "email", "message": "It should be a valid email address."}
            return Answer(400, {"description": "Validation failed", "errors": [error]})
        self.posts.append((request.path, request.json))
        return Answer(201, {"id": 310, "status": 2})


THERE: dict[str, tuple[type, Mapping[str, Adapter], str]] = {
    "fossbilling": (FossBilling, FOSSBILLING, "88"),
    "virtualmin": (Virtualmin, VIRTUALMIN, "acme.example"),
    "plesk": (Plesk, PLESK, "acme.example"),
    "directadmin": (DirectAdmin, DIRECTADMIN, "acme"),
    "zendesk": (Zendesk, ZENDESK, ""),
    "freshdesk": (Freshdesk, FRESHDESK, ""),
}
HOSTING = pytest.mark.parametrize("name", ["fossbilling", "virtualmin", "plesk", "directadmin"])


@pytest.fixture
def panel(name: str) -> Any:
    return THERE[name][0]()


@pytest.fixture
def vendor(panel: Any) -> Iterator[FakeVendor]:
    with FakeVendor(panel) as made:
        yield made


def does(vendor: FakeVendor, name: str, action: str, **given: Any) -> Done:
    done = THERE[name][1][action].run(vendor.task(given, KEYS))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@HOSTING
def test_a_service_is_suspended_and_restored_once(vendor: FakeVendor, panel: Any, name: str) -> None:
    own_id = THERE[name][2]

    for _ in range(2):
        assert does(vendor, name, "service.suspend", service_id=own_id).output["service_status"] == "suspended"
    assert len(panel.effects) == 1
    for _ in range(2):
        assert does(vendor, name, "service.unsuspend", service_id=own_id).output["service_status"] == "active"
    assert len(panel.effects) == 2


@HOSTING
def test_what_is_not_there_is_said(vendor: FakeVendor, panel: Any, name: str) -> None:
    with pytest.raises(Failed) as error:
        does(vendor, name, "service.suspend", service_id="99" if name == "fossbilling" else "nobody.example")

    assert error.value.code == "no_such_thing"
    assert panel.effects == []


@HOSTING
def test_a_refusal_is_told_in_the_panels_words(vendor: FakeVendor, panel: Any, name: str) -> None:
    panel.refusal = "License expired"

    with pytest.raises(Failed, match="License expired") as error:
        does(vendor, name, "service.suspend", service_id=THERE[name][2])

    assert error.value.code == "refused"


@HOSTING
@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after", "babbles"])
def test_an_outcome_that_nobody_knows_is_found_out_by_doing_it_again(
    vendor: FakeVendor, panel: Any, name: str, trouble: Any
) -> None:
    path = {
        "fossbilling": "/api/admin/order/suspend",
        "virtualmin": "/virtual-server/remote.cgi",
        "plesk": "/api/v2/cli/subscription/call",
        "directadmin": "/CMD_API_SELECT_USERS",
    }[name]
    action = THERE[name][1]["service.suspend"]
    assert action.repeatable
    # In Virtualmin reading goes the same way, and comes first.
    vendor.next("POST", path, trouble, after=1 if name == "virtualmin" else 0)
    task = vendor.task({"service_id": THERE[name][2]}, KEYS)
    with pytest.raises(Uncertain):
        action.run(task)

    assert action.run(task).output["service_status"] == "suspended"
    assert len(panel.effects) == 1


@pytest.mark.parametrize("name", ["virtualmin", "plesk", "directadmin"])
def test_a_plan_is_changed_once(vendor: FakeVendor, panel: Any, name: str) -> None:
    own_id = "acme" if name == "directadmin" else "ACME.example"
    for _ in range(2):
        done = does(vendor, name, "service.change_package", service_id=own_id, package="Gold")
        assert done.output["plan"] == "Gold"

    assert len(panel.effects) == 1


@pytest.mark.parametrize("name", ["fossbilling"])
def test_orders_invoices_and_tickets_of_fossbilling(vendor: FakeVendor, panel: Any, name: str) -> None:
    assert does(vendor, name, "subscription.renew", subscription_id="88").output["subscription_status"] == "active"
    for _ in range(2):
        assert (
            does(vendor, name, "subscription.cancel", subscription_id="88").output["subscription_status"] == "canceled"
        )
    assert does(vendor, name, "invoice.send", invoice_id="7").output["invoice_number"] == "FB7"
    opened = does(vendor, name, "ticket.open", subject="Help", message="It broke.", customer_id="41")
    assert opened.output["ticket_number"] == "310"
    does(vendor, name, "ticket.reply", ticket_id="310", message="It works.")
    does(vendor, name, "ticket.reply", ticket_id="310", message="For us.", internal=True)

    with pytest.raises(Failed, match="only an active order"):
        does(vendor, name, "subscription.renew", subscription_id="88")
    assert panel.effects == [
        "order/renew",
        "order/cancel",
        "invoice/send_reminder",
        "support/ticket_create",
        "support/ticket_reply",
        "support/note_create",
    ]


@pytest.mark.parametrize("name", ["zendesk"])
@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after", "babbles"])
def test_a_ticket_whose_answer_is_lost_is_found_again(
    vendor: FakeVendor, panel: Zendesk, name: str, trouble: Any
) -> None:
    task = vendor.task({"subject": "Help", "message": "It broke.", "email": "zoe@acme.example"}, KEYS)
    action = ZENDESK["ticket.open"]
    assert action.look_up_outcome is not None
    assert action.look_up_outcome(task) is None
    vendor.next("POST", "/api/v2/tickets.json", trouble)
    with pytest.raises(Uncertain):
        action.run(task)

    found = action.look_up_outcome(task)

    assert found is not None
    assert found.output["ticket_url"] == f"{vendor.url}/agent/tickets/310"
    assert len(panel.tickets) == 1


@pytest.mark.parametrize("name", ["zendesk"])
def test_zendesk_tickets_are_answered(vendor: FakeVendor, name: str) -> None:
    assert does(vendor, name, "ticket.reply", ticket_id="310", message="Hi").output["ticket_status"] == "open"
    with pytest.raises(Failed) as error:
        does(vendor, name, "ticket.reply", ticket_id="999", message="Hi")
    assert error.value.code == "no_such_thing"


@pytest.mark.parametrize("name", ["freshdesk"])
def test_freshdesk_tickets_are_opened_and_answered(vendor: FakeVendor, panel: Freshdesk, name: str) -> None:
    given = {"subject": "Help", "message": "1 < 2\nreally", "email": "zoe@acme.example", "priority": "urgent"}
    assert does(vendor, name, "ticket.open", **given).output["ticket_number"] == "310"
    does(vendor, name, "ticket.reply", ticket_id="310", message="Hi")
    does(vendor, name, "ticket.reply", ticket_id="310", message="For us.", internal=True)

    (_, ticket), (reply, _), (note, private) = panel.posts
    assert (ticket["description"], ticket["priority"], ticket["status"]) == ("1 &lt; 2<br>really", 4, 2)
    assert (reply, note) == ("/api/v2/tickets/310/reply", "/api/v2/tickets/310/notes")
    assert private["private"] is True
    with pytest.raises(Failed, match="email It should be a valid"):
        does(vendor, name, "ticket.open", subject="Help", message="x", email="not-one")
    with pytest.raises(Failed, match="whose ticket"):
        does(vendor, name, "ticket.open", subject="Help", message="x")


@pytest.mark.parametrize("name", THERE)
def test_a_busy_server_is_asked_again_later(vendor: FakeVendor, name: str) -> None:
    action, given = ("ticket.open", {"subject": "x", "message": "y", "email": "z@acme.example"})
    if "service.suspend" in THERE[name][1]:
        action, given = "service.suspend", {"service_id": THERE[name][2]}
    for path in (
        "/api/admin/order/get",
        "/virtual-server/remote.cgi",
        "/api/v2/cli/subscription/call",
        "/api/v2/tickets.json",
        "/api/v2/tickets",
    ):
        vendor.next("POST", path, "busy")
    vendor.next("GET", "/CMD_API_SHOW_USER_CONFIG", "busy")

    with pytest.raises(NotReached) as error:
        does(vendor, name, action, **given)

    assert error.value.after == 7


@pytest.mark.parametrize("name", THERE)
def test_every_setting_that_an_action_needs_is_one_of_the_provider(name: str) -> None:
    known = {each.name for each in get_provider(name).settings}

    assert {need for each in THERE[name][1].values() for need in each.needs} <= known


@pytest.mark.parametrize("name", THERE)
def test_a_rehearsal_changes_nothing_and_shows_no_secret(vendor: FakeVendor, panel: Any, name: str) -> None:
    action, given = ("ticket.open", {"subject": "x", "message": "y", "email": "z@acme.example"})
    if "service.suspend" in THERE[name][1]:
        action, given = "service.suspend", {"service_id": THERE[name][2]}
    task = vendor.task(given, KEYS, dry=True)

    THERE[name][1][action].run(task)

    assert len(task.vendor.told) == 1
    assert not any(secret in str(task.vendor.told) for secret in ("k3y", "s3cret", "t0ken"))
    assert not any(getattr(panel, kept, []) for kept in ("effects", "tickets", "posts"))


@pytest.mark.parametrize("name", ["directadmin"])
def test_a_user_of_directadmin_is_read(vendor: FakeVendor, name: str) -> None:
    assert does(vendor, name, "service.fetch", service_id="acme").output == {
        "service_id": "acme",
        "service_status": "active",
        "domain": "acme.example",
        "plan": "starter",
        "email": "zoe@acme.example",
        "disk_used_mb": Decimal("1830.4"),
        "disk_limit_mb": 10000,
    }
    with pytest.raises(Failed) as error:
        does(vendor, name, "service.suspend", service_id="Admin")
    assert error.value.code == "not_permitted"


@pytest.mark.parametrize("name", ["virtualmin"])
def test_a_virtual_server_is_read_and_limited(vendor: FakeVendor, panel: Virtualmin, name: str) -> None:
    panel.values |= {
        "contact_email": ["zoe@acme.example"],
        "server_byte_quota_used": ["1048576"],
        "server_block_quota": ["Unlimited"],
    }

    read = does(vendor, name, "service.fetch", service_id="acme.example").output
    does(vendor, name, "service.change_limits", service_id="acme.example", disk_mb=500, bandwidth_mb=0)

    assert (read["email"], read["disk_used_mb"], read["disk_limit_mb"]) == ("zoe@acme.example", 1, None)
    limits = vendor.told("POST", "/virtual-server/remote.cgi")[-1].form
    assert (limits["quota"], limits["bw"]) == ("512000", "NONE")
    with pytest.raises(Failed, match="or both"):
        does(vendor, name, "service.change_limits", service_id="acme.example")


@pytest.mark.parametrize("name", ["plesk"])
def test_limits_and_certificates_of_plesk(vendor: FakeVendor, panel: Plesk, name: str) -> None:
    does(vendor, name, "service.change_limits", service_id="acme.example", disk_mb=500, bandwidth_mb=0)
    done = does(vendor, name, "certificate.renew", service_id="acme.example", domain="Shop.acme.example")

    assert done.output["domain"] == "shop.acme.example"
    assert panel.effects == [
        "subscription_settings --update acme.example -disk_space 500M -max_traffic -1",
        "extension --exec letsencrypt cli.php -d shop.acme.example -m ops@host.example",
    ]
    with pytest.raises(Failed, match="or both"):
        does(vendor, name, "service.change_limits", service_id="acme.example")
    with pytest.raises(Failed, match="domain name was expected"):
        does(vendor, name, "certificate.renew", service_id="acme.example", domain="--help")
    assert not PLESK["certificate.renew"].repeatable


# Hostinger


def hostinger(panel: Hostinger, action: str, **given: Any) -> Done:
    with FakeVendor(panel) as vendor:
        done = HOSTINGER[action].run(vendor.task({"subscription_id": "sub_1", **given}, KEYS))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


def test_a_subscription_of_hostinger_ends_and_goes_on_once() -> None:
    panel = Hostinger()

    for _ in range(2):
        assert hostinger(panel, "subscription.cancel", at_period_end=True).output["renews_at"] is None
    for _ in range(2):
        assert hostinger(panel, "subscription.resume").output["renews_at"] == "2026-12-22T07:00:00Z"

    assert panel.effects == ["DELETE /sub_1/auto-renewal/disable", "PATCH /sub_1/auto-renewal/enable"]
    with pytest.raises(Failed, match="At Period End"):
        hostinger(panel, "subscription.cancel")
    with pytest.raises(Failed) as error:
        hostinger(panel, "subscription.resume", subscription_id="sub_2")
    assert error.value.code == "no_such_thing"


def test_a_renewal_is_ordered_and_never_twice() -> None:
    panel, renew = Hostinger(), HOSTINGER["subscription.renew"]

    assert "was ordered" in hostinger(panel, "subscription.renew").text
    panel.order = {"status": "failed"}
    with pytest.raises(Failed, match="failed at Hostinger"):
        hostinger(panel, "subscription.renew")

    assert (renew.repeatable, renew.look_up_outcome) == (False, None)
    assert {need for each in HOSTINGER.values() for need in each.needs} <= {
        each.name for each in get_provider("hostinger").settings
    }


@pytest.mark.parametrize(
    ("written", "of", "read"),
    [
        ("1830M", 1, 1830),
        (" 500 ", 1, 500),
        (1536, 1024, Decimal("1.5")),
        (Decimal("12.345"), 1, Decimal("12.34")),
        ("unlimited", 1, None),
        ("*", 1, None),
        (None, 1, None),
        (True, 1, None),
        ("-5", 1, None),
        ("NaN", 1, None),
        ("1e400", 1, None),
        ("", 1, None),
    ],
)
def test_space_is_read_as_panels_write_it(written: Any, of: int, read: Any) -> None:
    assert megabytes(written, of=of) == read
