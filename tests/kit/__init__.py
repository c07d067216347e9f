"""What the tests with real processes share: relays, senders, subscribers, PostgreSQL and Redis, all on loopback.

Deadlines here are generous and none is a statement about speed: they only keep a failing test from hanging.
"""
