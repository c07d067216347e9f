"""References of schemas, followed."""

from typing import Any

from relay.catalogue.refs import expanded, referred, resolved

ID = {"type": "string", "title": "Id"}
PAYMENT = {"type": "object", "description": "A payment.", "properties": {"id": {"$ref": "definitions.json#/$defs/id"}}}
DEFINITIONS: dict[str, Any] = {"$defs": {"id": ID, "payment": PAYMENT}}
NULLABLE = {"anyOf": [{"$ref": "definitions.json#/$defs/payment"}, {"type": "null"}]}


def test_what_a_schema_refers_to_is_named_also_beside_null() -> None:
    assert [referred(each) for each in (NULLABLE["anyOf"][0], NULLABLE, ID)] == ["payment", "payment", None]


def test_the_words_that_stand_nearest_count() -> None:
    found = resolved({**NULLABLE, "description": "The payment that failed."}, DEFINITIONS)

    assert found == PAYMENT | {"description": "The payment that failed."}


def test_a_choice_of_several_stays_one() -> None:
    several = {"anyOf": [ID, {"type": "integer"}]}

    assert resolved(several, DEFINITIONS) == several


def test_no_reference_is_left_in_an_expanded_schema() -> None:
    assert expanded({"items": [NULLABLE["anyOf"][0]]}, DEFINITIONS) == {"items": [PAYMENT | {"properties": {"id": ID}}]}
