"""The setting `api_url`: where the API is that a source's actions, look-ups and polls ask with its keys."""

from urllib.parse import urlsplit

from relay.formats.values import url
from relay.sdk.provider import ANYWHERE, Setting


def vendor_api(about: str, address: str, *other_hosts: str) -> Setting:
    """Of a vendor whose API is at one `address`, which is the default; `other_hosts` are its sandbox, other regions."""
    hosts = (urlsplit(address).netloc, *other_hosts)
    return Setting("api_url", "API address", about, default=address, form=url(address), hosts=hosts)


def own_api(label: str, about: str, example: str, *hosts: str) -> Setting:
    """Of a product where each account has an address of its own: at one of these `hosts`, or, without any, wherever its
    owners installed it."""
    return Setting("api_url", label, about, form=url(example), hosts=hosts or ANYWHERE)
