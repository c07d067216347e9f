"""Who is meant by an address or a number, however it is written: what is counted is counted for a person."""

import re

from relay.notify.channel_urls import MAIL, SMS

_NO_DIGIT = re.compile(r"[^0-9]")


def person(kind: str, to: str) -> str:
    """The same for all addresses of one mailbox, and for all ways to write one number."""
    if kind == MAIL:
        return mailboxes(to)[-1]
    if kind == SMS:
        return "+" + _NO_DIGIT.sub("", to).removeprefix("00")
    return to.strip().lower()


def mailboxes(to: str) -> list[str]:
    """An address in lower case, and without what stands behind a `+` before the `@`, where something does."""
    whole = to.strip().lower()
    local, _, domain = whole.rpartition("@")
    plain, _, tag = local.partition("+")
    return [whole, f"{plain}@{domain}"] if plain and tag else [whole]
