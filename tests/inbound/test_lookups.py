"""What webhooks leave out is asked for: in rounds, in bounded time, through the one door."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kit.vendor import Vendor
from kit.waiting import PATIENCE_SECONDS
from relay.http import GuardedClient
from relay.inbound import lookups
from relay.inbound.lookups import Answers, ApiReader
from relay.model import Inbound
from relay.sdk.provider import LookUp, Question, segment

LOOPBACK = frozenset(["127.0.0.1"])


@pytest.fixture
def api_reader() -> Iterator[ApiReader]:
    made = ApiReader(lambda: GuardedClient(allow_private=LOOPBACK))
    yield made
    made.close()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as made:
        yield made


def payment_and_its_customer(inbound: Inbound) -> Mapping[str, Question]:
    headers = {"authorization": f"Bearer {inbound.settings['api_key']}"}
    wanted = {"payment": Question(f"/payments/{segment(inbound.payload['id'])}", headers)}
    payment = inbound.looked_up.get("payment")
    if payment:
        wanted["customer"] = Question(f"/customers/{segment(payment['customer'])}", headers)
    return wanted


LOOK_UP = LookUp(payment_and_its_customer)


def webhook(vendor: Vendor, native_id: str = "tr_1", **settings: Any) -> Inbound:
    kept = {"api_url": vendor.url + "/", "api_key": "key_1", **settings}
    return Inbound(body=b"", payload={"id": native_id}, settings=kept)


def looked_up(api_reader: ApiReader, inbound: Inbound) -> Answers:
    return api_reader.look_up(LOOK_UP, inbound).result(timeout=PATIENCE_SECONDS)


def test_one_question_follows_from_anothers_answer(api_reader: ApiReader, vendor: Vendor) -> None:
    vendor.answers = {"/payments/tr_1": {"id": "tr_1", "customer": "cst_9"}, "/customers/cst_9": {"id": "cst_9"}}

    found = looked_up(api_reader, webhook(vendor))

    assert found == Answers({"payment": {"id": "tr_1", "customer": "cst_9"}, "customer": {"id": "cst_9"}})
    assert [each.headers["authorization"] for each in vendor.asked] == ["Bearer key_1"] * 2


def test_that_there_is_no_such_thing_is_an_answer(api_reader: ApiReader, vendor: Vendor) -> None:
    assert looked_up(api_reader, webhook(vendor)) == Answers({"payment": None})


def test_an_id_stays_one_piece_of_the_path(api_reader: ApiReader, vendor: Vendor) -> None:
    looked_up(api_reader, webhook(vendor, "../../admin?x=1#y"))

    assert vendor.paths == ["/payments/..%2F..%2Fadmin%3Fx%3D1%23y"]


@pytest.mark.parametrize(
    "answer", [b'\xef\xbb\xbf{"customer":null}', '{"customer":null}'.encode("utf-16"), b'{"customer":NaN}']
)
def test_an_answer_is_read_as_leniently_as_a_webhook(api_reader: ApiReader, vendor: Vendor, answer: bytes) -> None:
    vendor.answers = {"/payments/tr_1": answer, "/customers/None": 404}

    assert looked_up(api_reader, webhook(vendor)).told["payment"] == {"customer": None}


@pytest.mark.parametrize("status", [302, 400, 401, 403, 429, 500, 503])
def test_any_other_answer_is_none(api_reader: ApiReader, vendor: Vendor, status: int) -> None:
    vendor.answers = {"/payments/tr_1": status}

    assert looked_up(api_reader, webhook(vendor)) == Answers({}, complete=False)


def test_what_was_answered_is_kept_when_the_rest_is_not(api_reader: ApiReader, vendor: Vendor) -> None:
    vendor.answers = {"/payments/tr_1": {"customer": "cst_9"}, "/customers/cst_9": 500}

    assert looked_up(api_reader, webhook(vendor)) == Answers({"payment": {"customer": "cst_9"}}, complete=False)


def test_one_that_hangs_is_not_waited_for(
    api_reader: ApiReader, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "TOTAL_SECONDS", 0.3)
    release = threading.Event()
    vendor.answers = {"/payments/tr_1": lambda: release.wait(PATIENCE_SECONDS) and 200}

    found = looked_up(api_reader, webhook(vendor))
    release.set()

    assert found == Answers({}, complete=False)


def test_without_credentials_nobody_is_asked(api_reader: ApiReader, vendor: Vendor) -> None:
    assert looked_up(api_reader, webhook(vendor, api_key="")) == Answers()
    assert vendor.asked == []


def test_nothing_private_is_asked_unless_the_operator_lists_it(vendor: Vendor) -> None:
    api_reader = ApiReader(GuardedClient)

    found = looked_up(api_reader, webhook(vendor))
    api_reader.close()

    assert found == Answers({}, complete=False)
    assert vendor.asked == []


def test_a_body_that_breaks_the_questions_is_not_asked_about(api_reader: ApiReader, vendor: Vendor) -> None:
    broken = Inbound(body=b"", payload=[], settings={"api_url": vendor.url, "api_key": "key_1"})

    assert looked_up(api_reader, broken) == Answers({})


def test_many_are_asked_at_once_but_not_all(api_reader: ApiReader, vendor: Vendor) -> None:
    under_way, most = set[int](), []

    def slow() -> dict[str, Any]:
        under_way.add(threading.get_ident())
        most.append(len(under_way))
        threading.Event().wait(0.02)
        under_way.discard(threading.get_ident())
        return {}

    vendor.answers = {f"/{number}": slow for number in range(60)}
    questions = {f"item:{number}": Question(f"/{number}") for number in range(60)}

    found = api_reader.ask(lambda _: questions, {"api_url": vendor.url}, ()).result(timeout=PATIENCE_SECONDS)

    assert len(found.told) == 60
    assert 1 < max(most) <= lookups.AT_ONCE


def test_the_same_is_asked_once_at_a_time_and_again_for_all_that_came_meanwhile(
    api_reader: ApiReader, vendor: Vendor
) -> None:
    begun, go_on, paid = threading.Event(), threading.Event(), {"id": "tr_1", "status": "paid"}

    def slowly() -> Any:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return {"id": "tr_1", "status": "open"} if vendor.paths.count("/payments/tr_1") == 1 else paid

    def one_question(_: Inbound) -> Mapping[str, Question]:
        return {"payment": Question("/payments/tr_1")}

    vendor.answers = {"/payments/tr_1": slowly}
    first = api_reader.look_up(LookUp(one_question), webhook(vendor))
    assert begun.wait(PATIENCE_SECONDS)
    others = [api_reader.look_up(LookUp(one_question), webhook(vendor)) for _ in range(50)]
    another = api_reader.look_up(LookUp(lambda _: {"payment": Question("/payments/tr_2")}), webhook(vendor))
    assert another.result(timeout=PATIENCE_SECONDS) == Answers({"payment": None})
    go_on.set()

    assert first.result(timeout=PATIENCE_SECONDS).told == {"payment": {"id": "tr_1", "status": "open"}}
    assert [each.result(timeout=PATIENCE_SECONDS).told for each in others] == [{"payment": paid}] * 50
    assert sorted(vendor.paths) == ["/payments/tr_1", "/payments/tr_1", "/payments/tr_2"]
