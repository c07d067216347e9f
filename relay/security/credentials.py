"""Credentials inside of addresses: `https://user:password@host/?token=...`, wherever in a text an address stands.

User and password are cut out, so that the address still leads to its host; of a parameter the value is replaced. An
address may be escaped as in JSON (`https:\\/\\/`), or percent-encoded as in the query of another one.
"""

import re
from collections.abc import Callable

REMOVED = "[removed]"

_USER = re.compile(r"""((?:\\?/){2})([^\s/?#"'<>\\]*)@""")
# A slash in a password has no place there, but people type it. What is a port, or IPv6, is no password.
_USER_WITH_SLASH = re.compile(
    r"""(:(?:\\?/){2})([^\s/?#@:\["'<>\\]{1,100}:(?!\d{1,5}[/?#])[^\s@"'<>]{0,200}[/?#][^\s@"'<>]{0,200})@(?=[\w\[])"""
)
_ENCODED_USER = re.compile(
    r"""((?:%3A|:)(?:%2F|/){2})((?:(?!%2F|%3F|%23|%20)[^\s/?#&"'<>\\]){0,300}?)(?:%40|@)""", re.IGNORECASE
)
_GO_DATA_SOURCE = re.compile(r"""(?<![^\s"'=])[^\s/@:"']{1,100}:[^\s/@"']{1,200}@(?=(?:tcp|udp|unix)\()""")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})(?::|%3A)?\Z", re.IGNORECASE)
_PARAMETER = re.compile(r"""([?&;#])([\w.$%\[\]-]{1,80})=([^&;#\s"'<>]+)""")
_ENCODED_PARAMETER = re.compile(r"""(%3F|%26)([\w.$-]{1,80})%3D((?:(?!%26|%23)[^&#\s"'<>])+)""", re.IGNORECASE)

# Where a name alone says who logs in, by a key that is elsewhere.
_NAMES_ONLY = ("ssh", "sftp", "scp", "rsync", "git", "svn")
_SECRET_PARAMETERS = frozenset(
    ["auth", "authorization", "bearer", "credential", "credentials", "hmac", "jwt", "otp", "pat", "pw", "sas", "sig"]
)
_SECRET_ENDINGS = ("signature", "credential", "security-token", "amz-security")
SHORTEST_KEY = 16
"""`key` alone is the name of many things; an API key is at least so long."""


def may_hold(text: str) -> bool:
    """A quick look: false means that there certainly are none."""
    if "@" in text and ("/" in text or "%2" in text or "(" in text):
        return True
    if "=" in text and ("?" in text or "&" in text or ";" in text or "#" in text):
        return True
    return "%3" in text


def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of this name is secret in an address, though a field of it may not be."""
    return name.lower() in _SECRET_PARAMETERS or name.lower().endswith(_SECRET_ENDINGS)


def without_credentials(text: str, is_secret: Callable[[str], bool]) -> str:
    """The same text with addresses that hold none. `is_secret` judges the names of parameters."""
    if "@" in text or "%40" in text:
        text = _USER.sub(_host_only, text)
        text = _USER_WITH_SLASH.sub(r"\1", text)
        text = _ENCODED_USER.sub(_host_only, text)
        text = _GO_DATA_SOURCE.sub("", text)

    def judged(found: re.Match[str]) -> str:
        is_key = found[2].lower() == "key" and len(found[3]) >= SHORTEST_KEY
        if found[3] == REMOVED or not (is_key or is_secret(found[2])):
            return found[0]
        return found[0][: -len(found[3])] + REMOVED

    if "=" in text:
        text = _PARAMETER.sub(judged, text)
    if "%3" in text:
        text = _ENCODED_PARAMETER.sub(judged, text)
    return text


def _host_only(found: re.Match[str]) -> str:
    """What leads to the host, without who logs in there. A name without a password may stay where it is no secret."""
    user = found[2]
    if ":" not in user and "%3a" not in user.lower():
        scheme = _SCHEME.search(found.string[max(0, found.start() - 40) : found.start()])
        if scheme is None or scheme[1].lower().partition("+")[2] in _NAMES_ONLY or scheme[1].lower() in _NAMES_ONLY:
            return found[0]
    return found[1]
