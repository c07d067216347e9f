"""Measures the source tree: its size, its import arrows, and the limits that the project keeps. `make house` runs it.

`python -m bench.house [ROOT]` prints a table of the project in ROOT (this one by default) and lists what misses a goal.
It exits with 1 when a goal is missed. It imports nothing of what it measures: so older commits can be measured too.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ORDER = (
    *("errors", "model", "formats", "security", "config", "logs", "http", "catalogue", "sdk", "providers", "agents"),
    *("storage", "queue", "context", "areas", "inbound", "outbound", "pipeline", "accounts", "notify", "actions"),
    *("insight", "watch", "web", "running", "develop", "cli"),
)
"""The folders and files of `relay/` in the direction of their arrows: each imports only what stands before it."""

ON_TOP = {"__init__", "__main__"}
"""What stands above all others: `create_app` and `python -m relay`."""

FILES, FOLDERS, LINES, PARAMETERS = 8, 24, 60, 7
"""The limits: files and folders directly in `relay/`; lines and parameters of a function."""

WRITERS = ("relay/develop/generate/",)
"""The writers of derived files are long lists by nature; the limits of functions do not apply to them."""

REPEATED = 6
"""So many lines in a row that stand in two places count as written twice."""


@dataclass(frozen=True)
class Function:
    place: str
    """`file:line name`."""
    lines: int
    parameters: int
    """Without `self` and `cls`."""


def modules(root: Path = ROOT) -> list[Path]:
    """Returns the modules of `root/relay`, sorted, without tests and the steps of the database's migrations."""
    relay = root / "relay"
    return sorted(
        path for path in relay.rglob("*.py") if not {"tests", "versions"} & set(path.relative_to(relay).parts[:-1])
    )


def name_of(path: Path, root: Path = ROOT) -> str:
    """Returns a module's name inside `relay`: `storage.events`, or `__init__` for the package itself."""
    return ".".join(path.relative_to(root / "relay").with_suffix("").parts).removesuffix(".__init__")


def room_of(name: str) -> str:
    """Returns the folder or top-level file that a module belongs to: `storage` for `storage.events`."""
    return name.partition(".")[0]


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Returns the dotted names that a module imports anywhere, inside functions too: `relay.errors.NotFound`."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(root: Path) -> set[tuple[str, str]]:
    """Returns the imports between the modules of a project, as (importing, imported); `create_app` is an import too."""
    known = {name_of(path, root) for path in modules(root)}
    found = set()
    for path in modules(root):
        for name in imports(path):
            target = "__init__" if name == "relay.create_app" else _module_of(name, known)
            if target is not None and target != name_of(path, root):
                found.add((name_of(path, root), target))
    return found


def _module_of(name: str, known: set[str]) -> str | None:
    package, _, inside = name.partition(".")
    while package == "relay" and inside:
        if inside in known:
            return inside
        inside = inside.rpartition(".")[0]
    return None


