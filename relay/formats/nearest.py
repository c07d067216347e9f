"""What somebody probably meant who wrote a word that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, however either is cased; None if nothing is much like it."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(word.lower()[:100], by_lower, n=1, cutoff=_ALIKE)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence to put behind a refusal, with the blank before it; empty if nothing is much like the word."""
    found = nearest(word, known)
    return f" Did you mean {found}?" if found else ""
