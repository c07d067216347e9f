"""Reads IML, the expressions between `{{` and `}}` in a Make app: which functions and variables they use.

https://developers.make.com/custom-apps-documentation/component-blocks/iml-functions. Nothing is worked out here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    """A set that can be read on a few lines."""
    return frozenset(text.split())


FUNCTIONS = words(
    "if ifempty switch get pick omit lower upper trim replace split substring length contains base64 encodeURL"
    " md5 sha256 join map first last keys merge add distinct flatten sort slice toArray toCollection formatDate"
    " parseDate addDays addSeconds round floor ceil min max parseNumber formatNumber parseJSON createJSON"
)
"""Those that every app may use."""

SPREAD = "{{...}}"
"""As a key it merges an object into the one that it stands in."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<odd>`[^`]+`)"
    r"|(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!().,\[\]]))"
)
_OPERATORS = ("||", "&&", "== === != !==", "< <= > >=", "+ -", "* / %")
"""From the loosest to the tightest."""


class Wrong(ValueError):
    """The text is not IML; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """`calls` are the functions it calls; `paths` the variables, each as the names from its root on."""

    text: str
    calls: tuple[str, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    calls: list[str] = field(default_factory=list)
    paths: list[tuple[str, ...]] = field(default_factory=list)

    def peek(self) -> tuple[str, str]:
        """Sort and words of what comes next; of the end both are empty."""
        if not self.text[self.at :].strip():
            return "", ""
        token = _TOKEN.match(self.text, self.at)
        if token is None or token.lastgroup is None:
            raise Wrong(f"{self.text[self.at :].strip()[:20]!r} is not understood")
        return token.lastgroup, token[token.lastgroup]

    def take(self) -> tuple[str, str]:
        found = self.peek()
        token = _TOKEN.match(self.text, self.at)
        self.at = token.end() if token else len(self.text)
        return found

    def expect(self, sign: str) -> None:
        sort, word = self.take()
        if (sort, word) != ("sign", sign):
            raise Wrong(f"{sign!r} is missing before {word!r}" if word else f"{sign!r} is missing at the end")

    def expression(self, level: int = 0) -> None:
        if level == len(_OPERATORS):
            self.unary()
            return
        self.expression(level + 1)
        while self.peek()[0] == "sign" and self.peek()[1] in _OPERATORS[level].split():
            self.take()
            self.expression(level + 1)

    def unary(self) -> None:
        while self.peek() in (("sign", "!"), ("sign", "-")):
            self.take()
        self.primary()

    def primary(self) -> None:
        sort, word = self.take()
        if sort in ("number", "text"):
            return
        if (sort, word) == ("sign", "("):
            self.expression()
            self.expect(")")
        elif sort == "name" and self.peek() == ("sign", "("):
            self.calls.append(word)
            self.take()
            self.arguments()
        elif sort in ("name", "odd"):
            self.path(word.strip("`"))
            return
        else:
            raise Wrong(f"a value is missing before {word!r}" if word else "a value is missing at the end")
        self.steps([])

    def arguments(self) -> None:
        if self.peek() != ("sign", ")"):
            self.expression()
            while self.peek() == ("sign", ","):
                self.take()
                self.expression()
        self.expect(")")

    def path(self, root: str) -> None:
        names = [root]
        self.steps(names)
        if names not in (["true"], ["false"], ["null"], ["undefined"], ["emptyarray"]):
            self.paths.append(tuple(names))

    def steps(self, names: list[str]) -> None:
        while self.peek() in (("sign", "."), ("sign", "[")):
            if self.take()[1] == ".":
                sort, word = self.take()
                if sort not in ("name", "odd"):
                    raise Wrong(f"a name is missing after the dot before {word!r}" if word else "it ends with a dot")
                names.append(word.strip("`"))
            else:
                if self.peek() != ("sign", "]"):
                    self.expression()
                self.expect("]")
                names.append("[]")


def expressions(text: str) -> Iterator[Expression]:
    """Every expression in a text. Raises `Wrong` for one that cannot be read."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = _end(text, start + 2)
        inner = text[start + 2 : end]
        reader = _Reader(inner)
        reader.expression()
        if reader.peek()[1]:
            raise Wrong(f"an operator is missing before {reader.peek()[1]!r}")
        yield Expression(inner.strip(), tuple(reader.calls), tuple(reader.paths))
        at = end + 2
    if "}}" in text[at:]:
        raise Wrong("there is a }} without its {{")


def _end(text: str, at: int) -> int:
    """Where the `}}` of an expression is: not one within a text."""
    quote = ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"`":
            quote = char
        elif text.startswith("}}", at):
            return at
        at += 1
    raise Wrong("there is a {{ without its }}")
