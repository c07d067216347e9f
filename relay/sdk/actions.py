"""What a provider's `actions.py` is made of.

    ACTIONS = {"service.suspend": Adapter(suspend, repeatable=True, needs=("api_url", "api_token"))}

Each function gets a `Task` and answers `Done`, or raises one of the outcomes. It reads before it writes: what is so
already is done, and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from relay.formats.money import Money
from relay.sdk.client import Vendor
from relay.sdk.outcomes import Done


@dataclass(frozen=True, slots=True)
class Task:
    """One run as an adapter sees it. `key` is the same at each try: a vendor that knows idempotency keys gets it.

    `asked_at` (aware) is when it was asked for: what a look-up finds that is older is another's doing. `judge` is told
    what money will be moved, once it was read and before anything is told to the vendor; it raises `NeedsPerson` where
    somebody has to approve that first.
    """

    input: Mapping[str, Any]
    settings: Mapping[str, Any] = field(repr=False)
    vendor: Vendor
    key: str
    asked_at: datetime
    judge: Callable[[Money], None] = lambda _: None


Function = Callable[[Task], Done]
LookUp = Callable[[Task], Done | None]


@dataclass(frozen=True, slots=True)
class Adapter:
    """How a provider does an action. `needs` are the source's settings that it cannot do without.

    `repeatable` promises that doing it again changes nothing more, by reading first or by a key that the vendor keeps:
    then an unknown outcome is found out by doing it again. Else `look_up_outcome` looks it up: it answers `Done`, or
    None if it certainly was not done. Without either, an unknown outcome stays one, and a person is told.

    Where the promise rests on a key, `kept` is how long the vendor keeps it at least: later, it is not done again.
    """

    run: Function
    look_up_outcome: LookUp | None = None
    repeatable: bool = False
    kept: timedelta | None = None
    needs: tuple[str, ...] = ()
