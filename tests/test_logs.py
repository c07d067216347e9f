"""What is logged."""

import subprocess
import sys

from relay.logs import _without_credentials


def test_an_address_in_a_line_has_no_credentials() -> None:
    line = {"event": "refused", "why": "https://u:p@host/?token=t cannot be reached", "tries": 3}

    assert _without_credentials(None, "info", line) == line | {"why": "https://host/?token=[removed] cannot be reached"}


def test_a_line_goes_where_standard_error_is_when_it_is_written() -> None:
    script = (
        "import io, sys, structlog; from relay import logs; logs.set_up('info'); log = structlog.get_logger();"
        "log.info('before'); sys.stderr = new = io.StringIO(); log.info('after'); print(new.getvalue().count('after'))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr.count("before"), done.stderr.count("after")) == ("1\n", 1, 0)
