"""What is logged."""

import subprocess
import sys

from relay.logs import _short, _without_credentials


def test_an_address_in_a_line_has_no_credentials() -> None:
    line = {"event": "refused", "why": "https://u:p@host/?token=t cannot be reached", "tries": 3}

    assert _without_credentials(None, "info", line) == line | {"why": "https://host/?token=[removed] cannot be reached"}


def test_a_terminal_shows_how_many_there_were_and_not_all_of_them() -> None:
    one, many = {"event": "committed", "count": 1, "events": ("evt_1",)}, {"event": "committed", "count": 2}

    assert _short(None, "info", dict(one)) == one
    assert _short(None, "info", many | {"events": ("evt_1", "evt_2")}) == many


def test_ids_are_written_as_they_are_and_anything_else_without_credentials() -> None:
    line = {"event": "x", "webhooks": ({"inbound": "in_1"},), "why": ["https://u:p@host/"]}

    assert _without_credentials(None, "info", line) == line | {"why": ["https://host/"]}


def test_a_line_goes_where_standard_error_is_when_it_is_written() -> None:
    script = (
        "import io, sys, structlog; from relay import logs; logs.set_up('info'); log = structlog.get_logger();"
        "log.info('before'); sys.stderr = new = io.StringIO(); log.info('after'); print(new.getvalue().count('after'))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr.count("before"), done.stderr.count("after")) == ("1\n", 1, 0)
