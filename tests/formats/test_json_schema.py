"""A field that does not fit is refused in words that say what would."""

import pytest

from relay.errors import InvalidRequest
from relay.formats.json_schema import check


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("abov", "mode must be one of never, above, always. Did you mean above?"),
        ("xyz", "mode must be one of never, above, always."),
        (7, "mode must be one of never, above, always."),
    ],
)
def test_a_misspelt_choice_is_refused_with_what_was_meant(value, sentence):
    schema = {"type": "object", "properties": {"mode": {"enum": ["never", "above", "always"]}}}

    with pytest.raises(InvalidRequest) as refusal:
        check({"mode": value}, schema)

    assert refusal.value.message == sentence
