"""What is sealed, and with which keys."""

from collections.abc import Iterator

from relay.areas.findings import BROKEN, LOOK, Finding, OfStored, Stored
from relay.storage import resealing, sealed


def shut(stored: Stored) -> Iterator[Finding]:
    """What was sealed with a key that is not there. Where nothing opens it is the wrong key altogether."""
    found, opening = sealed.shut(stored.connection, stored.vault)
    behind = "put the key it was sealed with behind the current one in RELAY_SECRET_KEY, separated by a comma"
    if found and not opening:
        what = f"none of {len(found)} stored secrets opens: this is another database's key"
        yield Finding(BROKEN, "secret key", what, f"{behind}, or restore secret.key")
        return
    for each in found:
        lost = {
            "hook": "its events wait, and no delivery is sent",
            "source": "its webhooks are answered 503",
            "channel": "no message can be sent over it",
        }
        again = f"; if it is lost: relay {each.kind} remove {each.name}, and add it again"
        yield Finding(BROKEN, f"{each.kind} {each.name}", f"does not open: {lost[each.kind]}", behind + again)


def old_keys(stored: Stored) -> Iterator[Finding]:
    if len(stored.config.secret_keys) > 1:
        needed = sum(each.count for each in resealing.left(stored.connection, stored.vault))
        if needed:
            yield Finding(LOOK, "secret keys", f"{needed} values need the older ones", "relay vault rotate")
        else:
            remedy = "leave only the first in RELAY_SECRET_KEY, and restart"
            yield Finding(LOOK, "secret keys", "nothing needs the older ones any more", remedy)


FINDINGS = (OfStored(shut), OfStored(old_keys))
