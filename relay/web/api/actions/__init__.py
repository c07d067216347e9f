"""Actions: `/actions`, `/action-runs` and `/action-policies`."""

from relay.areas.resources import PathParameter, Resource, Sandbox
from relay.web.api.actions import calls, policies, runs


def example_of(sandbox: Sandbox) -> dict[str, str]:
    """A run that waits for a person, whom another key than `admin` has asked."""
    sandbox.call("POST", "/action-policies", {"action": "alert.raise", "mode": "always"})
    alert = {"key": "disk:web03", "title": "Disk is full"}
    run_id = sandbox.call("POST", "/actions/alert.raise", alert, scope="actions:run")["id"]
    return {"run_id": run_id, "fingerprint": sandbox.call("GET", f"/action-runs/{run_id}")["fingerprint"]}


RESOURCE = Resource(
    "Actions",
    "What the relay does for you at gateways, panels and desks, and who has to approve it.",
    place=85,
    routes=(*calls.ROUTES, *runs.ROUTES, *policies.ROUTES),
    schemas={**calls.SCHEMAS, **runs.SCHEMAS, **policies.SCHEMAS},
    example_of=example_of,
    path_parameters={"run_id": PathParameter("The run's id.", runs.EXAMPLE_ID)},
)
