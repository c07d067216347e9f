"""Which line of what a job printed says why it failed.

Tools end their output with summaries ("exiting with failure status due to previous errors"), hints and words of their
monitoring; the line that matters stands above these. It is the first that a tool itself calls an error (`Fatal: ...`,
`pg_dump: error: ...`, `ERROR ...`); of a Python traceback the last line; else the first that speaks of a failure, in
English or French; else the last line that is no summary.
"""

import re
from collections.abc import Iterator

from relay.errors import Unreadable
from relay.formats import jsontext
from relay.security.redaction import text_without_secrets

_LONGEST_LINE = 2000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DAY = r"(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[/.]\d\d[/.]\d{4})"
_CLOCK = r"\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:\s?Z|\s?[+-]\d\d:?\d\d)?"
_TIMESTAMP = re.compile(rf"\[?(?:{_DAY}[T ]{_CLOCK}|{_CLOCK})\]?(?:\s*[-|,:])*(?=\s|$)\s?")
_SYSLOG = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./@-]+(?:\[\d+\])?: ")

# What a tool itself calls an error: a level of a log, in capitals, or the word with its colon; a Python exception.
_BEFORE = r"(?:-\s+)?(?:[^\s:|]{1,60}\s*[:|-]\s+){0,2}"
_LEVEL = re.compile(
    _BEFORE + r"[\[(<]?(?:FATAL|CRITICAL|CRIT|ERROR|ERR|EMERG|PANIC|ERREUR|CRITIQUE)\b(?!\s*[:=]?\s*0\b)|E: "
)
_WORD = re.compile(
    _BEFORE + r"(?:got\s+)?(?:fatal|error|critical|panic|erreur|critique)(?:\s+(?:error|fatale?|\d+))?\s?:\s*\S",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Timeout)(?::\s|$)")
_TRACEBACK = "Traceback (most recent call last):"
_CALLED = re.compile(r"(?:\w+\.)*(?:CalledProcessError|SystemExit)\b")

# What speaks of a failure: by what the system or a server said, and by words that have other uses too.
_CAUSE = re.compile(
    r"no such (?:file|host|container|bucket)|not found|does(?: not|n't) exist|already exists|\bdenied\b|refused"
    r"|forbidden|unauthorized|timed out|no space left|insufficient|quota exceeded|out of memory"
    r"|segmentation fault|broken pipe|unreachable|no route to host|reset by peer|closed by|unexpectedly closed"
    r"|read-only file ?system|unbound variable|bad substitution|name or service not known|host key verification"
    r"|input/output error|wrong password|^killed$|^terminated$"
    r"|aucun fichier|aucun espace|introuvable|n'existe pas|existe déjà|non accordée|accès refusé|refusée?\b|délai"
    r"|injoignable|inaccessible|lecture seule|entrée/sortie|relais brisé|processus arrêté|mémoire insuffisante",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:errors?|fail(?:ed|s|ure)?|fatal|cannot|can't|could(?: not|n't)|unable|rejected|expired|exceeded|aborted"
    r"|invalid|incorrect|corrupt(?:ed|ion)?|mismatch|time-?out|lost connection|unexpected|is (?:already )?locked"
    r"|locked by|killed|not (?:known|connected|mounted)|non-zero exit|exit (?:status|code) [1-9]|panicked"
    r"|erreurs?|échec|échou\w+|impossible|interdite?|dépassée?|expirée?|interrompue?|invalide|incorrecte?|corrompue?"
    r"|verrouillée?|illisible|inconnue?|plein)(?!\w)",
    re.IGNORECASE,
)
_NO_TROUBLE = re.compile(r"\b(?:0|no|without|aucune|sans) (?:errors?|erreurs?|failures?|failed)\b", re.IGNORECASE)
_HARMLESS = re.compile(_BEFORE + r"[\[(<]?(?:debug|info|warn(?:ing)?|avertissement)\b", re.IGNORECASE)

