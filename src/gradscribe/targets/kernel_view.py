"""Kernels of a program as functions of a module: their heads, commented lines and calls."""

from dataclasses import dataclass

from gradscribe.derivation.steps import Derivation
from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import statement_source
from gradscribe.program.build import PENALTY
from gradscribe.program.ir import (
    Kernel,
    Ones,
    Program,
    Ref,
    Size,
    Statement,
    references,
    replaced,
    walk,
)
from gradscribe.targets.layout import broken_statement, call, comment, signature

_ARRAYS = "tuple[np.ndarray, ...]"
_RESULT = {
    "forward": _ARRAYS,
    "loss": _ARRAYS,
    "penalty": "np.floating",
    "sample_costs": "np.ndarray",
    "cost": "np.floating",
    "sensitivities": _ARRAYS,
    "gradient": "Parameters",
}
_SCALE = "scale"
_TYPES = {"params": "Parameters", "outputs": _ARRAYS, PENALTY: "np.floating"}
_MEANING = {
    "forward": "Return what the later steps need of every layer; the last is the output.",
    "loss": "Return what the cost is made of, for every sample.",
    "penalty": "Return what J has beside the costs of samples.",
    "sample_costs": "Return E of every sample.",
    "cost": "Return J.",
    "sensitivities": "Return δ of every layer times `scale`, which is put in with the last one.",
    "gradient": "Return ∂J/∂w for every parameter w.",
}


_ONE_RESULT = (PENALTY, "sample_costs", "cost")


@dataclass(frozen=True)
class KernelView:
    """A function of the module that computes equations for checked arguments."""

    head: str
    meaning: str
    prologue: tuple[str, ...]
    lines: tuple[str, ...]
    result: str


@dataclass(frozen=True)
class Calls:
    """Arguments and statements by which the public functions call the kernels.

    Attributes:
        loss: what computes the terms of the loss.
        cost: arguments.
        sensitivities: arguments.
        gradient: arguments.
        own: the slice of the sensitivities in what their kernel gives; "" where it is all.
    """

    loss: str
    penalty: str
    sample_costs: str
    cost: str
    sensitivities: str
    gradient: str
    own: str


class _Scope:
    """What each kernel takes: `params`, `X`, `D`, `outputs`, what the loss defines, and so on."""

    def __init__(self, program: Program, parameters: frozenset[str]) -> None:
        self.program = program
        self.parameters = parameters
        kernels = {k.name: k for k in program.kernels}
        self.outputs = kernels["forward"].outputs
        self.terms = kernels["loss"].outputs if "loss" in kernels else ()

    def arguments(self, kernel: Kernel) -> list[str]:
        """Return the parameters of a kernel's function, in a fixed order."""
        needs = self._needs(kernel)
        order = ("params", "X", "D", "outputs", *self.terms, PENALTY, _SCALE)
        return [name for name in order if name in needs]

    def _needs(self, kernel: Kernel) -> set[str]:
        groups = {self._group(name) for name in kernel.inputs}
        if kernel.name == "gradient":
            deltas = self.program.kernel("sensitivities")
            groups |= self._needs(deltas)
            groups.discard("deltas")
        if kernel.name in ("cost", "gradient") and _sizes_in(kernel):
            groups.add("D")
        return groups

    def _group(self, name: str) -> str:
        if name in self.parameters:
            return "params"
        if name in self.outputs:
            return "outputs"
        return name if name in ("X", "D", _SCALE, PENALTY, *self.terms) else "deltas"


def _sizes_in(kernel: Kernel) -> list[str]:
    nodes = [n for s in kernel.statements for n in walk(s.value)]
    found = {n.name for n in nodes if isinstance(n, Size)}
    return sorted(found | {n.size for n in nodes if isinstance(n, Ones)})


def kernel_views(derivation: Derivation, program: Program) -> tuple[KernelView, ...]:
    """Return the functions of a module, in the order in which they call each other."""
    parameters = frozenset(v.name for v in derivation.network.parameters)
    scope = _Scope(program, parameters)
    formulas = {q.name: f"({q.label}) {q.text}" for q in derivation.equations}
    return tuple(_kernel_view(k, scope, formulas) for k in program.kernels)


def statement_sources(derivation: Derivation, program: Program) -> dict[str, tuple[str, ...]]:
    """Return the lines of a module that compute each equation, by the equation's name.

    What is computed on the way and has no equation of its own belongs to the first that reads it.
    """
    parameters = frozenset(v.name for v in derivation.network.parameters)
    scope = _Scope(program, parameters)
    equations = {q.name for q in derivation.equations}
    found: dict[str, list[str]] = {}
    for kernel in program.kernels:
        waiting: list[Statement] = []
        for statement in kernel.statements:
            if statement.target not in equations:
                waiting.append(statement)
                continue
            before = _read_by(statement, waiting)
            waiting = [s for s in waiting if s not in before]
            lines = [line for s in (*before, statement) for line in _lines(s, (), scope, {})]
            found.setdefault(statement.target, []).extend(lines)
    return {name: tuple(lines) for name, lines in found.items()}


def _read_by(statement: Statement, waiting: list[Statement]) -> list[Statement]:
    """Return those of earlier statements that a statement reads, directly or through others."""
    read = set(references(statement.value))
    found: list[Statement] = []
    for earlier in reversed(waiting):
        if earlier.target in read:
            read |= set(references(earlier.value))
            found.insert(0, earlier)
    return found


