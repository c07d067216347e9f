"""Garbage collection for processes that serve: less often, and without what was loaded at the start."""

import gc

_YOUNGEST, _MIDDLE, _OLDEST = 20_000, 20, 50


def collect_less() -> None:
    """Call once everything is loaded. Measured: about 5 % of the time of a busy web process."""
    keep_what_is_loaded()
    gc.set_threshold(_YOUNGEST, _MIDDLE, _OLDEST)


def keep_what_is_loaded() -> None:
    """What is there by now is looked at no more, so that its memory stays shared with copies of this process."""
    gc.collect()
    gc.freeze()