def between_rooms(of_modules: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Returns the arrows between folders that arrows between modules make."""
    pairs = {(room_of(source), room_of(target)) for source, target in of_modules}
    return {(source, target) for source, target in pairs if source != target}


def arrows_back(of_rooms: set[tuple[str, str]]) -> set[tuple[str, str]] | None:
    """Returns the arrows that run against `ORDER`; None where a folder has no place in it, as in an older tree."""
    places = {name: place for place, name in enumerate((*ORDER, *sorted(ON_TOP)))}
    if any(name not in places for arrow in of_rooms for name in arrow):
        return None
    return {(source, target) for source, target in of_rooms if places[source] < places[target]}


def circles(of_names: set[tuple[str, str]]) -> list[list[str]]:
    """Returns the groups of names that reach each other along arrows, each sorted."""
    targets: dict[str, set[str]] = {}
    for source, target in of_names:
        targets.setdefault(source, set()).add(target)
    reached = {name: _reached(name, targets) for name in targets}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
        for name in targets
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reached(start: str, targets: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = targets.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def functions(root: Path) -> list[Function]:
    """Returns every function and method of a project but those of the writers of derived files."""
    found = []
    for path in modules(root):
        place = str(path.relative_to(root))
        if place.startswith(WRITERS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found.append(Function(f"{place}:{node.lineno} {node.name}", lines, _parameters(node.args)))
    return found


def _parameters(of: ast.arguments) -> int:
    names = [each.arg for each in (*of.posonlyargs, *of.args)]
    bound = names[:1] in (["self"], ["cls"])
    return len(names) - bound + len(of.kwonlyargs) + sum(each is not None for each in (of.vararg, of.kwarg))


def repeats(root: Path) -> Counter[str]:
    """Returns, for each file, how many of its lines repeat a passage of `REPEATED` lines that stands elsewhere before.

    Blank lines, comments, imports and single brackets count for nothing; indentation makes no difference.
    """
    seen: set[tuple[str, ...]] = set()
    found: Counter[str] = Counter()
    for path in modules(root):
        lines = list(_meaningful(path.read_text()))
        again: set[int] = set()
        for start in range(len(lines) - REPEATED + 1):
            passage = tuple(lines[start : start + REPEATED])
            if passage in seen:
                again.update(range(start, start + REPEATED))
            seen.add(passage)
        if again:
            found[str(path.relative_to(root))] = len(again)
    return found


def _meaningful(text: str) -> Iterator[str]:
    imported: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if number not in imported and not bare.startswith("#") and bare.strip("()[]{},:"):
            yield bare


@dataclass(frozen=True)
class Row:
    about: str
    value: int | None
    goal: int | None = None
    missed: Sequence[str] = ()
    """What misses the goal, each in a line."""


def measured(root: Path) -> list[Row]:
    """Returns the rows of the table for the project in `root`."""
    relay = root / "relay"
    files = sorted(path.name for path in relay.glob("*.py"))
    folders = sorted(path.parent.name for path in relay.glob("*/__init__.py"))
    of_modules = arrows(root)
    of_rooms = between_rooms(of_modules)
    back = arrows_back(of_rooms)
    room_circles, module_circles = circles(of_rooms), circles(of_modules)
    every = functions(root)
    long = sorted((each for each in every if each.lines > LINES), key=lambda each: -each.lines)
    broad = sorted((each for each in every if each.parameters > PARAMETERS), key=lambda each: -each.parameters)
    # `create_app` is the one name that lower folders may take from the top.
    wrong = sorted(f"{source} -> {target}" for source, target in back or () if target != "__init__")
    twice = repeats(root)
    return [
        Row("files directly in relay/", len(files), FILES, files if len(files) > FILES else ()),
        Row("folders directly in relay/", len(folders), FOLDERS, folders if len(folders) > FOLDERS else ()),
        Row("modules", len(modules(root))),
        Row("arrows between folders", len(of_rooms)),
        Row("arrows back, but to create_app", None if back is None else len(wrong), 0, wrong),
        Row("circles of folders", len(room_circles), 0, [" <-> ".join(each) for each in room_circles]),
        Row("circles of modules", len(module_circles), 0, [" <-> ".join(each) for each in module_circles]),
        Row("lines of the longest function", max(each.lines for each in every), LINES),
        Row(f"functions above {LINES} lines", len(long), 0, [f"{each.place}: {each.lines} lines" for each in long]),
        Row("most parameters", max(each.parameters for each in every), PARAMETERS),
        Row(
            f"functions above {PARAMETERS} parameters",
            len(broad),
            0,
            [f"{each.place}: {each.parameters} parameters" for each in broad],
        ),
        Row("lines written twice", twice.total(), None, [f"{name}: {count}" for name, count in twice.most_common(8)]),
    ]


def report(rows: Sequence[Row]) -> str:
    """Returns the table, and beneath it what misses a goal."""
    width = max(len(row.about) for row in rows)
    lines = [f"{'':{width}}  now   goal"]
    for row in rows:
        value = "-" if row.value is None else str(row.value)
        goal = "" if row.goal is None else str(row.goal)
        lines.append(f"{row.about:{width}}  {value:>4}  {goal:>4}{'  missed' if _is_missed(row) else ''}".rstrip())
    for row in rows:
        if row.missed:
            lines += ["", f"{row.about}:", *(f"  {each}" for each in row.missed)]
    return "\n".join(lines)


def _is_missed(row: Row) -> bool:
    return row.goal is not None and row.value is not None and row.value > row.goal


def main(arguments: Sequence[str]) -> int:
    rows = measured(Path(arguments[0]).resolve() if arguments else ROOT)
    print(report(rows))
    return int(any(map(_is_missed, rows)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
