"""Each arithmetic line of a generated module altered in turn: `check` must catch every one."""

import ast
from collections.abc import Iterator
from types import ModuleType

import pytest

from gradscribe.checking.examine import examine
from gradscribe.compiler import module_source
from gradscribe.model.network import Network

SPECS = {
    "smooth": "f2(W2 f1(W1 x + b1) + b2) f1=tanh f2=sigmoid",
    "kinked": "f2(W2 f1(W1 x + b1) + b2) f1=relu f2=softplus loss=sse",
}
KERNELS = ("_forward", "_loss", "_cost", "_sensitivities", "_gradient")
SOURCES = {name: module_source(spec) for name, spec in SPECS.items()}


def arithmetic(source: str) -> list[tuple[int, str]]:
    """Return line number and text of every line that computes with arrays or the factor."""
    found = []
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and function.name in KERNELS:
            for node in function.body:
                text = ast.get_source_segment(source, node) or ""
                computes = any(sign in text for sign in ("@", "*", "+", "-", "/", "np.", "_s"))
                if isinstance(node, ast.Assign | ast.AugAssign) and computes:
                    found.append((node.lineno, text))
    return [(n, t) for n, t in found if "_sensitivities(" not in t and "np.ones" not in t]


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield altered versions of a line: name and text."""
    node = ast.parse(text).body[0]
    if isinstance(node, ast.AugAssign):
        yield "dropped", "pass"
        operator = "+=" if isinstance(node.op, ast.Add) else "*="
        target, value = ast.unparse(node.target), ast.unparse(node.value)
        yield "sign", f"{target} {operator} -({value})"
        yield "factor", f"{target} {operator} 1.001 * ({value})"
        return
    assert isinstance(node, ast.Assign)
    target, value = ast.unparse(node.targets[0]), ast.unparse(node.value)
    yield "sign", f"{target} = -({value})"
    yield "factor", f"{target} = 1.001 * ({value})"
    if ".T" in value:
        yield "transposed", f"{target} = {value.replace('.T', '')}"
    elif isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.MatMult):
        yield "transposed", f"{target} = {value}.T"
    if isinstance(node.value, ast.BinOp) and not isinstance(node.value.op, ast.MatMult):
        yield "dropped", f"{target} = {ast.unparse(node.value.left)}"


def cases() -> Iterator[tuple[str, int, str, str]]:
    for name, source in SOURCES.items():
        for number, text in arithmetic(source):
            for kind, altered in mutants(text):
                yield name, number, kind, altered


def loaded(source: str) -> ModuleType:
    module = ModuleType("mutant")
    exec(compile(source, "mutant", "exec"), module.__dict__)
    return module


def altered_source(source: str, number: int, altered: str) -> str:
    lines = source.split("\n")
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    lines[number - 1] = " " * indent + altered
    return "\n".join(lines)


@pytest.mark.parametrize("name", SPECS)
def test_the_unaltered_module_passes(name: str) -> None:
    assert examine(loaded(SOURCES[name]), Network.parse(SPECS[name])).ok


def test_every_kernel_has_lines_that_are_altered() -> None:
    assert len(list(cases())) >= 80
    for source in SOURCES.values():
        assert len(arithmetic(source)) >= 14


@pytest.mark.parametrize(("name", "number", "kind", "altered"), list(cases()))
def test_every_alteration_is_caught(name: str, number: int, kind: str, altered: str) -> None:
    module = loaded(altered_source(SOURCES[name], number, altered))
    report = examine(module, Network.parse(SPECS[name]))
    assert not report.ok, f"{kind} not caught: {altered}"
