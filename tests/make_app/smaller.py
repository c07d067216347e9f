"""The derived app with few modules, for what is the same for every module."""

import json
import shutil
from pathlib import Path

from relay.develop.make_app.app import MANIFEST

GROUPS = "modules/groups.json"
FEW = (
    *("watchAlerts", "watchInvoices", "pollAlerts", "searchAlerts", "searchDomains", "searchEvents"),
    *("searchPaymentMethods", "getEvent", "replayEvent", "createTestEvent", "createInvoice", "voidInvoice"),
    *("refundPayment", "makeApiCall"),
)
"""Some of each kind, and those that tests name."""


def smaller(app: Path) -> Path:
    """Takes the other modules out of a copy of the app."""
    manifest, groups = json.loads((app / MANIFEST).read_text()), json.loads((app / GROUPS).read_text())
    modules = manifest["components"]["module"]
    for own_id in modules.keys() - FEW:
        shutil.rmtree((app / next(iter(modules.pop(own_id)["codeFiles"].values()))).parent)
    for group in groups:
        group["modules"] = [own_id for own_id in group["modules"] if own_id in FEW]
    (app / MANIFEST).write_text(json.dumps(manifest))
    (app / GROUPS).write_text(json.dumps([group for group in groups if group["modules"]]))
    return app
