"""What people set: the forms of its texts, and what is said of a text that does not fit."""

import pytest

from kit.cases import cases
from relay.errors import InvalidRequest
from relay.formats.values import (
    CURRENCY,
    EMAIL,
    HEADER,
    ID,
    KEY,
    SECONDS,
    SECRET,
    TEXT,
    URL,
    WORD,
    ZONE,
    Form,
    key,
    numbers,
    one_of,
    secret,
    url,
)

DAYS = numbers("numbers of days between commas, such as 30,7,1", "30,7,1", highest=400)
MARKED = secret("the secret, which begins with whsec_", begins=("whsec_",), never={"sk_": "an API key"})
HEXADECIMAL = secret("the key, which is hexadecimal", pattern="[0-9A-F]+")
KEY_ID = key("the ID of a key, which begins with rzp_", begins=("rzp_",))
CHOICE = one_of(("sha256", "sha1"))


@cases(
    ("form", "text", "kept"),
    [
        (TEXT, "  Zoë Müller\n", "Zoë Müller"),
        (TEXT, "\u200b\ufeffadmin\u00a0", "admin"),
        (WORD, "5GP028458E2496506", "5GP028458E2496506"),
        (HEADER, " X-Hub-Signature-256", "X-Hub-Signature-256"),
        (EMAIL, "zoe+relay@mail.example.com", "zoe+relay@mail.example.com"),
        (CURRENCY, "eur", "EUR"),
        (CHOICE, "SHA256", "sha256"),
        (SECONDS, "0300", "300"),
        (ID, "7", "7"),
        (DAYS, "30, 7,1", "30,7,1"),
        (URL, "https://server1.example:8443/api", "https://server1.example:8443/api"),
        (URL, "http://[::1]:8080", "http://[::1]:8080"),
        (URL, "https://münchen.example", "https://münchen.example"),
        (url("https://x.example", whole_address=True), "https://x.example/in?a=1", "https://x.example/in?a=1"),
        (ZONE, "europe/berlin", "Europe/Berlin"),
        (ZONE, "America/New York", "America/New_York"),
        (ZONE, "UTC", "UTC"),
        (SECRET, "x", "x"),
        (SECRET, " any secret of theirs\r\n", "any secret of theirs"),
        (MARKED, "whsec_1\t", "whsec_1"),
        (HEXADECIMAL, "44782DEF", "44782DEF"),
        (KEY, "sk_live_1", "sk_live_1"),
        (KEY_ID, "rzp_test_1", "rzp_test_1"),
    ],
)
def test_what_fits_is_kept_without_what_came_along_by_copying(form: Form, text: str, kept: str) -> None:
    assert form.fit("value", text) == kept


@cases(
    ("form", "text", "said"),
    [
        (TEXT, "a\nb", "value must be a text on one line; a character in it cannot be seen (U+000A)."),
        (TEXT, "a\u200bb", "a character in it cannot be seen (U+200B)."),
        (TEXT, "a\udcffb", "a character in it cannot be seen (U+DCFF)."),
        (WORD, "two words", "value must be a word without blanks; it is 'two words'."),
        (WORD, "https://x.example", "it is 'https://x.example'."),
        (HEADER, "X-Signature:", "value must be the name of a header, such as X-Signature; it is 'X-Signature:'."),
        (EMAIL, "zoe@example", "it is 'zoe@example'."),
        (EMAIL, "zoe@example.com/token", "it is 'zoe@example.com/token'."),
        (CURRENCY, "EURO", "value must be a currency of three letters, such as EUR; it is 'EURO'."),
        (CHOICE, "sha265", "value must be one of sha256, sha1; it is 'sha265'. Did you mean sha256?"),
        (SECONDS, "5m", "in digits; it is '5m'."),
        (SECONDS, "0", "it is '0'."),
        (SECONDS, "99999999", "it is '99999999'."),
        (SECONDS, "٣٠٠", "it is '٣٠٠'."),
        (ID, "billing", "value must be an id in digits; it is 'billing'."),
        (DAYS, "30,soon", "it is '30,soon'."),
        (DAYS, "30,,7", "it is '30,,7'."),
        (DAYS, "4000", "it is '4000'."),
        (
            URL,
            "relay.example.com",
            "value must be an address with its scheme, such as https://example.com; it is 'relay.example.com', without"
            " its scheme. Did you mean https://relay.example.com?",
        ),
        (URL, "htps://x.example", "it is 'htps://x.example'."),
        (URL, "https:/x.example", "without its scheme."),
        (URL, "https://", "it is 'https://'."),
        (URL, "https://x.example:99999", "it is 'https://x.example:99999'."),
        (URL, "https://x .example", "which has a blank or a backslash in it."),
        (URL, "https://x.example/a?b=c", "it is 'https://x.example/a', with more behind its path. Leave it out."),
        (URL, "https://zoe:hunter2@x.example", "it has a user name or a password in it. Leave it out."),
        (
            ZONE,
            "Europe/Berln",
            "value must be a time zone, such as Europe/Berlin or UTC; it is 'Europe/Berln'."
            " Did you mean Europe/Berlin?",
        ),
        (ZONE, "Berlin", "it is 'Berlin'. Did you mean Europe/Berlin?"),
        (ZONE, "Mars/Olympus", "it is 'Mars/Olympus'."),
        (ZONE, "../UTC", "it is '../UTC'."),
        (ZONE, "localtime", "it is 'localtime'."),
        (MARKED, "sk_51abcdef", "which begins with whsec_; what came begins with sk_, as an API key does."),
        (MARKED, "not_a_secret", "value must be the secret, which begins with whsec_; what came does not."),
        (MARKED, "whsec_", "what came does not."),
        (MARKED, "whsec_...", "what came ends in dots, which stand for the rest of an example. Copy all of it."),
        (SECRET, "pk_live_1", "what came begins with pk_live_, as an API key of Stripe does."),
        (SECRET, "https://x.example/in", "what came begins with https://, as an address does."),
        (HEXADECIMAL, "hunter2", "value must be the key, which is hexadecimal; what came is not."),
        (KEY, "Bearer abc", "value must be a key without blanks; what came is not."),
        (KEY, "whsec_1", "what came begins with whsec_, as the secret of a webhook does."),
        (KEY_ID, "whsec_1", "what came begins with whsec_, as the secret of a webhook does."),
        (KEY_ID, "hunter2", "value must be the ID of a key, which begins with rzp_; what came does not."),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_was_expected(form: Form, text: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form.fit("value", text)

    assert said in caught.value.message


@cases(
    ("form", "text"),
    [
        (SECRET, "sk_live_hunter2"),
        (SECRET, "https://hunter2"),
        (SECRET, "hun\0ter2"),
        (SECRET, "hunter2..."),
        (MARKED, "hunter2"),
        (HEXADECIMAL, "hunter2"),
        (KEY, "Basic hunter2"),
        (KEY_ID, "hunter2"),
    ],
)
def test_a_refusal_repeats_nothing_of_a_secret_but_its_public_mark(form: Form, text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form.fit("value", text)

    assert "hunter2" not in caught.value.message
    assert "ter2" not in caught.value.message
