"""What each provider's source may be set to, and what is refused there by name."""

from dataclasses import replace

import pytest

from kit.cases import cases
from relay.accounts.settings import fitting_secret, kept, kept_secret, misfits
from relay.errors import InvalidRequest
from relay.model import Secret, Source
from relay.providers import get as get_provider
from relay.providers import load

PROVIDERS = [each for each in load().values() if each.kind != "relay"]
SIGNED = [each for each in PROVIDERS if each.secret != "none"]


@cases("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_default_and_every_example_fits_its_own_form(provider):
    for setting in provider.settings:
        assert setting.takes.read(setting.takes.example) == setting.takes.example
        assert setting.default is None or setting.takes.read(setting.default) == setting.default


@cases("provider", SIGNED, ids=lambda provider: provider.name)
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


@cases(
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


@cases(
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
        ("whmcs", {"department": "Billing"}, "settings.department must be an id in digits"),
        ("hmac", {"header": "X-Signature: "}, "settings.header must be the name of a header"),
        ("zabbix", {"timezon": "UTC"}, "settings.timezon is not a setting of Zabbix. Did you mean timezone?"),
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
    elsewhere = replace(stripe, secrets=(Secret("whsec_1"),), settings={"api_url": "https://x.example"})
    assert list(misfits(elsewhere)) == [
        (
            "api_url",
            "api_url must be at api.stripe.com, where Stripe is; it is 'https://x.example'."
            " Another host, such as one for tests, is listed by the operator in RELAY_ALLOW_PRIVATE_SOURCES.",
        )
    ]
    assert list(misfits(elsewhere, frozenset({"x.example"}))) == []


ADDRESSES = [(provider, setting) for provider in PROVIDERS for setting in provider.settings if setting.hosts]
OTHER = "https://other.example"


def test_each_address_that_is_asked_says_at_which_hosts_it_may_be():
    addresses = {
        f"{provider.name}.{setting.name}"
        for provider in PROVIDERS
        for setting in provider.settings
        if setting.takes.example.startswith("http") and not setting.hosts
    }

    assert addresses == {"square.notification_url"}  # which is signed, not asked


@cases(("provider", "address"), ADDRESSES, ids=lambda each: each.name)
def test_another_address_goes_without_the_credentials_of_the_old_one(provider, address):
    listed = frozenset({"other.example"})
    credentials = {each.name: each.takes.example for each in provider.settings if each.secret}
    old = kept(provider, {address.name: address.default or address.takes.example, **credentials})

    with_all = kept(provider, {address.name: OTHER, **credentials}, old, allow_private=listed)
    same = kept(provider, {address.name: old[address.name] + "/"}, old)

    assert with_all == {**old, address.name: OTHER}
    assert same == {**old, address.name: old[address.name] + "/"}
    if any(each.secret and each.required for each in provider.settings):
        with pytest.raises(InvalidRequest, match="credentials are not sent to a new address"):
            kept(provider, {address.name: OTHER}, old, allow_private=listed)
    else:
        alone = kept(provider, {address.name: OTHER}, old, allow_private=listed)
        assert alone == {name: value for name, value in old.items() if name not in credentials} | {address.name: OTHER}


@cases(("provider", "address"), ADDRESSES, ids=lambda each: each.name)
def test_a_first_address_or_the_usual_one_again_is_another_address_too(provider, address):
    credentials = {each.name: each.takes.example for each in provider.settings if each.secret and not each.required}
    required = {each.name: each.takes.example for each in provider.settings if each.secret and each.required}
    nowhere = {**provider.usual_settings, **credentials}

    found = kept(provider, {address.name: OTHER, **required}, nowhere, allow_private=frozenset({"other.example"}))
    back = kept(provider, {address.name: None, **required}, {**nowhere, address.name: OTHER})

    assert set(found) & set(credentials) == set()
    assert set(back) & set(credentials) == set()


@cases(
    ("name", "address"),
    [
        ("stripe", OTHER),
        ("stripe", "https://api.stripe.com.other.example"),
        ("stripe", "https://stripe.com"),
        ("stripe", "https://x.api.stripe.com"),
        ("stripe", "https://api-stripe.com"),
        ("stripe", "https://[2606:4700::1111]"),
        ("stripe", "https://1.1.1.1"),
        ("stripe", "https://api.stripe.com\\@other.example"),
        ("stripe", "https://api.stripe.com@other.example"),
        ("stripe", "http://api.stripe.com"),
        ("paypal", OTHER),
        ("chargebee", "https://chargebee.com"),
        ("chargebee", "https://mychargebee.com"),
        ("zendesk", "https://acme.zendesk.com.other.example"),
        ("freshdesk", "https://other.example/.freshdesk.com"),
        ("whmcs", "http://billing.example"),
        ("whmcs", "https://169.254.169.254/latest"),
        ("whmcs", "https://10.0.0.7"),
        ("whmcs", "https://panel.internal"),
    ],
)
def test_credentials_are_sent_to_no_other_host_than_the_vendors_and_to_no_private_one(name, address):
    provider = get_provider(name)
    (setting,) = (each.name for each in provider.settings if each.hosts)

    with pytest.raises(InvalidRequest, match=f"settings.{setting} "):
        kept(provider, {setting: address})


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("stripe", "https://API.stripe.com"),
        ("stripe", "https://api.stripe.com.:443/"),
        ("square", "https://connect.squareupsandbox.com"),
        ("paypal", "https://api-m.sandbox.paypal.com"),
        ("recurly", "https://v3.eu.recurly.com"),
        ("chargebee", "https://acme-test.chargebee.com"),
        ("whmcs", "https://billing.example:8443/includes/api.php"),
    ],
)
def test_a_host_of_the_vendors_or_any_public_one_of_a_panel_is_taken(name, address):
    provider = get_provider(name)
    (setting,) = (each.name for each in provider.settings if each.hosts)

    assert kept(provider, {setting: address})[setting] == address


def test_a_host_that_the_operator_lists_is_taken_for_a_vendors_and_for_a_private_panel():
    listed = frozenset({"panel.internal:8443", "127.0.0.1"})

    assert kept(get_provider("stripe"), {"api_url": "http://127.0.0.1:12111"}, allow_private=listed)
    assert kept(get_provider("plesk"), {"api_url": "https://panel.internal:8443"}, allow_private=listed)
    with pytest.raises(InvalidRequest):
        kept(get_provider("plesk"), {"api_url": "https://panel.internal"}, allow_private=listed)
