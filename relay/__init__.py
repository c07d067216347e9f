"""The relay: webhooks of a hosting business, proved, kept, said in one vocabulary and delivered."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from relay.config import Config

__version__ = "0.1.0"


def create_app(config: "Config | None" = None) -> "Flask":
    """The web application. Without a config it reads the environment."""
    from relay.config import Config
    from relay.web.app import build_app

    return build_app(config or Config.load())
