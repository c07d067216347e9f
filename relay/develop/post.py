"""Posts samples as their providers would."""

import time
from urllib.parse import urlencode

from relay.develop import samples
from relay.errors import ConfigError
from relay.model import Source
from relay.providers import get as get_provider
from relay.running.own_address import ask
from relay.security.verification import credentials_of


def post_sample(sample: samples.Sample, source: Source, address: str, public_url: str) -> tuple[int, str]:
    """Post a sample to an address, freshly signed with the source's secret. Returns status and body.

    Raises `Unreachable`.
    """
    provider = get_provider(sample.provider)
    now = time.time()
    credentials = credentials_of(source, public_url, now)
    if not credentials.secrets and provider.secret != "none":
        raise ConfigError(f"The source {source.id} has no secret. Give it one: relay source secret {source.id} SECRET")
    webhook = sample.inbound if source.monitor else provider.verification.sign(sample.inbound, credentials, now)
    if webhook.query:
        address += "?" + urlencode(webhook.query)
    answer = ask(address, webhook.method, body=webhook.body, headers=webhook.headers)
    return answer.status, answer.body.decode(errors="replace").strip()
