"""Who asked for a run: a program, by an API key; or the command line, or the relay itself."""

_KEY = "key_"


def asked_by_program(actor: str) -> bool:
    """Whether an API key asked."""
    return actor.startswith(_KEY)
