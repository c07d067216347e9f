"""The bench of the action tests, with channels, events, and messages that are asked for."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from actions.bench import Bench
from notify.post_office import MailServer, Service
from relay.actions.policy import NEVER
from relay.catalogue.vocabulary import catalogue
from relay.formats import jsontext
from relay.model import Event
from relay.notify import channel_urls, channels
from relay.storage import events, runs
from relay.storage.channels import Channel
from relay.storage.runs import Policy, Run
from relay.storage.tables import action_policies

SEND = "notification.send"
TOKEN = "0123456789abcdef0123456789abcdef"
SID = "AC0123456789abcdef0123456789abcdef"
TWILIO = f"twilio://{SID}:{TOKEN}@+33900000000"


class Office(Bench):
    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, {}, monkeypatch)
        self._monkeypatch = monkeypatch
        self.decide(NEVER)

    def decide(self, mode: str | None) -> None:
        """What the workspace decided on messages; None takes it back."""
        with self.database.write() as connection:
            if mode is None:
                connection.execute(delete(action_policies))
            else:
                runs.set_policy(connection, self.workspace_id, Policy(SEND, mode))

    def channel(self, name: str, url: str, **settings: Any) -> Channel:
        return channels.add(self.working_in(), Channel(self.workspace_id, name, url, **settings))

    def mail_channel(self, server: MailServer, name: str = "mail", **settings: Any) -> Channel:
        url = f"mailto://127.0.0.1:{server.port}/?smtp=127.0.0.1&from=billing@northlight.example&name=Northlight"
        return self.channel(name, url, **settings)

    def twilio_at(self, service: Service) -> None:
        """Have Twilio be on this machine."""
        plugin = channel_urls._plugin_class("twilio", "twilio")
        self._monkeypatch.setattr(plugin, "notify_sms_url", service.url + "/Accounts/{sid}/Messages.json")

    def event(self, event_type: str, number: int = 1, **changes: Any) -> str:
        """Store the example of an event type; answers its id."""
        envelope = catalogue().sample(catalogue().types[event_type]) | {"id": f"evt_{number}", "sequence": number}
        envelope |= changes
        body = jsontext.dumps(envelope)
        made = Event(envelope["id"], event_type, number, None, None, envelope, body)
        with self.database.write() as connection:
            events.store(connection, {number: self.workspace_id}, [(number, 0, made)])
        return str(envelope["id"])

    def send(self, idempotency: str | None = None, **given: Any) -> Run:
        """Ask for a message, and see what became of it."""
        return self.carry_out(self.ask(SEND, idempotency, **given))
