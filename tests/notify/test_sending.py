"""Messages are sent for real, to servers on this machine: what arrives, once, and what is said when it does not."""

import re
import time
from email.utils import parsedate_to_datetime

import pytest

from notify.office import SEND, SID, TOKEN, TWILIO, Office
from notify.post_office import MailServer, Service, words
from relay.actions import notification
from relay.actions.requests import decide_by_link
from relay.catalogue.vocabulary import catalogue
from relay.errors import InvalidRequest
from relay.formats import jsontext
from relay.notify import mail
from relay.sdk.outcomes import Failed
from relay.storage import runs
from relay.storage.runs import Policy, Run

ZOE = "zoe@acme-shop.example"
LOGIN_WITHOUT_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
SENT = {"channel": "mail", "delivery_status": "sent"}


def test_a_person_reads_the_mail_in_english(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, zone="Europe/Paris", signature="Northlight Hosting")
    event = office.event("payment.failed")

    run = office.send(channel="mail", to=ZOE, template="payment_failed", event_id=event)

    (received,) = mail_server.box.mails
    assert run.content["output"] == SENT | {"subject": "Payment of invoice INV-1042 failed"}
    assert run.content["text"] == "The message was sent over mail (E-Mail)."
    assert str(received["From"]) == "Northlight <billing@northlight.example>"
    assert str(received["To"]) == ZOE
    assert str(received["Subject"]) == "Payment of invoice INV-1042 failed"
    assert words(received) == (
        "Hello Zoë Müller,\n\n"
        "Your payment of €24.00 for invoice INV-1042 did not go through. "
        "The reason we were given: The card has insufficient funds.\n\n"
        "It was to be taken from your Visa ending in 4242. We try again on 25 November 2026.\n\n"
        "Please check that your details are up to date, so that your services go on without a break. "
        "You can pay the invoice here: https://billing.northlight-hosting.example/invoices/INV-1042\n\n"
        "Northlight Hosting"
    )


def test_a_person_reads_the_mail_in_french(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, language="fr", signature="Northlight Hosting")
    event = office.event("payment.failed")

    office.send(channel="mail", to=ZOE, template="payment_failed", event_id=event)

    (received,) = mail_server.box.mails
    assert str(received["Subject"]) == "Échec du paiement de la facture INV-1042"
    assert words(received).replace("\u00a0", " ") == (
        "Bonjour Zoë Müller,\n\n"
        "Votre paiement de 24,00 € pour la facture INV-1042 n’a pas abouti. "
        "Le motif qui nous a été indiqué : The card has insufficient funds.\n\n"
        "Il devait être prélevé sur votre carte Visa se terminant par 4242. "
        "Nous ferons un nouvel essai le 25 novembre 2026.\n\n"
        "Merci de vérifier que vos coordonnées de paiement sont à jour, afin que vos services continuent sans "
        "interruption. Vous pouvez régler la facture ici : "
        "https://billing.northlight-hosting.example/invoices/INV-1042\n\n"
        "Northlight Hosting"
    )


def test_a_mail_is_known_by_its_run_and_answered_by_no_machine(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)

    run = office.send(channel="mail", to=ZOE, subject="Hello", message="There is news.\nA second line.")

    (received,) = mail_server.box.mails
    assert received["Message-ID"] == f"<{run.id}@northlight.example>"
    assert received["Auto-Submitted"] == "auto-generated"
    assert abs(parsedate_to_datetime(str(received["Date"])).timestamp() - time.time()) < 60
    assert words(received) == "There is news.\nA second line."


@pytest.mark.parametrize(
    "subject", ["Hello\nBcc: spy@evil.example", "Hello\r\n\r\nOther words", "Hello\x00", "a\u2028b"]
)
def test_a_line_break_in_the_subject_is_refused(office: Office, mail_server: MailServer, subject: str) -> None:
    office.mail_channel(mail_server)

    run = office.send(channel="mail", to=ZOE, subject=subject, message="x")

    assert (run.state, run.content["text"]) == (runs.FAILED, "The subject must be one line, without line breaks.")
    assert mail_server.box.mails == []


@pytest.mark.parametrize(
    "to", ["zoe@acme.example\nBcc: spy@evil.example", "a@b.example, c@d.example", "zoe", "<z@a.example>"]
)
def test_a_recipient_that_is_not_one_address_is_refused(office: Office, mail_server: MailServer, to: str) -> None:
    office.mail_channel(mail_server)

    run = office.send(channel="mail", to=to, message="x")

    assert run.state == runs.FAILED
    assert "to must be an e-mail address" in run.content["text"]
    assert mail_server.box.mails == []


