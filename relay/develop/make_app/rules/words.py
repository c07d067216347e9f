"""Labels, descriptions and hints, as Make's reviewers want them.

https://developers.make.com/custom-apps-documentation/best-practices/names-labels-and-descriptions
"""

import re
from collections.abc import Iterator

from relay.develop.make_app import iml
from relay.develop.make_app.app import MANIFEST, App, Component
from relay.develop.make_app.rules.reading import Fault, inputs

_NAMES = iml.words("API DNS HTTP ID IDs IP JSON Make SMS SSL TLS TLD URL URLs UTC VAT ISO HTML Relay")
"""Words that keep their capitals."""

_ARTICLES = frozenset(("a", "an", "the"))
_KIND_OF_CONNECTION = re.compile(r".+ \((?:API key|OAuth|OAuth 2\.0|Basic auth|Bearer token)\)")
_SUFFIX = re.compile(r"\s*\(([^)]*)\)$")
_BEGINNINGS = {
    "trigger": ("Triggers when ",),
    "instant_trigger": ("Triggers when ",),
    "search": ("Returns a list of ", "Searches "),
    "universal": ("Performs an arbitrary authorized API call.",),
    "create": ("Creates ",),
    "update": ("Updates ",),
    "read": ("Returns information about a specific ",),
}
_LONGEST_LABEL = 3
_BRITISH = re.compile(
    r"\b(?:\w*(?:colour|favour|behaviour|labour|neighbour|honour)\w*|cancell(?:ed|ing)|travell\w+|labell\w+"
    r"|catalogu\w*|centre\w*|licence\w*|cheque\w*|grey|programme\w*|enrol|fulfil"
    r"|(?:organ|author|real|recogn|summar|normal|final|custom|synchron|minim|maxim)is(?:e|ed|es|ing|ation)s?)\b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"\b(?:such as|for example,?|e\.g\.,?|like)\s+(?!`|an? |the |by |in |from |to |of )([^`\s]\S*)")
_DATE = re.compile(r"\bdate\b", re.IGNORECASE)
_FORMAT = re.compile(r"\b(?:Y{4}|ISO 8601|\d{4}-\d{2})")


def connection_label(app: App) -> Iterator[Fault]:
    for each in app.of("connection"):
        if not _KIND_OF_CONNECTION.fullmatch(each.label):
            yield Fault(MANIFEST, f"{each.place}.label", "Name the kind at its end, such as (API key).")


def label_case(app: App) -> Iterator[Fault]:
    """Labels of components, groups and fields are in sentence case; what is in brackets is in lower case."""
    for each in app.components:
        if not sentence_case(each.label):
            yield Fault(MANIFEST, f"{each.place}.label", "Put it in sentence case: one capital, and names.")
    groups = app.general.get("groups")
    for group in groups.fields if groups else ():
        if groups and not sentence_case(str(group.get("label", ""))):
            yield Fault(groups.path, str(group.get("label")), "Put it in sentence case: one capital, and names.")
    for _, code, place, field in inputs(app):
        if not sentence_case(str(field.get("label", "")) or "Missing"):
            yield Fault(code.path, f"{place}.label", "Put it in sentence case: one capital, and names.")


def sentence_case(label: str) -> bool:
    """Whether only the first word and names have capitals."""
    suffix = _SUFFIX.search(label)
    first, *rest = _SUFFIX.sub("", label).split() or [""]
    if not first[:1].isupper() or not (first in _NAMES or _small(first[1:])):
        return False
    return all(map(_small, rest)) and (suffix is None or all(map(_small, suffix[1].split())))


def _small(word: str) -> bool:
    return word in _NAMES or word == word.lower()


def module_label(app: App) -> Iterator[Fault]:
    """The first word says what a module does, and fits its kind; what it does it to has its article."""
    for each in app.of("module"):
        wanted = _wanted_label(each)
        if wanted:
            yield Fault(MANIFEST, f"{each.place}.label", wanted)


