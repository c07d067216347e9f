"""An address loses who logs in there, wherever it stands, and still leads to its host."""

from kit.cases import cases
from relay.security.credentials import may_hold
from relay.security.redaction import without_credentials_in_addresses


@cases(
    ("text", "expected"),
    [
        ("https://deploy:pw@acme.example/health", "https://acme.example/health"),
        ("https://deploy:p@w@acme.example", "https://acme.example"),
        ("https://deploy:p%40w@acme.example:8443/", "https://acme.example:8443/"),
        ("postgres://u:p/w@db:5432/shop", "postgres://db:5432/shop"),
        ("redis://:pw@cache:6379/0", "redis://cache:6379/0"),
        ("mongodb://u:p@a,b/?authSource=admin", "mongodb://a,b/?authSource=admin"),
        ("rest:https://u:p@backup:8000/", "rest:https://backup:8000/"),
        ("https://token@acme.example/", "https://acme.example/"),
        ("//u:p@acme.example/", "//acme.example/"),
        ("u:p@tcp(127.0.0.1:3306)/shop", "tcp(127.0.0.1:3306)/shop"),
        ("[Shop][https://u:p@acme.example] is <a href='https://u:p@b.example'>down</a>",
         "[Shop][https://acme.example] is <a href='https://b.example'>down</a>"),
        ('{"url":"https:\\/\\/u:p@acme.example\\/"}', '{"url":"https:\\/\\/acme.example\\/"}'),
        ("https%3A%2F%2Fdeploy%3Apw%40acme.example%2F", "https%3A%2F%2Facme.example%2F"),
        ("from=https%3A//deploy%3Apw%40acme.example/x", "from=https%3A//acme.example/x"),
        ("https://a.example/?token=abc&x=1&api_key=k", "https://a.example/?token=[removed]&x=1&api_key=[removed]"),
        ("/health?password=x", "/health?password=[removed]"),
        ("https://a.example/#access_token=x", "https://a.example/#access_token=[removed]"),
        ("https://a.example/?a=1&amp;token=x", "https://a.example/?a=1&amp;token=[removed]"),
        ("https://s3.example/x?X-Amz-Signature=s&X-Amz-Expires=60&X-Amz-Security-Token=t",
         "https://s3.example/x?X-Amz-Signature=[removed]&X-Amz-Expires=60&X-Amz-Security-Token=[removed]"),
        ("https://a.example/?sig=s&se=2026", "https://a.example/?sig=[removed]&se=2026"),
        ("https://a.example/?key=AIzaSyABCDEFGHIJ", "https://a.example/?key=[removed]"),
        ("jdbc:sqlserver://db;user=sa;password=x;a=1", "jdbc:sqlserver://db;user=sa;password=[removed];a=1"),
        ("https://a.example/?next=https%3A%2F%2Fb%2F%3Ftoken%3Dx%26a%3D1",
         "https://a.example/?next=https%3A%2F%2Fb%2F%3Ftoken%3D[removed]%26a%3D1"),
    ],
)  # fmt: skip
def test_credentials_are_gone(text: str, expected: str) -> None:
    assert may_hold(text)
    assert without_credentials_in_addresses(text) == expected


@cases(
    "text",
    [
        "https://acme.example:8443/@user/posts?page=2",
        "https://host:8080/path@x",
        "http://[2001:db8::1]:8080/users/@me",
        "ssh://git@github.com/acme/shop",
        "git+ssh://git@github.com/acme/shop",
        "sftp://backup@host/./repository",
        "git@github.com:acme/shop.git",
        "mail zoe@acme.example and/or jane@acme.example",
        "at 10:30 @home // later",
        "https://a.example/?key=PROJ-1&sort=id&author=zoe",
        "https://a.example/?token=[removed]",
    ],
)
def test_what_only_looks_like_credentials_stays(text: str) -> None:
    assert without_credentials_in_addresses({"a": [text]}) == {"a": [text]}
