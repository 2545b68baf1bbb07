"""The shape of the house: who may import whom, and how long a file may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "gradscribe"
FILES = sorted(ROOT.rglob("*.py"))
MAX_LINES, MAX_FUNCTION = 400, 60

# A part imports only from parts of floors below its own, and from itself.
FLOORS = {
    **dict.fromkeys(
        ("errors", "version", "notation", "table", "symbols", "formula", "equation", "files"), 0
    ),
    "catalog": 1,
    "model": 2,
    "derivation": 3,
    "checking": 3,
    "program": 4,
    "printing": 5,
    "typeset": 6,
    "lecture": 7,
    "targets": 8,
    "compiler": 9,
    "editions": 10,
    "importing": 10,
    "learning": 11,
    "commands": 12,
    "cli": 13,
    "__main__": 14,
    "__init__": 14,
}


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> list[str]:
    """Return the names of all modules that a file imports."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path: Path) -> None:
    own = part_of(path)
    for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
        root, _, rest = module.partition(".")
        part = rest.partition(".")[0]
        if root == "gradscribe" and part and part != own:
            lower = FLOORS[part] < FLOORS[own]
            assert lower or FLOORS[part] == FLOORS[own] == 0, f"{own} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION, node.name


def test_one_module_knows_jinja_and_the_array_program_no_sympy() -> None:
    users = {library: set[str]() for library in ("jinja2", "sympy")}
    for path in FILES:
        for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if module.partition(".")[0] in users:
                users[module.partition(".")[0]].add(str(path.relative_to(ROOT)))
    assert users["jinja2"] == {"targets/render.py"}
    assert not any(f.startswith(("printing/numpy", "commands/")) for f in users["sympy"])
    assert "program/ir.py" not in users["sympy"]
