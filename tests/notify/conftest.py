"""A relay with channels to a mail server, an SMS service and chats that are all on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from notify.office import Office
from notify.post_office import MailServer, Service


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path, monkeypatch)
    yield made
    made.close()
