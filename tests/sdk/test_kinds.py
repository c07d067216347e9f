"""The kinds of provider are said once, by the schema of the envelope."""

from typing import get_args

from relay.catalogue.vocabulary import catalogue
from relay.develop import scaffold
from relay.model import OWN_PROVIDER
from relay.sdk.entities import Kind


def test_a_provider_is_of_a_kind_that_the_envelope_names() -> None:
    source = catalogue().envelope["properties"]["source"]["properties"]

    assert list(get_args(Kind)) == source["kind"]["enum"]


def test_a_new_provider_may_be_of_any_kind_but_the_relays_own() -> None:
    assert [*scaffold.KINDS, OWN_PROVIDER] == list(get_args(Kind))
