"""Works out IML, the expressions between `{{` and `}}`.

An expression alone keeps its value's type; within other text it becomes text. Arrays count from 1. A path that leads
nowhere is None, but its first name must be known. `==` and `!=` are strict.
"""

import base64
import hashlib
import hmac
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

SPREAD = "{{...}}"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|`(?P<odd>[^`]+)`"
    r"|(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!().,\[\]]))"
)
_LEVELS = (("||",), ("&&",), ("==", "===", "!=", "!=="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "undefined": None, "emptyarray": []}


class Wrong(Exception):
    """The app's IML is not what Make understands."""


def value_of(node: Any, variables: Mapping[str, Any]) -> Any:
    """A whole block worked out. What comes to None is left out of objects, as Make leaves it out of requests."""
    if isinstance(node, str):
        return _text(node, variables)
    if isinstance(node, list):
        return [value_of(each, variables) for each in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for name, each in node.items():
        found = value_of(each, variables)
        if name == SPREAD:
            made |= found or {}
        elif found is not None:
            made[str(_text(name, variables))] = found
    return made


def _text(text: str, variables: Mapping[str, Any]) -> Any:
    pieces = list(_pieces(text))
    if len(pieces) == 1 and pieces[0][0]:
        return _Expression(pieces[0][1], variables).value()
    said = (_Expression(each, variables).value() if is_iml else each for is_iml, each in pieces)
    return "".join("" if each is None else as_text(each) for each in said)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    at = 0
    while (start := text.find("{{", at)) >= 0:
        if start > at:
            yield False, text[at:start]
        end = _end(text, start + 2)
        yield True, text[start + 2 : end]
        at = end + 2
    if at < len(text) or not text:
        yield False, text[at:]


def _end(text: str, at: int) -> int:
    quoted = ""
    while at < len(text):
        if quoted:
            quoted = "" if text[at] == quoted else quoted
        elif text[at] in "'\"`":
            quoted = text[at]
        elif text.startswith("}}", at):
            return at
        at += 1
    raise Wrong(f"there is a {{{{ without its }}}} in {text!r}")


class _Expression:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._whole, self._variables, self._at = text, variables, 0

    def value(self) -> Any:
        found = self._level(0)
        if self._whole[self._at :].strip():
            raise Wrong(f"{self._whole[self._at :].strip()!r} is too much in {self._whole!r}")
        return found

    def _peek(self) -> tuple[str, str]:
        token = _TOKEN.match(self._whole, self._at)
        return (str(token.lastgroup), str(token[str(token.lastgroup)])) if token else ("", "")

    def _take(self) -> tuple[str, str]:
        token = _TOKEN.match(self._whole, self._at)
        if token is None:
            raise Wrong(f"something is missing at the end of {self._whole!r}")
        self._at = token.end()
        return str(token.lastgroup), str(token[str(token.lastgroup)])

    def _expect(self, sign: str) -> None:
        if self._take() != ("sign", sign):
            raise Wrong(f"{sign!r} is missing in {self._whole!r}")

    def _level(self, level: int) -> Any:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self._peek()[0] == "sign" and self._peek()[1] in _LEVELS[level]:
            sign = self._take()[1]
            left = _apply(sign, left, self._level(level + 1))
        return left

    def _unary(self) -> Any:
        if self._peek() == ("sign", "!"):
            self._take()
            return not truth(self._unary())
        if self._peek() == ("sign", "-"):
            self._take()
            return -number(self._unary())
        return self._primary()

    def _primary(self) -> Any:
        sort, word = self._take()
        if sort == "number":
            return float(word) if "." in word else int(word)
        if sort == "text":
            return re.sub(r"\\(.)", r"\1", word[1:-1])
        if (sort, word) == ("sign", "("):
            inner = self._level(0)
            self._expect(")")
            return inner
        if sort == "name" and self._peek() == ("sign", "("):
            return self._steps(self._call(word))
        if sort not in ("name", "odd"):
            raise Wrong(f"{word!r} is no value in {self._whole!r}")
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        if word not in self._variables:
            raise Wrong(f"there is no variable {word!r} here: {self._whole!r}")
        return self._steps(self._variables[word])

    def _call(self, name: str) -> Any:
        self._take()
        arguments = []
        while self._peek() != ("sign", ")"):
            arguments.append(self._level(0))
            if self._peek() == ("sign", ","):
                self._take()
        self._take()
        if name not in FUNCTIONS:
            raise Wrong(f"there is no function {name!r}")
        return FUNCTIONS[name](*arguments)

    def _steps(self, found: Any) -> Any:
        while self._peek() in (("sign", "."), ("sign", "[")):
            if self._take()[1] == ".":
                found = found.get(self._take()[1]) if isinstance(found, Mapping) else (self._take() and None)
            else:
                index = int(number(self._level(0)))
                self._expect("]")
                found = _at(found, index)
        return found


def _at(found: Any, index: int) -> Any:
    if not isinstance(found, list) or not found:
        return None
    place = index - 1 if index > 0 else len(found) + index
    return found[place] if 0 <= place < len(found) else None


