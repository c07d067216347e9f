"""What a message says: a template filled from an event, or words of the caller's own.

A template is a file for each message and language, in Jinja, with three parts: `subject` (the first of its lines that
can be said), `short` (for SMS) and `text`. Each line is a sentence, and a sentence in which a value is missing is left
out; a blank line begins a paragraph.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChainableUndefined, FunctionLoader, Template
from jinja2.sandbox import SandboxedEnvironment

from relay.catalogue.vocabulary import says
from relay.notify import localized
from relay.sdk.outcomes import Failed

FOLDER = Path(__file__).parent / "templates"
LONGEST_SUBJECT = 200
_MISSING, _LINE = "\0", "\1"
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_DOUBLED = re.compile(r"([.!?])\.$")
_FOR_SMS = str.maketrans(
    {localized.NARROW: " ", localized.FIXED: " ", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}
)

TEMPLATES: Mapping[str, tuple[str, ...] | None] = {
    "renewal_reminder": (
        "subscription.renewal_upcoming",
        "subscription.trial_ending",
        "domain.expiring",
        "invoice.due_soon",
    ),
    "payment_confirmed": ("payment.succeeded", "invoice.paid", "order.paid", "subscription.renewed"),
    "payment_failed": (
        "payment.failed",
        "payment.retry_scheduled",
        "invoice.payment_failed",
        "subscription.past_due",
        "subscription.renewal_failed",
    ),
    "card_expiring": ("payment_method.expiring",),
    "invoice": ("invoice.created", "invoice.finalized", "invoice.sent", "invoice.due_soon", "invoice.overdue"),
    "suspended": ("service.suspended",),
    "restored": ("service.unsuspended",),
    "incident": None,
}
"""The ready messages, and of which events each may tell: no failure as a confirmation. An incident may be anything."""


@dataclass(frozen=True, slots=True)
class Message:
    """`short` is what an SMS says. `severity` is the event's, if it tells of one."""

    subject: str
    short: str
    text: str
    severity: str = "info"


def own(subject: str | None, text: str) -> Message:
    """A message in the caller's words."""
    line = _one_line(subject) if subject else ""
    first = line or _cut(text.strip().splitlines()[0])
    return Message(first, f"{line}: {text.strip()}" if line else text.strip(), text.strip())


def filled(
    template: str,
    language: str,
    envelope: Mapping[str, Any] | None,
    *,
    zone: str = "UTC",
    signature: str | None = None,
    subject: str | None = None,
    note: str | None = None,
) -> Message:
    """A ready message. `subject` takes the place of its own, `note` is one paragraph more.

    Raises `Failed` if the template does not tell of such an event.
    """
    if template not in TEMPLATES:
        raise Failed(f"There is no template {template[:64]!r}. There are: {', '.join(TEMPLATES)}.")
    told = TEMPLATES[template]
    if envelope is not None and told is not None and envelope["type"] not in told:
        raise Failed(
            f"Template {template} is for {', '.join(told)}; the event is {envelope['type']}.", code="wrong_event"
        )
    values = _values(envelope) | {"signature": signature}
    parts = {name: _said(_template(template, language, zone), name, values) for name in ("subject", "short", "text")}
    typeset = localized.language_of(language).typeset
    parts = {name: [[typeset(each) for each in some] for some in part] for name, part in parts.items()}
    lines = [line for paragraph in parts["subject"] for line in paragraph]
    paragraphs = [_paragraph(each) for each in parts["text"]]
    if note:
        place = len(paragraphs) - 1 if signature and paragraphs else len(paragraphs)
        paragraphs.insert(place, note.strip())
    return Message(
        subject=_one_line(subject) if subject else _cut(lines[0].removesuffix(".")),
        short=" ".join(_paragraph(each) for each in parts["short"]).translate(_FOR_SMS),
        text="\n\n".join(paragraphs),
        severity=(envelope or {}).get("severity") or "info",
    )


