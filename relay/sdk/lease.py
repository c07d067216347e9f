"""What a run is held by while something is done for it."""


class Lease:
    """Told of what leaves the relay, so that a worker that dies leaves behind whether anything was sent.

    This one writes nothing down: it is for what nobody holds, such as a dry run. A run's is in `relay.actions.lease`.
    """

    def extend(self) -> None:
        """Called before something that takes long and changes nothing yet."""

    def before_change(self) -> None:
        """Called before each request that changes something: from then on the outcome may be unknown."""

    def not_taken(self) -> None:
        """Called when such a request certainly was not taken."""
