"""Actions: `/actions`, `/action-runs` and `/action-policies`."""

from relay.areas.resources import PathParameter, Resource
from relay.web.api.actions import calls, policies, runs

RESOURCE = Resource(
    "Actions",
    "What the relay does for you at gateways, panels and desks, and who has to approve it.",
    place=85,
    routes=(*calls.ROUTES, *runs.ROUTES, *policies.ROUTES),
    schemas={**calls.SCHEMAS, **runs.SCHEMAS, **policies.SCHEMAS},
    path_parameters={"run_id": PathParameter("The run's id.", runs.EXAMPLE_ID)},
)
