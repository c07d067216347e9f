"""What each provider's source may be set to, and what is refused there by name."""

from dataclasses import replace

import pytest

from relay.errors import InvalidRequest
from relay.model import Secret, Source
from relay.providers import get as get_provider
from relay.providers import load
from relay.settings import fitting_secret, kept, kept_secret, misfits

PROVIDERS = [each for each in load().values() if each.kind != "relay"]
SIGNED = [each for each in PROVIDERS if each.secret != "none"]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_default_and_every_example_fits_its_own_form(provider):
    for setting in provider.settings:
        assert setting.takes.read(setting.takes.example) == setting.takes.example
        assert setting.default is None or setting.takes.read(setting.default) == setting.default


@pytest.mark.parametrize("provider", SIGNED, ids=lambda provider: provider.name)
def test_a_secret_that_is_made_here_fits_its_own_form(provider):
    settings = {**provider.usual_settings, **{each.name: each.takes.example for each in provider.settings}}
    made = fitting_secret(provider, settings)

    assert kept_secret(provider, settings, made) == made


def test_a_zone_an_address_a_number_and_an_email_are_told_from_plain_text():
    plain = {
        f"{provider.name}.{setting.name}"
        for provider in PROVIDERS
        for setting in provider.settings
        if setting.takes.expected == "a text on one line"
    }
    others = ("url", "base", "zone", "currency", "tolerance", "every", "grace", "email", "api_key", "token", "_id")

    assert [name for name in sorted(plain) if name.endswith(others) and name != "directadmin.api_key"] == []


@pytest.mark.parametrize(
    ("name", "secret", "said"),
    [
        ("stripe", "sk_live_1", "begins with sk_live_, as an API key of Stripe does."),
        ("stripe", "rk_live_1", "begins with rk_live_, as an API key of Stripe does."),
        ("stripe", "pk_live_1", "begins with pk_live_, as an API key of Stripe does."),
        (
            "stripe",
            "not_a_secret",
            "which begins with whsec_ and stands there under Signing secret; what came does not.",
        ),
        ("paddle", "pdl_live_apikey_1", "begins with pdl_, as an API key of Paddle does."),
        ("paddle", "whsec_1", "which begins with pdl_ntfset_; what came does not."),
        ("mollie", "live_1", "begins with live_, as an API key of Mollie does."),
        ("mollie", "access_1", "begins with access_, as an access token of Mollie does."),
        ("gocardless", "sandbox_1", "begins with sandbox_, as an access token of GoCardless does."),
        ("razorpay", "rzp_live_1", "begins with rzp_live_, as the ID of an API key does."),
        ("square", "EAAA1", "begins with EAAA, as an access token of Square does."),
        ("square", "sq0idp-1", "begins with sq0, as a credential of the application does."),
        ("mercadopago", "APP_USR-1", "begins with APP_USR-, as an access token or a public key does."),
        ("polar", "polar_oat_1", "begins with polar_oat_, as an access token of Polar does."),
        ("lemonsqueezy", "short", "the signing secret of the webhook, of 6 to 40 characters; what came is not."),
        ("adyen", "hunter2", "the HMAC key of the webhook, which is hexadecimal; what came is not."),
        ("authorizenet", "hunter2", "the Signature Key, which is hexadecimal; what came is not."),
        ("hmac", "sk_test_1", "begins with sk_test_, as an API key of Stripe does."),
        ("standard", "whsec_not base64", "secret cannot be used:"),
        ("uptimerobot", "https://x.example", "begins with https://, as an address does."),
    ],
)
def test_what_is_taken_for_a_secret_by_mistake_is_refused_by_name(name, secret, said):
    provider = get_provider(name)

    with pytest.raises(InvalidRequest) as caught:
        kept_secret(provider, {**provider.usual_settings, "header": "x-signature"}, secret)

    assert said in caught.value.message
    assert secret not in caught.value.message


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("stripe", {"api_key": "whsec_1"}, "begins with whsec_, as the signing secret of a destination does."),
        ("stripe", {"api_key": "pk_live_1"}, "begins with pk_, as a publishable key of Stripe does."),
        ("paddle", {"api_key": "pdl_ntfset_1"}, "begins with pdl_ntfset_, as the secret key of a destination does."),
        ("mollie", {"api_key": "hunter2"}, "what came does not."),
        ("razorpay", {"key_id": "hunter2"}, "which begins with rzp_; what came does not."),
        ("razorpay", {"key_secret": "rzp_live_1"}, "begins with rzp_live_, as the ID of an API key does."),
        (
            "paypal",
            {"webhook_id": "https://relay.example/in/src_1"},
            "settings.webhook_id must be a word without blanks",
        ),
        (
            "paypal",
            {"mode": "sanbox"},
            "settings.mode must be one of live, sandbox; it is 'sanbox'. Did you mean sandbox?",
        ),
        ("upmind", {"timezone": "Europe/Berln"}, "Did you mean Europe/Berlin?"),
        ("plesk", {"api_url": "server1.example:8443"}, "Did you mean https://server1.example:8443?"),
        ("zendesk", {"api_email": "zoe"}, "settings.api_email must be an e-mail address"),
        ("recurly", {"tolerance": "5 min"}, "settings.tolerance must be a number of seconds"),
        ("braintree", {"currency": "Euro"}, "settings.currency must be a currency of three letters"),
        ("whmcs", {"department": "Billing"}, "settings.department must be an id, which is a number"),
        ("hmac", {"header": "X-Signature: "}, "settings.header must be the name of a header"),
        ("zabbix", {"timezon": "UTC"}, "settings.timezon is no setting of Zabbix. Did you mean timezone?"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_by_name(name, settings, said):
    with pytest.raises(InvalidRequest) as caught:
        kept(get_provider(name), settings)

    assert said in caught.value.message


def test_a_secret_is_cut_out_of_the_blanks_that_came_along():
    assert kept_secret(get_provider("stripe"), {}, " whsec_1\n") == "whsec_1"


def test_what_was_kept_before_there_was_a_check_is_named():
    zabbix = Source("src_1", "ws_1", "zabbix", "Zabbix", settings={"timezone": "Europe/Berln"})
    stripe = Source(
        "src_2",
        "ws_1",
        "stripe",
        "Stripe",
        secrets=(Secret("sk_live_1"), Secret(" whsec_1"), Secret("pk_live_1", not_after=1.0)),
        settings={"api_url": "https://api.stripe.com ", "gone": "1"},
    )

    assert dict(misfits(zabbix)) == {
        "timezone": "timezone must be a time zone, such as Europe/Berlin or UTC; it is 'Europe/Berln'."
        " Did you mean Europe/Berlin?"
    }
    assert list(misfits(stripe)) == [
        ("api_url", "api_url has blanks around it"),
        (
            "secret",
            "secret must be the signing secret of the destination, which begins with whsec_ and stands there under"
            " Signing secret; what came begins with sk_live_, as an API key of Stripe does.",
        ),
        ("secret", "secret has blanks around it"),
    ]
    assert list(misfits(replace(stripe, secrets=(Secret("whsec_1"),), settings={"api_url": "https://x.example"}))) == []
