"""The only place that knows SQL. Each module holds the queries of one table; callers bring the transaction."""

from sqlalchemy import Connection

from relay.storage.database import Database

__all__ = ["Connection", "Database"]