def _apply(sign: str, left: Any, right: Any) -> Any:
    match sign:
        case "||":
            return left if truth(left) else right
        case "&&":
            return right if truth(left) else left
        case "==" | "===":
            return type(left) is type(right) and left == right if not _numbers(left, right) else left == right
        case "!=" | "!==":
            return not _apply("==", left, right)
        case "+":
            return left + right if _numbers(left, right) else as_text(left) + as_text(right)
        case "-":
            return number(left) - number(right)
        case "*":
            return number(left) * number(right)
        case "/":
            return number(left) / number(right)
        case "%":
            return math.fmod(number(left), number(right))
    first, second = (left, right) if isinstance(left, str) and isinstance(right, str) else (number(left), number(right))
    return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[sign]


def _numbers(*values: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def truth(value: Any) -> bool:
    return value not in (None, False, 0, "") or (value == [] and isinstance(value, list))


def number(value: Any) -> float | int:
    if _numbers(value):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value.strip()):
        return float(value) if "." in value else int(value)
    raise Wrong(f"{value!r} is no number")


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sha256(text: Any, encoding: str = "hex", key: Any = None) -> str:
    content = as_text(text).encode()
    made = hmac.new(as_text(key).encode(), content, hashlib.sha256) if key is not None else hashlib.sha256(content)
    return made.hexdigest() if encoding == "hex" else base64.b64encode(made.digest()).decode()


def _format_date(moment: Any, pattern: str, _zone: str = "UTC") -> str:
    when = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    if pattern == "X":
        return str(int(when.timestamp()))
    words = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
    return when.strftime(re.sub("|".join(words), lambda found: words[found[0]], pattern))


def _switch(value: Any, *pairs: Any) -> Any:
    for case, result in zip(pairs[::2], pairs[1::2], strict=False):
        if case == value:
            return result
    return pairs[-1] if len(pairs) % 2 else None


def _get(value: Any, path: str) -> Any:
    for name in str(path).split("."):
        value = value.get(name) if isinstance(value, Mapping) else _at(value, int(name)) if name.isdigit() else None
    return value


def _map(values: Any, path: str, key: str | None = None, wanted: Any = None) -> list[Any]:
    kept = [each for each in values or [] if key is None or as_text(_get(each, key)) == as_text(wanted)]
    return [_get(each, path) for each in kept]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "if": lambda condition, yes, no=None: yes if truth(condition) else no,
    "ifempty": lambda value, other: other if value in (None, "") else value,
    "switch": _switch,
    "get": _get,
    "pick": lambda value, *names: {name: value[name] for name in names if name in value},
    "omit": lambda value, *names: {name: each for name, each in value.items() if name not in names},
    "lower": lambda text: as_text(text).lower(),
    "upper": lambda text: as_text(text).upper(),
    "trim": lambda text: as_text(text).strip(),
    "replace": lambda text, old, new: as_text(text).replace(as_text(old), as_text(new)),
    "split": lambda text, by: as_text(text).split(by),
    "substring": lambda text, start, end=None: as_text(text)[int(start) : None if end is None else int(end)],
    "length": lambda value: len(value) if isinstance(value, list | str) else 0,
    "contains": lambda value, part: part in (value or ()),
    "base64": lambda text: base64.b64encode(as_text(text).encode()).decode(),
    "encodeURL": lambda text: quote(as_text(text), safe=""),
    "md5": lambda text: hashlib.md5(as_text(text).encode()).hexdigest(),
    "sha256": _sha256,
    "join": lambda values, by: by.join(as_text(each) for each in values or []),
    "map": _map,
    "first": lambda values: _at(values, 1),
    "last": lambda values: _at(values, -1),
    "keys": lambda value: list(value or {}),
    "merge": lambda *values: [each for value in values for each in value or []],
    "add": lambda values, *more: [*(values or []), *more],
    "distinct": lambda values: list(dict.fromkeys(values or [])),
    "flatten": lambda values: [inner for each in values for inner in (each if isinstance(each, list) else [each])],
    "sort": lambda values, _order="asc": sorted(values or []),
    "slice": lambda values, start, end=None: (values or [])[int(start) : None if end is None else int(end)],
    "toArray": lambda value: [{"key": name, "value": each} for name, each in (value or {}).items()],
    "toCollection": lambda values, key, value: {each[key]: each.get(value) for each in values or []},
    "formatDate": _format_date,
    "parseDate": lambda text, _format=None, _zone="UTC": datetime.fromisoformat(text),
    "addDays": lambda moment, days: moment + timedelta(days=number(days)),
    "addSeconds": lambda moment, seconds: moment + timedelta(seconds=number(seconds)),
    "round": lambda value: round(number(value)),
    "floor": lambda value: math.floor(number(value)),
    "ceil": lambda value: math.ceil(number(value)),
    "min": lambda *values: min(map(number, values)),
    "max": lambda *values: max(map(number, values)),
    "parseNumber": lambda text, _separator=".": number(text),
    "formatNumber": lambda value, decimals, *_: f"{number(value):.{int(decimals)}f}",
    "parseJSON": json.loads,
    "createJSON": json.dumps,
}


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
