"""Works out the paths that a module writes down, by its own place (`__file__`) and the project's (`ROOT`)."""

import ast
import os
from pathlib import Path


def outside(root: Path, module: Path, text: str) -> list[str]:
    """The expressions in the text of a module whose path leads out of the directory `root`."""
    paths = _Paths(root, module)
    paths.visit(ast.parse(text))
    return paths.outside


class _Paths(ast.NodeVisitor):
    def __init__(self, root: Path, module: Path) -> None:
        self.outside: list[str] = []
        self._root = root
        self._known = {"__file__": module, "ROOT": root}

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self._path(node.value)
        for target in node.targets:
            if value is not None and isinstance(target, ast.Name):
                self._known[target.id] = value
        self.visit(node.value)

    def visit(self, node: ast.AST) -> None:
        path = self._path(node)
        if path is not None and not path.is_relative_to(self._root):
            self.outside.append(f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}")
        else:
            super().visit(node)

    def _path(self, node: ast.AST) -> Path | None:
        match node:
            case ast.Name(id=name):
                return self._known.get(name)
            case ast.Attribute(attr="ROOT"):
                return self._root
            case ast.Call(func=ast.Name(id="Path"), args=[ast.Constant(value=str(text))]) if not os.path.isabs(text):
                return Path(os.path.normpath(self._root / text))
            case ast.Call(func=ast.Name(id="Path"), args=[of]):
                return self._path(of)
            case ast.Call(func=ast.Attribute(value=of, attr="resolve" | "absolute"), args=[]):
                return self._path(of)
            case ast.Call(func=ast.Attribute(value=of, attr="joinpath"), args=parts):
                return self._joined(self._path(of), parts)
            case ast.Call(func=ast.Attribute(attr="join"), args=[of, *parts]):
                return self._joined(self._path(of), parts)
            case ast.Call(func=ast.Attribute(attr="dirname"), args=[of]) | ast.Attribute(value=of, attr="parent"):
                return self._climbed(of, 1)
            case ast.Subscript(value=ast.Attribute(value=of, attr="parents"), slice=ast.Constant(value=int(count))):
                return self._climbed(of, count + 1)
            case ast.Call(func=ast.Attribute(attr="abspath" | "realpath"), args=[of]):
                return self._path(of)
            case ast.BinOp(left=of, op=ast.Div(), right=part):
                return self._joined(self._path(of), [part])
        return None

    def _joined(self, path: Path | None, parts: list[ast.expr]) -> Path | None:
        for part in parts:
            if path is None or not isinstance(part, ast.Constant):
                return None
            path = Path(os.path.normpath(path / str(part.value)))
        return path

    def _climbed(self, of: ast.expr, count: int) -> Path | None:
        path = self._path(of)
        for _ in range(count):
            path = path and path.parent
        return path