def _kernel_view(kernel: Kernel, scope: _Scope, formulas: dict[str, str]) -> KernelView:
    typed = [f"{name}: {_TYPES.get(name, 'np.ndarray')}" for name in scope.arguments(kernel)]
    result = (
        "np.ndarray" if kernel.name == "loss" and len(kernel.outputs) == 1 else _RESULT[kernel.name]
    )
    head = signature(f"def _{kernel.name}(", typed, f") -> {result}:")
    lines = [
        line
        for position, statement in enumerate(kernel.statements)
        for line in _lines(statement, kernel.statements[:position], scope, formulas)
    ]
    return KernelView(
        head="\n".join(head),
        meaning=_MEANING[kernel.name],
        prologue=tuple(_prologue(kernel, scope)),
        lines=tuple(lines),
        result="\n    ".join(_result(kernel)),
    )


def _lines(
    statement: Statement, before: tuple[Statement, ...], scope: _Scope, formulas: dict[str, str]
) -> list[str]:
    """Return a statement's line, under its equation where it is the first of it."""
    fields = {name: Ref(f"params.{name}") for name in scope.parameters}
    named = Statement(
        statement.target,
        replaced(statement.value, dict(fields)),
        "",
        statement.update,
        statement.reuse,
    )
    first = statement.target not in {s.target for s in before}
    text = formulas.get(statement.target, "") if first else ""
    return [*(comment(text) if text else []), *broken_statement(statement_source(named))]


def _prologue(kernel: Kernel, scope: _Scope) -> list[str]:
    """Return the lines that take tuples apart and find sizes."""
    lines = []
    needs = _inputs(kernel)
    used = needs & set(scope.outputs)
    if used and kernel.name != "forward":
        lines += _unpacking(scope.outputs, used, "outputs")
    lines += _size_lines(_sizes_in(kernel))
    if kernel.name == "gradient":
        lines += _deltas_line(kernel, scope)
    return lines


def _inputs(kernel: Kernel) -> set[str]:
    return {n for s in kernel.statements for n in references(s.value)} & set(kernel.inputs)


def _unpacking(names: tuple[str, ...], used: set[str], group: str) -> list[str]:
    """Return the shortest line that takes what is needed out of a tuple."""
    if len(used) == 1:
        (name,) = used
        position = names.index(name)
        place = -1 if position == len(names) - 1 else position
        return [f"{name} = {group}[{place}]"]
    shown = [n if n in used else f"_{n}" for n in names]
    if len(", ".join(shown)) + len(group) + 7 <= 88:
        return [f"{', '.join(shown)} = {group}"]
    return ["(", *(f"    {n}," for n in shown), f") = {group}"]


def _size_lines(sizes: list[str]) -> list[str]:
    """Return how sizes of the cost are read: from D, (N, N_M)."""
    names = [size_python(s) for s in sizes]
    if not names:
        return []
    if names == ["N"]:
        return ["N = D.shape[0]"]
    return [f"N, {names[-1]} = D.shape" if "N" in names else f"{names[0]} = D.shape[1]"]


def _deltas_line(kernel: Kernel, scope: _Scope) -> list[str]:
    deltas = scope.program.kernel("sensitivities")
    used = _inputs(kernel)
    arguments = ", ".join(scope.arguments(deltas))
    if len(deltas.outputs) == 1:
        return [f"({deltas.outputs[0]},) = _sensitivities({arguments})"]
    names = [n if n in used else f"_{n}" for n in deltas.outputs]
    line = f"{', '.join(names)} = _sensitivities({arguments})"
    if len(line) + 4 <= 88:
        return [line]
    return ["(", *(f"    {n}," for n in names), f") = _sensitivities({arguments})"]


def _result(kernel: Kernel) -> list[str]:
    if kernel.name in _ONE_RESULT or (kernel.name == "loss" and len(kernel.outputs) == 1):
        return [f"return {kernel.outputs[0]}"]
    if kernel.name == "gradient":
        return call("return Parameters(", kernel.outputs, ")", 4)
    if len(kernel.outputs) == 1:
        return [f"return ({kernel.outputs[0]},)"]
    line = f"return {', '.join(kernel.outputs)}"
    if len(line) + 4 <= 88:
        return [line]
    return ["return (", *(f"    {n}," for n in kernel.outputs), ")"]


def calls(program: Program) -> Calls:
    """Return how public functions, which have `params, X, D` (and `outputs`), call the kernels."""
    parameters = frozenset(
        n
        for k in program.kernels
        for n in k.inputs
        if n not in ("X", "D", _SCALE) and _is_parameter(n, program)
    )
    scope = _Scope(program, parameters)

    def listed(name: str) -> list[str]:
        return scope.arguments(program.kernel(name))

    loss = f"{', '.join(scope.terms)} = _loss({', '.join(listed('loss'))})" if scope.terms else ""
    deltas = program.kernel("sensitivities").outputs
    others = [name for name in deltas if not is_sensitivity(name)]
    ones = "np.ones_like(D, shape=len(D))"
    sensitivities = [ones if a == _SCALE else a for a in listed("sensitivities")]
    penalized = any(k.name == PENALTY for k in program.kernels)
    return Calls(
        loss=loss,
        penalty=f"penalty = _penalty({', '.join(listed(PENALTY))})" if penalized else "",
        sample_costs=", ".join(listed("sample_costs")),
        cost=", ".join(listed("cost")),
        sensitivities=", ".join(sensitivities),
        gradient=", ".join(listed("gradient")),
        own=f"[{len(others)}:]" if others else "",
    )


def is_sensitivity(name: str) -> bool:
    """Whether a variable is δ of a layer, not something on the way to the gradient."""
    return name.startswith("delta")


def _is_parameter(name: str, program: Program) -> bool:
    produced = {s.target for k in program.kernels for s in k.statements}
    return name not in produced