def test_what_an_event_says_makes_no_second_line(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    event = office.event("monitor.down", summary="Down\r\nBcc: spy@evil.example\n\nPay here: https://evil.example")

    office.send(channel="mail", to=ZOE, template="incident", event_id=event)

    (received,) = mail_server.box.mails
    assert received["Bcc"] is None
    assert str(received["Subject"]) == "Down Bcc: spy@evil.example Pay here: https://evil.example"
    assert mail_server.box.receivers == [[ZOE]]


def test_an_sms_goes_to_twilio(office: Office, service: Service) -> None:
    service.status, service.answer = 201, b'{"sid": "SM1", "status": "queued"}'
    office.twilio_at(service)
    office.channel("sms", TWILIO)
    event = office.event("payment_method.expiring")

    run = office.send(channel="sms", to="+33 6 12 34 56 78", template="card_expiring", event_id=event)

    (received,) = service.received
    assert run.state == runs.SUCCEEDED
    assert received.path == f"/Accounts/{SID}/Messages.json"
    assert received.form == {
        "From": "+33900000000",
        "To": "+33612345678",
        "Body": "Your card ending in 4242 expires at the end of November 2026. Please give us another one.",
    }


def test_a_chat_gets_it_and_nobody_in_it_is_called_by_an_event(office: Office, service: Service) -> None:
    office.channel("ops", f"json://127.0.0.1:{service.port}/in")
    event = office.event("monitor.down", summary="@everyone <!channel> look")

    run = office.send(channel="ops", to=ZOE, template="incident", event_id=event)

    assert run.state == runs.SUCCEEDED
    text = service.received[0].body.decode()
    assert "look" in text
    assert "@everyone" not in text
    assert "<!channel" not in text


def waiting(office: Office) -> tuple[Run, str]:
    """A run that waits for a person, and the event that tells of it, which holds no link."""
    office.desk("tests").set_policy(Policy("alert.raise", "always"))
    asked = office.ask("alert.raise", key="disk:web03", title="Disk is full")
    action = catalogue().sample(catalogue().types["action.approval_requested"])["data"]["action"]
    told = action | {"run_id": asked.id, "asked_for": "Raise Alert: disk:web03.", "approve_url": None}
    return asked, office.event("action.approval_requested", data={"action": told})


def test_a_chat_that_was_chosen_for_it_gets_the_link_and_the_decision_names_it(
    office: Office, service: Service
) -> None:
    office.channel("ops", f"json://127.0.0.1:{service.port}/in", approval_links=True)
    asked, event = waiting(office)

    run = office.send(channel="ops", event_id=event)

    text = jsontext.loads(service.received[0].body)["message"]
    (link,) = re.findall(r"Approve or reject: https://relay\.example\.com/approvals/([A-Za-z0-9_-]+)", text)
    assert "Raise Alert: disk:web03." in text
    assert link not in str(run.content)
    decided = decide_by_link(office.relay, link, approve=True)
    assert (decided.id, decided.decided_by) == (asked.id, "approval link sent over channel ops")


def test_no_other_channel_gets_a_link(office: Office, service: Service, mail_server: MailServer) -> None:
    office.channel("public", f"json://127.0.0.1:{service.port}/in")
    office.mail_channel(mail_server)
    _, event = waiting(office)

    office.send(channel="public", event_id=event)
    office.send(channel="mail", to=ZOE, event_id=event)

    assert "/approvals/" not in service.received[0].body.decode()
    assert "/approvals/" not in str(mail_server.box.mails[0])
    with pytest.raises(InvalidRequest, match="Only a chat"):
        office.mail_channel(mail_server, "second", approval_links=True)


def test_a_link_that_a_service_repeats_in_its_refusal_is_not_told(office: Office, service: Service) -> None:
    office.channel("ops", f"json://127.0.0.1:{service.port}/in", approval_links=True)
    _, event = waiting(office)
    service.status, service.repeats = 400, True

    run = office.send(channel="ops", event_id=event)

    assert run.state == runs.FAILED
    assert "/approvals/" not in str(run.content)


def test_the_second_channel_is_used_when_the_first_is_down(
    office: Office, service: Service, mail_server: MailServer
) -> None:
    office.channel("dead", "json://127.0.0.1:1/in")
    office.mail_channel(mail_server)

    run = office.send(channel="dead, mail", to=ZOE, message="There is news.")

    assert run.content["output"] == SENT | {"subject": "There is news."}
    assert len(mail_server.box.mails) == 1


def test_the_second_channel_is_used_when_the_first_refuses(
    office: Office, service: Service, mail_server: MailServer
) -> None:
    service.status, service.answer = 401, b'{"message": "Authenticate"}'
    office.twilio_at(service)
    office.channel("sms", TWILIO)
    office.channel("chat", f"json://127.0.0.1:{service.port}/in")
    office.mail_channel(mail_server)

    run = office.send(channel="sms,chat,mail", to=ZOE, message="x")

    assert run.content["output"]["channel"] == "mail"


def test_what_all_refuse_has_failed_and_says_why(office: Office, service: Service) -> None:
    service.status, service.answer = 400, b'{"code": 21211, "message": "The \'To\' number is not valid"}'
    office.twilio_at(service)
    office.channel("sms", TWILIO)

    run = office.send(channel="sms", to="+33612345678", message="x")

    assert (run.state, run.told) == (runs.FAILED, False)
    assert run.content["text"] == "sms: Twilio refused the message (status 400): The 'To' number is not valid"


def test_a_mail_server_that_is_away_is_tried_again(office: Office) -> None:
    office.channel("mail", "mailto://127.0.0.1:1/?smtp=127.0.0.1&from=a@b.example")

    run = office.send(channel="mail", to=ZOE, message="x")

    assert (run.state, run.told) == (runs.FAILED, False)
    assert run.content["text"] == "mail: 127.0.0.1 cannot be reached as a mail server. It was tried 3 times."


def test_greylisting_is_tried_again_until_it_is_taken(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    mail_server.box.mood = "greylists"
    run = office.ask(SEND, channel="mail", to=ZOE, message="x")

    office.carry_out(run, until=lambda found: found.attempts == 1)
    mail_server.box.mood = "well"
    done = office.carry_out(run)

    assert done.state == runs.SUCCEEDED
    assert [each["Message-ID"] for each in mail_server.box.mails] == [f"<{run.id}@northlight.example>"]


@pytest.mark.parametrize("mood", ["knows nobody", "dislikes it"])
def test_a_refused_mail_has_failed(office: Office, mail_server: MailServer, mood: str) -> None:
    office.mail_channel(mail_server)
    mail_server.box.mood = mood

    run = office.send(channel="mail", to=ZOE, message="x")

    assert (run.state, run.told) == (runs.FAILED, False)
    assert "refused" in run.content["text"]


def test_a_mail_of_which_nobody_knows_is_never_repeated(
    office: Office, mail_server: MailServer, service: Service
) -> None:
    office.mail_channel(mail_server)
    office.channel("chat", f"json://127.0.0.1:{service.port}/in")
    mail_server.box.mood = "hangs up"

    run = office.send(channel="mail,chat", to=ZOE, message="x")

    assert (run.state, run.told) == (runs.UNKNOWN, True)
    assert service.received == []


def test_a_mail_server_that_falls_silent_leaves_it_open(
    office: Office, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.2)
    office.mail_channel(mail_server)
    mail_server.box.mood = "falls silent"

    run = office.send(channel="mail", to=ZOE, message="x")

    assert (run.state, run.told) == (runs.UNKNOWN, True)


def test_a_mail_server_that_takes_too_long_before_the_text_is_tried_again(
    office: Office, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "ALTOGETHER", 0.2)
    office.mail_channel(mail_server)
    mail_server.box.mood = "is slow"

    run = office.carry_out(
        office.ask(SEND, channel="mail", to=ZOE, message="x"), until=lambda found: found.attempts > 0
    )

    assert (run.state, run.told) == (runs.QUEUED, False)


def test_an_sms_was_taken_though_the_answer_breaks_off(office: Office, service: Service) -> None:
    service.status, service.breaks_off = 201, True
    office.twilio_at(service)
    office.channel("sms", TWILIO)

    run = office.send(channel="sms", to="+33612345678", message="x")

    assert run.state == runs.SUCCEEDED
    assert len(service.received) == 1


@pytest.mark.parametrize(
    ("status", "hangs_up", "breaks_off"),
    [(500, True, False), (500, False, False), (299, False, True)],
    ids=["no answer", "a failure", "a success that the plugin cannot read, since it breaks off"],
)
def test_an_sms_of_which_nobody_knows_is_never_repeated(
    office: Office, service: Service, status: int, hangs_up: bool, breaks_off: bool
) -> None:
    service.status, service.hangs_up, service.breaks_off = status, hangs_up, breaks_off
    office.twilio_at(service)
    office.channel("sms", TWILIO)

    run = office.send(channel="sms", to="+33612345678", message="x")

    assert run.state == runs.UNKNOWN
    assert len(service.received) == 1


def test_what_was_being_sent_when_a_worker_died_is_not_sent_again(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    run = office.ask(SEND, channel="mail", to=ZOE, message="x")
    with office.database.write() as connection:
        (taken,) = runs.take(connection, office.vault, run.created_at, run.created_at + 1, 1, "wrk_1")
        runs.hold(connection, taken, run.created_at + 2, told=True)

    done = office.carry_out(run)

    assert done.state == runs.UNKNOWN
    assert mail_server.box.mails == []


def test_a_service_that_takes_no_more_now_is_asked_later(office: Office, service: Service) -> None:
    service.status, service.headers = 429, {"Retry-After": "0"}
    office.twilio_at(service)
    office.channel("sms", TWILIO)

    run = office.ask(SEND, channel="sms", to="+33612345678", message="x")
    waiting = office.carry_out(run, until=lambda found: found.attempts == 1)

    assert waiting.state == runs.QUEUED
    assert not waiting.told


@LOGIN_WITHOUT_TLS
def test_a_wrong_password_is_said_without_it(office: Office) -> None:
    server = MailServer(login=True)
    url = f"mailto://relay:wrong-horse@127.0.0.1:{server.port}/?smtp=127.0.0.1&from=a@b.example"
    office.channel("mail", url)

    run = office.send(channel="mail", to=ZOE, message="x")
    server.close()

    assert run.content["code"] == "credentials_refused"
    assert "horse" not in run.content["text"]


@LOGIN_WITHOUT_TLS
def test_a_login_is_used(office: Office) -> None:
    server = MailServer(login=True)
    url = f"mailto://relay:correct-horse@127.0.0.1:{server.port}/?smtp=127.0.0.1&from=a@b.example"
    office.channel("mail", url)

    run = office.send(channel="mail", to=ZOE, message="x")
    server.close()

    assert run.state == runs.SUCCEEDED


def test_a_template_tells_only_of_what_it_is_for(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)
    event = office.event("payment.failed")

    run = office.send(channel="mail", to=ZOE, template="payment_confirmed", event_id=event)

    assert (run.state, run.content["code"]) == (runs.FAILED, "wrong_event")
    assert mail_server.box.mails == []


def test_channels_and_events_of_others_are_not_there(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server)

    no_channel = office.send(channel="phone", message="x")
    no_event = office.send(channel="mail", to=ZOE, template="incident", event_id="evt_other")
    no_words = office.send(channel="mail", to=ZOE)

    assert [each.content["text"] for each in (no_channel, no_event, no_words)] == [
        "There is no channel 'phone': the operator sets them up.",
        "There is no event 'evt_other' in this workspace.",
        "template or message is required: the message is empty.",
    ]


def test_an_address_is_no_channel(office: Office) -> None:
    run = office.send(channel=TWILIO, to="+33612345678", message="x")

    assert run.state == runs.FAILED
    assert "There is no channel" in run.content["text"]


def test_a_subject_and_a_note_of_ones_own_go_with_a_template(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, signature="Northlight")

    office.send(channel="mail", to=ZOE, template="restored", subject="All is well", message="Sorry for the wait.")

    (received,) = mail_server.box.mails
    assert str(received["Subject"]) == "All is well"
    assert words(received).endswith("Sorry for the wait.\n\nNorthlight")


def test_a_mail_whose_headers_would_break_is_not_written() -> None:
    class Plugin:
        from_addr, targets, cc, reply_to, app_id = (None, "a@b.example"), [(None, ZOE)], (), (), "Relay"

    with pytest.raises(Failed):
        mail.written(Plugin(), mail.Mail("one\ntwo", "x", "run_1"))


def test_no_more_channels_are_named_than_there_is_time_for(office: Office) -> None:
    run = office.send(channel=",".join("abcdef"), message="x")

    assert run.content["text"] == f"channel must name one to {notification.MOST_CHANNELS} channels, between commas."


def test_no_token_is_in_what_became_of_it(office: Office, service: Service) -> None:
    service.status, service.answer = 400, f'{{"message": "no account with {TOKEN}"}}'.encode()
    office.twilio_at(service)
    office.channel("sms", TWILIO)

    run = office.send(channel="sms", to="+33612345678", message="x")

    assert run.content["text"] == "sms: Twilio refused the message (status 400): no account with •••"


def test_a_dry_run_shows_the_words_and_sends_nothing(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, signature="Northlight")

    shown = office.desk("tests").dry_run(SEND, {"channel": "mail", "to": ZOE, "template": "restored"})
    wrong = office.desk("tests").dry_run(SEND, {"channel": "mail", "template": "restored"})

    assert shown["would_send"] == [
        {
            "channel": "mail",
            "service": "E-Mail",
            "to": ZOE,
            "not_before": None,
            "subject": "Your hosting is back",
            "text": (
                "Hello,\n\nYour hosting was restored.\n\n"
                "Your website and mailboxes may take a few minutes to answer everywhere. "
                "Thank you for your patience.\n\nNorthlight"
            ),
        }
    ]
    assert (wrong["would_send"], wrong["message"]) == ([], "to is required: this channel sends to a single recipient.")
    assert mail_server.box.mails == []
