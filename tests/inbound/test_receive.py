"""The first stage, where the database makes it wait."""

import time
from pathlib import Path

import pytest

from kit.workbench import Workbench, sqlite_url
from relay.errors import StorageUnavailable
from relay.inbound import receive
from relay.inbound.receive import Receiver
from relay.model import Inbound
from relay.providers import get
from relay.security.verification import Credentials


def test_a_sender_is_answered_in_time_and_its_repeat_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "STORED_WITHIN_SECONDS", 0.1)
    scheme = get("standard").verification
    with Workbench(sqlite_url(tmp_path)) as bench:
        source = bench.source()
        receiver = Receiver(bench.database, bench.vault, lambda: None)
        said = Inbound(b'{"type": "case.happened", "data": {}}', {"content-type": "application/json"})
        webhook = scheme.sign(said, Credentials((source.secrets[0].value,), {}), time.time())

        with bench.database.write(), pytest.raises(StorageUnavailable) as refused:
            receiver.accept(source, webhook)
        monkeypatch.setattr(receiver._batcher, "_patience", 60)
        again = receiver.accept(source, webhook)
        receiver.close()

    assert (refused.value.status, refused.value.message) == (503, "The database does not answer. Send it again.")
    assert again.repeat