# What repeats that something failed, without saying what.
_SUMMARY = re.compile(
    r"(?:[^\s:]{1,60}:\s+)?(?:"
    r"error running (?:actions|configuration)\b|an error occurred\b|summary:|need some help\?"
    r"|terminating with (?:error|warning|success) status|error is not recoverable|exiting with failure status"
    r"|arrêt avec code d'échec|cette erreur n'est pas|terminé avec le statut)"
    r"|rsync error:|.*\b(?:see previous errors|due to previous errors|erreurs? précédente)|.*: exit status \d+\.?$"
    r"|exit (?:status|code) \d+\.?$|command .* returned non-zero exit status|.*\bla commande .* a renvoyé",
    re.IGNORECASE,
)
_EXIT = re.compile(r"returned non-zero exit status|a renvoyé|\(code \d+\)|exit status \d")
# What is no word of the job's: its monitoring, the shell's trace, rulers, the meter of curl.
_NOISE = re.compile(
    r"(?:[^\s:]{1,60}:\s+)?(?:pinging|pushing|skipping|sending)\b.*\b(?:ping|push_url|healthchecks|kuma|cronitor|cronhub"
    r"|pagerduty|ntfy|apprise|loki|zabbix|sentry|states)\b"
    r"|(?:[^\s:]{1,60}:\s+)?(?:healthchecks|uptime kuma) (?:start|finish|fail|log|error)\b"
    r"|\++ \S|[\W_]*$|% Total\b|Dload\b|\d+ +\d+ +\d+ .*--:--",
    re.IGNORECASE,
)


def reason(log: str) -> str | None:
    """The line that says why, without its timestamp and without secrets; None where nothing says it."""
    found = _found(log)
    return None if found is None else text_without_secrets(found)


def _found(log: str) -> str | None:
    lines = [line for line in _lines(log) if line.strip() and not _NOISE.match(line.strip())]
    texts = [line.strip() for line in lines]
    raised = _raised(lines)
    if raised is not None and not _CALLED.match(texts[raised]):
        return texts[raised]
    # That a program it called has failed is said better by that program.
    said = [text for text in texts[: _began(lines)] if not _SUMMARY.match(text)]
    for speaks in (_is_marked, _names_a_cause, _tells_of_trouble):
        found = next(filter(speaks, said), None)
        if found is not None:
            return found
    if raised is not None:
        return texts[raised]
    return next(filter(_EXIT.search, texts), None) or next(iter((said or texts)[::-1]), None)


def _is_marked(text: str) -> bool:
    return bool(_LEVEL.match(text) or _WORD.match(text) or _EXCEPTION.match(text))


def _names_a_cause(text: str) -> bool:
    return bool(_CAUSE.search(text)) and not _HARMLESS.match(text)


def _tells_of_trouble(text: str) -> bool:
    return bool(_TROUBLE.search(_NO_TROUBLE.sub("", text))) and not _HARMLESS.match(text)


def _lines(log: str) -> Iterator[str]:
    for line in log.splitlines():
        text = _ESCAPES.sub("", line[:_LONGEST_LINE].rstrip())
        text = _SYSLOG.sub("", text, count=1) if _SYSLOG.match(text) else text
        yield _unwrapped(_TIMESTAMP.sub("", text, count=1) if _TIMESTAMP.match(text) else text)


def _unwrapped(line: str) -> str:
    """What a line of JSON says (restic and Borg print these when asked to), with its level where that is an error."""
    if not line.startswith("{"):
        return line
    try:
        said = jsontext.loads(line.encode())
    except Unreadable:
        return line
    inner = said.get("error") if isinstance(said, dict) else None
    holder = inner if isinstance(inner, dict) else said if isinstance(said, dict) else {}
    text = next((holder[name] for name in ("message", "msg") if isinstance(holder.get(name), str)), None)
    if text is None:
        return inner if isinstance(inner, str) else ""
    level = str(said.get("levelname") or said.get("level") or said.get("message_type") or "").upper()
    return f"{level}: {text}" if level in ("ERROR", "CRITICAL", "FATAL") and not _is_marked(text) else text


def _began(lines: list[str]) -> int:
    """Where the last traceback begins; the end where there is none."""
    return max((place for place, line in enumerate(lines) if _TRACEBACK in line), default=len(lines))


def _raised(lines: list[str]) -> int | None:
    """Where the last traceback ends: its last line names the exception. The frames above it are indented."""
    rest = range(_began(lines) + 1, len(lines))
    return next((place for place in rest if not lines[place].startswith((" ", "\t"))), None)