class _Absent(ChainableUndefined):
    """A value that is not there, however deep it was looked for: it marks its sentence."""

    def __str__(self) -> str:
        return _MISSING


def _shown(value: Any) -> str:
    """A value in a sentence: never more than a line, so that nothing in an event makes sentences or headers."""
    if value is None or isinstance(value, _Absent):
        return _MISSING
    return _BREAKS.sub(" ", str(value)).strip() or _MISSING


def _source(name: str) -> str:
    """A template's text, each line that holds something marked: one that comes to nothing begins no paragraph."""
    lines = (FOLDER / name).read_text().splitlines()
    return "\n".join(line + _LINE if line.strip() and "block " not in line[:10] else line for line in lines)


@cache
def _environment(language: str, zone: str) -> SandboxedEnvironment:
    made = SandboxedEnvironment(
        loader=FunctionLoader(_source),
        undefined=_Absent,
        finalize=_shown,
        # Plain text: what is written is what is read.
        autoescape=False,
    )
    at = ZoneInfo(zone)
    made.filters["money"] = lambda entity, field="amount": _money(entity, field, language)
    made.filters["day"] = partial(localized.day, language=language, zone=at)
    made.filters["time"] = partial(localized.time, language=language, zone=at)
    made.filters["duration"] = partial(localized.duration, language=language)
    made.filters["month"] = lambda card: _month(card, language)
    made.filters["brand"] = _brand
    made.filters["named"] = _named
    return made


def _template(name: str, language: str, zone: str) -> Template:
    return _environment(language, zone).get_template(f"{name}.{language}.txt")


def _money(entity: Any, field: str, language: str) -> str:
    if not isinstance(entity, Mapping):
        return ""
    return localized.money(entity.get(field), entity.get("currency"), language)


def _month(card: Any, language: str) -> str:
    return localized.month(card.get("exp_year"), card.get("exp_month"), language) if isinstance(card, Mapping) else ""


def _brand(name: Any) -> str:
    """`visa` as it is printed on a card."""
    if not isinstance(name, str):
        return ""
    return {"amex": "American Express", "mastercard": "Mastercard"}.get(name.lower(), name.replace("_", " ").title())


def _named(alert: Any) -> str:
    """An alert's title, and where it is, unless the title says so: one alert of two hosts has one title."""
    title, resource = (alert.get(name) if isinstance(alert, Mapping) else None for name in ("title", "resource"))
    if not title:
        return ""
    return f"{title} ({resource})" if resource and not says(title, resource) else str(title)


def _values(envelope: Mapping[str, Any] | None) -> dict[str, Any]:
    """What templates speak of: the event's entities by name, and `customer`, `source`, `summary`, `type`."""
    if envelope is None:
        return {}
    top = ("type", "summary", "severity", "customer", "source", "occurred_at")
    return {**envelope["data"], **{name: envelope[name] for name in top}}


def _said(template: Template, part: str, values: Mapping[str, Any]) -> list[list[str]]:
    """The paragraphs of a part, each its sentences that can be said."""
    rendered = "".join(template.blocks[part](template.new_context(dict(values))))
    paragraphs = [
        [
            _DOUBLED.sub(r"\1", line)
            for each in paragraph.split(_LINE)
            if _MISSING not in each and (line := each.strip())
        ]
        for paragraph in re.split(r"\n\s*\n", rendered)
    ]
    return [each for each in paragraphs if each]


def _paragraph(sentences: Sequence[str]) -> str:
    """Sentences behind each other; those of a list below each other."""
    return "".join(
        sentence if index == 0 else f"\n{sentence}" if sentence.startswith("- ") else f" {sentence}"
        for index, sentence in enumerate(sentences)
    )


def _one_line(subject: str) -> str:
    """Raises `Failed`: a line break in a header would begin another header."""
    if _BREAKS.search(subject):
        raise Failed("The subject must be one line, without line breaks.", code="invalid_request")
    return subject.strip()


def _cut(line: str) -> str:
    line = _BREAKS.sub(" ", line)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"
