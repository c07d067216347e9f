"""The routes that are worth trying one by one: every action is a route, and all of them are the same code."""

from relay.areas.resources import all_routes

_ACTIONS = ("/actions/alert.raise", "/actions/payment.refund", "/actions/service.suspend")

DISTINCT = [route for route in all_routes() if not route.keeps_key or route.path in _ACTIONS]
