"""The routes that are worth trying one by one: every action is a route, and all of them are the same code."""

from relay.web.app import ROUTES

_ACTIONS = ("/actions/alert.raise", "/actions/payment.refund", "/actions/service.suspend")

DISTINCT = [route for route in ROUTES if not route.keeps_key or route.path in _ACTIONS]
