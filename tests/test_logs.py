"""What is logged."""

from relay.logs import _without_credentials


def test_an_address_in_a_line_has_no_credentials() -> None:
    line = {"event": "refused", "why": "https://u:p@host/?token=t cannot be reached", "tries": 3}

    assert _without_credentials(None, "info", line) == line | {"why": "https://host/?token=[removed] cannot be reached"}