def _wanted_label(module: Component) -> str | None:
    verb, *rest = module.label.split() or [""]
    if module.kind in ("trigger", "instant_trigger"):
        return None if verb == "Watch" and rest else "Begin it with Watch."
    if module.kind == "universal":
        return None if module.label == "Make an API call" else "Call it Make an API call."
    if module.kind == "search":
        filters = [each for each in module.fields("mappableParams") if each.get("name") != "limit"]
        wanted = "Search" if filters else "List"
        return None if verb == wanted and rest else f"Begin it with {wanted}: it has {len(filters)} filters."
    crud = str(module.entry.get("actionCrud"))
    named = {"Get": "read", "Create": "create", "Update": "update", "Delete": "delete"}.get(verb)
    if crud == "read" and verb != "Get":
        return "Begin it with Get."
    if named is not None and named != crud:
        return f"{verb} is not what actionCrud says, {crud}: change one of them."
    if not _ARTICLES & set(rest[:2]):
        return "Put an article before what it is about: Create a client."
    return None


def module_description(app: App) -> Iterator[Fault]:
    """One or two sentences in the third person, which begin as those of the kind do."""
    for each in app.of("module"):
        text = str(each.entry.get("description") or "")
        kind = str(each.entry.get("actionCrud")) if each.kind == "action" else each.kind
        begin = _BEGINNINGS.get(kind, ())
        first = text.split(" ")[0]
        place = f"{each.place}.description"
        if begin and not text.startswith(begin):
            yield Fault(MANIFEST, place, f"Begin it with {begin[0].strip()!r}.")
        elif not first.endswith("s") or not text.endswith("."):
            yield Fault(MANIFEST, place, "Say in the third person what it does, with a full stop.")
        elif kind == "read" and " by its " not in text:
            yield Fault(MANIFEST, place, "Say by what it is found: by its ID.")


def input_label(app: App) -> Iterator[Fault]:
    """Labels of fields are one to three words, without article or punctuation, and say ID where one is wanted."""
    for _, code, place, field in inputs(app):
        label, name = str(field.get("label") or ""), str(field.get("name") or "")
        if field.get("type") == "banner":
            continue
        words = label.split()
        if not 1 <= len(words) <= _LONGEST_LABEL:
            yield Fault(code.path, f"{place}.label", "Say it in one to three words.")
        elif _ARTICLES & {word.lower() for word in words} or re.search(r"[.,:;!?]", label):
            yield Fault(code.path, f"{place}.label", "Leave out articles and punctuation.")
        elif re.search(r"(?:[a-z]Id|_id)$", name) and "ID" not in words:
            yield Fault(code.path, f"{place}.label", "Say that it is an ID.")


def input_help(app: App) -> Iterator[Fault]:
    """Every field has a hint of whole sentences: people read it, and agents fill the field by it."""
    for _, code, place, field in inputs(app):
        hint = str(field.get("help") or "")
        if not hint:
            yield Fault(code.path, f"{place}.help", "Add a hint.")
        elif not hint.rstrip().endswith("."):
            yield Fault(code.path, f"{place}.help", "End it with a full stop.")
        elif _EXAMPLE.search(hint):
            yield Fault(code.path, f"{place}.help", "Put the example in backticks.")


def date_format(app: App) -> Iterator[Fault]:
    """A date without a time is a text, with a hint how it is written."""
    for _, code, place, field in inputs(app):
        words = f"{field.get('label') or ''} {str(field.get('name') or '').replace('_', ' ')}"
        if field.get("type") == "text" and _DATE.search(words) and not _FORMAT.search(str(field.get("help"))):
            yield Fault(code.path, f"{place}.help", "Say how it is written: YYYY-MM-DD.")


def us_english(app: App) -> Iterator[Fault]:
    said = [(MANIFEST, f"{each.place}.label", each.label) for each in app.components]
    said += [
        (MANIFEST, f"{each.place}.description", str(each.entry.get("description") or "")) for each in app.components
    ]
    for _, code, place, field in inputs(app):
        said += [(code.path, f"{place}.{key}", str(field.get(key) or "")) for key in ("label", "help")]
    for file, place, text in said:
        found = _BRITISH.search(text)
        if found:
            yield Fault(file, place, f"Spell {found[0]!r} as in the United States.")
