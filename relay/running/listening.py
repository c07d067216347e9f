"""Where a server of ours listens, and where it is reached."""


def in_address(host: str) -> str:
    """A host as it is written in an address."""
    return f"[{host.strip('[]')}]" if ":" in host else host


def reached_at(host: str) -> str:
    """Where this machine reaches what listens at `host`, as it is written in an address."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(found := in_address(host), found)  # noqa: S104
