"""StatusCake: tests that are up or down, as form data. Its token is the same for ever, so that it proves nothing here.

What it posts: https://www.statuscake.com/kb/knowledge-base/how-to-use-the-web-hook-url/
"""

from collections.abc import Callable

from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, TOLD_ON_CHANGE, On, Provider, by_arrival
from relay.security.verification import SharedToken


def event_name(inbound: Inbound) -> str | None:
    status = scalar(an_object(inbound.payload).get("Status"))
    return f"Status {status.capitalize()}" if status else None


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        name, url = scalar(payload.get("Name")), scalar(payload.get("URL"))
        # Webhooks of its older kinds have no TestID.
        key, code = scalar(payload.get("TestID")) or name, scalar(payload.get("StatusCode"))
        return {
            "monitor": monitor(key, name, url=url),
            "alert": alert(
                key,
                name or url,
                status,
                message=f"HTTP {code}" if code and code != "0" else None,
                resource=scalar(payload.get("IP")) or url,
            ),
        }

    return read


PROVIDER = Provider(
    name="statuscake",
    label="StatusCake",
    kind="monitor",
    homepage="https://www.statuscake.com",
    verification=SharedToken(),
    body=ANY,
    event_name=event_name,
    event_id=by_arrival,
    events={
        "Status Down": On("monitor.down", watched(FIRING)),
        "Status Up": On("monitor.up", watched(RESOLVED)),
    },
    alerts=TOLD_ON_CHANGE,
    secret="ours",
)
