"""What `make house` counts, on small trees."""

from pathlib import Path

import pytest

from bench import house


def tree(root: Path, **files: str) -> Path:
    """Writes the modules of a project; `__` in a name stands for a folder."""
    for name, text in {"__init__": "", **files}.items():
        path = root / "relay" / f"{name if name == '__init__' else name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return root


def test_an_arrow_leads_to_the_module_that_holds_the_name(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        errors="",
        storage__events="from relay.errors import NotFound\nfrom relay.storage import tables\nimport relay.storage",
        storage__tables="",
        running__web="from relay import create_app",
    )

    assert house.arrows(root) == {
        ("storage.events", "errors"),
        ("storage.events", "storage.tables"),
        ("storage.events", "storage"),
        ("running.web", "__init__"),
    }


def test_arrows_back_are_those_against_the_order() -> None:
    assert house.arrows_back({("cli", "errors"), ("errors", "cli"), ("running", "__init__")}) == {
        ("errors", "cli"),
        ("running", "__init__"),
    }


def test_a_tree_of_other_folders_has_no_order_to_run_against() -> None:
    assert house.arrows_back({("courier", "errors")}) is None


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ({("a", "b"), ("b", "c")}, []),
        ({("a", "b"), ("b", "a"), ("b", "c")}, [["a", "b"]]),
        ({("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "f"), ("f", "e")}, [["a", "b", "c"], ["e", "f"]]),
    ],
)
def test_a_circle_is_what_reaches_itself(arrows: set[tuple[str, str]], expected: list[list[str]]) -> None:
    assert house.circles(arrows) == expected


def test_a_function_is_measured_without_self_and_with_what_it_gathers(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        model="class A:\n    def one(self, a, /, b, *rest, c, **more):\n        pass\n\n\ndef two(me):\n    pass",
        develop__generate__long="def f(a, b):\n    pass",
    )

    assert set(house.functions(root)) == {
        house.Function("relay/model.py:2 one", lines=2, parameters=5),
        house.Function("relay/model.py:6 two", lines=2, parameters=1),
    }


def test_a_passage_is_counted_where_it_stands_again(tmp_path: Path) -> None:
    passage = "\n".join(f"x{number} = {number}" for number in range(6))
    root = tree(
        tmp_path,
        a=f"import ast\n{passage}",
        b=f"import json\nother = 1\n\n# a comment between\n{passage}",
        c=passage.replace("x5", "y5"),
    )

    assert house.repeats(root) == {"relay/b.py": 6}


def test_the_report_says_what_misses_its_goal() -> None:
    rows = [house.Row("files", 3, 2, ["a.py", "b.py", "c.py"]), house.Row("modules", 9), house.Row("back", None, 0)]

    assert house.report(rows) == (
        "         now   goal\n"
        "files       3     2  missed\n"
        "modules     9\n"
        "back        -     0\n"
        "\n"
        "files:\n"
        "  a.py\n"
        "  b.py\n"
        "  c.py"
    )
