"""Tokens are kept until shortly before they end, and not too many of them."""

from typing import Any

import pytest

from relay.sdk.oauth import Client, Token, TokenCache


def test_a_token_is_kept_until_a_minute_before_its_end() -> None:
    kept = TokenCache()
    token = Token.of({"access_token": "t", "expires_in": 3600}, 100.0)
    assert token is not None
    kept.put("key", token)

    assert [kept.get("key", now) for now in (100.0, 3639.0, 3640.0)] == ["t", "t", None]


@pytest.mark.parametrize("said", [{}, [], "t", None, {"access_token": 7}, {"access_token": ""}])
def test_what_holds_no_token_is_none(said: Any) -> None:
    assert Token.of(said, 0.0) is None


@pytest.mark.parametrize("seconds", [None, "3600", 0, 60])
def test_a_token_that_does_not_say_how_long_it_lasts_is_not_kept(seconds: Any) -> None:
    kept = TokenCache()
    token = Token.of({"access_token": "t", "expires_in": seconds}, 0.0)
    assert token is not None
    kept.put("key", token)

    assert kept.get("key", 0.0) is None


def test_only_so_many_tokens_are_kept() -> None:
    kept = TokenCache()
    for number in range(65):
        kept.put(f"key {number}", Token("t", 1.0))

    assert [kept.get(f"key {number}", 0.0) for number in (0, 1, 64)] == [None, "t", "t"]


def test_a_refused_token_is_forgotten_but_not_the_one_that_took_its_place() -> None:
    kept = TokenCache()
    kept.put("key", Token("new", 1.0))

    kept.drop("key", "old")
    assert kept.get("key", 0.0) == "new"
    kept.drop("key", "new")
    assert kept.get("key", 0.0) is None


def test_another_secret_or_place_has_another_token_and_nothing_secret_prints() -> None:
    clients = [
        Client("https://a", "id", "plain"),
        Client("https://a", "id", "other"),
        Client("https://b", "id", "plain"),
    ]

    assert len({client.key for client in clients}) == 3
    assert "plain" not in repr((clients, Token("plain", 0.0)))
