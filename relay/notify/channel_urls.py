"""Addresses of channels as apprise writes them (https://appriseit.com/services/): which are taken, and what they mean.

Only services whose plugin speaks HTTP by way of `requests` are taken, because those go through our own door (`wire`),
and e-mail. An address holds tokens, so that no error here repeats any of it.
"""

import importlib
import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from relay.errors import InvalidRequest
from relay.notify import requests_shim
from relay.security.addresses import check_url

MAIL, SMS, CHAT = "mail", "sms", "chat"
SMTP = ("mailto", "mailtos")

# By address scheme: the module of apprise.plugins. What is a person's address or number is `to`'s to say; in a chat the
# place is part of the channel.
_MODULES: Mapping[str, Mapping[str, str]] = {
    MAIL: {
        "mailto": "email",
        "mailtos": "email",
        "brevo": "brevo",
        "mailersend": "mailersend",
        "mailgun": "mailgun",
        "postmark": "postmark",
        "resend": "resend",
        "sendgrid": "sendgrid",
        "ses": "ses",
        "smtp2go": "smtp2go",
        "sparkpost": "sparkpost",
    },
    SMS: {
        "46elks": "fortysixelks",
        "atalk": "africas_talking",
        "bulksms": "bulksms",
        "bulkvs": "bulkvs",
        "clickatell": "clickatell",
        "clicksend": "clicksend",
        "d7sms": "d7networks",
        "exotel": "exotel",
        "httpsms": "httpsms",
        "kavenegar": "kavenegar",
        "kudosity": "burstsms",
        "msg91": "msg91",
        "msgbird": "messagebird",
        "nexmo": "vonage",
        "octopush": "octopush",
        "plivo": "plivo",
        "seven": "seven",
        "sinch": "sinch",
        "smseagle": "smseagle",
        "smseagles": "smseagle",
        "smsmgr": "smsmanager",
        "sns": "sns",
        "telnyx": "telnyx",
        "threema": "threema",
        "twilio": "twilio",
        "voipms": "voipms",
        "vonage": "vonage",
        "whatsapp": "whatsapp",
    },
    CHAT: {
        "discord": "discord",
        "freemobile": "freemobile",
        "gchat": "google_chat",
        "gotify": "gotify",
        "gotifys": "gotify",
        "ilert": "ilert",
        "json": "custom_json",
        "jsons": "custom_json",
        "line": "line",
        "mmost": "mattermost",
        "mmosts": "mattermost",
        "nctalk": "nextcloudtalk",
        "nctalks": "nextcloudtalk",
        "ntfy": "ntfy",
        "ntfys": "ntfy",
        "opsgenie": "opsgenie",
        "pagerduty": "pagerduty",
        "pbul": "pushbullet",
        "pover": "pushover",
        "rocket": "rocketchat",
        "rockets": "rocketchat",
        "signal": "signal_api",
        "signals": "signal_api",
        "signl4": "signl4",
        "slack": "slack",
        "squadcast": "squadcast",
        "synology": "synology",
        "synologys": "synology",
        "tgram": "telegram",
        "twist": "twist",
        "victorops": "splunk",
        "webex": "webexteams",
        "workflows": "workflows",
        "zulip": "zulip",
    },
}
SCHEMES: Mapping[str, tuple[str, str]] = {
    scheme: (kind, module) for kind, some in _MODULES.items() for scheme, module in some.items()
}
"""Kind and module of each scheme that is taken."""

_OWN_SERVERS = frozenset(
    (
        *("gotify", "gotifys", "json", "jsons", "mmost", "mmosts", "nctalk", "nctalks", "ntfy", "ntfys"),
        *("rocket", "rockets", "signal", "signals", "smseagle", "smseagles", "synology", "synologys", "workflows"),
    )
)
"""Schemes whose host is a server of the operator's own."""

# What would have apprise try again by itself, trust any certificate, follow redirects, read files or write them.
_NOT_TAKEN = ("retry", "wait", "verify", "redirect", "template", "pgp", "pgppub", "pgpprv", "pgpkey", "wkd", "store")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_LINE_BREAK = re.compile(r"[\x00\r\n]")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{1,62}")
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{4,24}[0-9]")


@dataclass(frozen=True, slots=True)
class Way:
    """A channel's address, read: apprise's plugin for it, made for one recipient or for the address's own."""

    kind: str
    scheme: str
    label: str
    plugin: Any = field(repr=False)


