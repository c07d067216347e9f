"""What runs on panels that sign nothing: an engine for each language, and the one script that installs an agent.

An engine signs with Standard Webhooks, keeps what it could not deliver on the panel's disk and tries again. A
provider's folder `agent/` holds what is the panel's own. `Provider.agent` names the engines that go with it.
"""

import base64
import shlex
import textwrap
from pathlib import Path

from relay.providers import folder
from relay.sdk.provider import Provider

ENGINES = Path(__file__).parent
INSTALL = "install.sh"

_HEAD = """\
#!/bin/sh
# Installs the relay's agent for {label}. It holds a secret: do not keep it.
set -eu
umask 077
RELAY_URL={url}
RELAY_SECRET={secret}
RELAY_SOURCE={source}

decode() {{
  base64 -d 2>/dev/null || openssl base64 -d -A
}}

# Prints one of the files that the agent is made of.
payload() {{
  case "$1" in
{cases}
    *)
      echo "relay: there is no file $1 in this installer" >&2
      return 1
      ;;
  esac
}}

"""
_CASE = """\
    {name})
      decode <<'END_OF_FILE'
{encoded}
END_OF_FILE
      ;;
"""


def files(provider: Provider) -> dict[str, bytes]:
    """What a provider's agent is made of, by name: its engines and its own files, but not its installer."""
    own = folder(provider.name) / "agent"
    paths = [*(ENGINES / name for name in provider.agent), *sorted(own.iterdir())]
    return {path.name: path.read_bytes() for path in paths if path.is_file() and path.name != INSTALL}


def installer(provider: Provider, url: str, secret: str, source_id: str = "") -> bytes:
    """The script that installs a provider's agent, ready for one source. It runs only if it came whole."""
    cases = "".join(
        _CASE.format(name=name, encoded="\n".join(textwrap.wrap(base64.b64encode(content).decode(), 76)))
        for name, content in files(provider).items()
    )
    head = _HEAD.format(
        label=provider.label,
        url=shlex.quote(url),
        secret=shlex.quote(secret),
        source=shlex.quote(source_id),
        cases=cases.rstrip("\n"),
    )
    return head.encode() + (folder(provider.name) / "agent" / INSTALL).read_bytes() + b'\nmain "$@"\n'
