"""Where the web part listens, where it says that it is, and what it keeps in memory."""

import os
from pathlib import Path

import pytest

from kit.cases import cases
from relay.running import web
from relay.running.listening import reached_at


@cases(
    ("host", "bound", "reached"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
        ("", "", "127.0.0.1"),
        ("relay.example.com", "relay.example.com", "relay.example.com"),
        ("::1", "[::1]", "[::1]"),
        ("[::1]", "[::1]", "[::1]"),
        ("::", "[::]", "[::1]"),
        ("2001:db8::5", "[2001:db8::5]", "[2001:db8::5]"),
    ],
)
def test_an_ipv6_address_is_written_in_brackets(host: str, bound: str, reached: str) -> None:
    assert web.settings(host, 8080, 1)["bind"] == f"{bound}:8080"
    assert reached_at(host) == reached


def test_the_sign_of_life_goes_to_memory_only_where_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(path: str, mode: int) -> bool:
        return path != str(tmp_path) or not mode & os.W_OK

    monkeypatch.setattr(web, "_MEMORY", str(tmp_path))
    writable = web.settings("127.0.0.1", 8080, 1)["worker_tmp_dir"]
    monkeypatch.setattr(os, "access", asked)  # root may write anywhere
    closed = web.settings("127.0.0.1", 8080, 1)["worker_tmp_dir"]
    monkeypatch.setattr(web, "_MEMORY", str(tmp_path / "absent"))
    absent = web.settings("127.0.0.1", 8080, 1)["worker_tmp_dir"]

    assert (writable, closed, absent) == (str(tmp_path), None, None)