def read(url: str, to: str | None = None) -> Way:
    """Raises `InvalidRequest` that says what was expected, without repeating the address."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        known = ", ".join(sorted(SCHEMES))
        raise InvalidRequest(f"A channel's address begins with one of these and ://, which this does not: {known}.")
    if _CONTROL.search(url):
        raise InvalidRequest("The address has a space or line break: percent-encode a space, leave out a line break.")
    if _LINE_BREAK.search(unquote(url)):
        raise InvalidRequest("The address has a line break (%0A or %0D), or %00: no service accepts it. Leave it out.")
    kind, module = SCHEMES[scheme]
    plugin_class = _plugin_class(module, scheme)
    if to is not None:
        to = recipient(kind, to)
    try:
        parsed = plugin_class.parse_url(url)
    except Exception:  # noqa: BLE001  whatever it says would show parts of the address
        parsed = None
    _refuse_options(parsed or {})
    try:
        if parsed and to is not None:
            parsed["targets"] = [to]
        plugin = plugin_class(**parsed, asset=_asset()) if parsed else None
    except Exception:  # noqa: BLE001  apprise's own error and any other would show parts of the address
        plugin = None
    if plugin is None:
        forms = ", ".join(str(form).replace("{schema}", scheme) for form in plugin_class.templates[:4])
        raise InvalidRequest(f"This is not a valid address of {plugin_class.service_name}. Its form is {forms}.")
    if to is not None and len(getattr(plugin, "targets", (to,)) or ()) != 1:
        raise InvalidRequest(f"to is not valid for {plugin_class.service_name}: write it as +33612345678.")
    return Way(kind, scheme, str(plugin_class.service_name), plugin)


def kind_of(url: str) -> str | None:
    """What a channel with this address sends, without reading more of it; None for a service that is not taken."""
    return SCHEMES.get(url.partition("://")[0].lower(), (None, ""))[0]


def recipient(kind: str, to: str) -> str:
    """`to` as a channel of this kind takes it. Raises `InvalidRequest`."""
    found = to.strip()
    if kind == MAIL and not _EMAIL.fullmatch(found):
        raise InvalidRequest("to must be an e-mail address for this channel, such as zoe@acme-shop.example.")
    if kind == SMS and not _NUMBER.fullmatch(found):
        raise InvalidRequest("to must be a phone number in international form for this channel, such as +33612345678.")
    return found


def needs_recipient(url: str) -> bool:
    """Whether the address names nobody, so that each message has to."""
    way = read(url)
    if way.kind == CHAT:
        return False
    parsed = type(way.plugin).parse_url(url) or {}
    return not any(str(each).strip() for each in parsed.get("targets") or ())


def check(url: str, allow_private: frozenset[str]) -> Way:
    """Refuse an address that cannot be read, or a server of the operator's own that must not be reached.

    Raises `InvalidRequest` or `AddressRefused`. What its name leads to is looked at again at each message.
    """
    way = read(url)
    if way.scheme in SMTP:
        # As with http: what can be read on its way goes to a listed host only.
        plain = way.plugin.secure_mode == "insecure"
        check_url(_origin(way.plugin.smtp_host, way.plugin.port, plain=plain), allow_private)
    elif way.scheme in _OWN_SERVERS and getattr(way.plugin, "mode", None) != "cloud":
        check_url(_origin(way.plugin.host, way.plugin.port, plain=not way.plugin.secure), allow_private)
    return way


def secrets_of(url: str) -> list[str]:
    """The parts of an address that must not be seen anywhere, longest first."""
    # By hand: what apprise takes is not always an address that the library for addresses reads.
    place, *parts = re.split(r"[/?#&;]", url.partition("://")[2])
    values = [*place.rpartition("@")[0].split(":"), *parts, *(each.partition("=")[2] for each in parts)]
    found = {form for each in values for form in (each, unquote(each))}
    return sorted((each for each in found if len(each) >= 6), key=len, reverse=True)


def _origin(host: str | None, port: int | None, *, plain: bool) -> str:
    shown = f"[{host}]" if host and ":" in host and not host.startswith("[") else host
    return f"{'http' if plain else 'https'}://{shown or ''}" + (f":{port}" if port else "")


def _refuse_options(parsed: Mapping[str, Any]) -> None:
    # As apprise read them: it knows a `;` before an option, finds those behind a `#`, and looks at no case.
    for name in sorted(parsed.get("qsd") or ()):
        if name in _NOT_TAKEN:
            raise InvalidRequest(f"The option {name} is not allowed in a channel's address: leave it out.")


@cache
def _plugin_class(module: str, scheme: str) -> Any:
    found: Mapping[str, Any] = vars(_apprise(module))
    base = importlib.import_module("apprise").NotifyBase
    services: list[Any] = [each for each in found.values() if isinstance(each, type) and issubclass(each, base)]
    for each in services:
        names = (each.protocol, each.secure_protocol)
        if scheme in {name for some in names for name in ((some,) if isinstance(some, str) else some or ())}:
            return each
    raise LookupError(f"apprise.plugins.{module} has no service for {scheme}")


@cache
def _apprise(module: str) -> ModuleType:
    # Its log lines show addresses; what went wrong is told by us.
    logging.getLogger("apprise").disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the standard library's imghdr, below Python 3.13
        found = importlib.import_module(f"apprise.plugins.{module}")
    requests_shim.lay(found)
    return found


@cache
def _asset() -> Any:
    apprise = importlib.import_module("apprise")
    memory = importlib.import_module("apprise.common").PersistentStoreMode.MEMORY
    return apprise.AppriseAsset(app_id="Relay", app_desc="Relay", app_url="", storage_mode=memory, http_redirects=False)
