"""Lowering of update rules: lines over all K parameters become assignments of arrays (K,)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Expr, Indexed, Piecewise, Symbol

from gradscribe.catalog.update_lines import (
    ERRORS,
    OLD,
    PARAMETERS,
    ROW,
    STEP,
    Assigned,
    Backtracked,
    Line,
    Measured,
    Quantity,
    Solved,
    Spectrum,
)
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.errors import DerivationError
from gradscribe.program.ir import Node
from gradscribe.program.lower import lower

_BOTH = "fun_and_jac"


@dataclass(frozen=True)
class Select:
    """One of two values, by a condition that is a scalar."""

    condition: Node
    value: "Value"
    other: "Value"


@dataclass(frozen=True)
class Solve:
    """The x of (matrix + shift · identity) x = right."""

    matrix: Node
    shift: Node
    right: Node


@dataclass(frozen=True)
class Eigen:
    """The eigenvalues of a symmetric matrix, and its eigenvectors as columns where asked for."""

    matrix: Node
    vectors: bool


@dataclass(frozen=True)
class Ask:
    """What the cost or one of its derivatives is at a point, by the name of its function."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Search:
    """The first of 1, ratio, ratio², … as a variable for which the cost at a point is bounded."""

    variable: str
    ratio: Node
    cost: Ask
    bound: Node


Value = Node | Select | Solve | Eigen | Ask | Search


@dataclass(frozen=True)
class Assignment:
    """`targets = value`, and the lines that it computes."""

    targets: tuple[str, ...]
    value: Value
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Update:
    """A step of an update rule as assignments.

    Attributes:
        assignments: in order.
        before: how w and what is remembered are called before the step, in order.
        after: how they are called after it.
    """

    assignments: tuple[Assignment, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def lowered_update(rule: UpdateRule) -> Update:
    """Return the assignments that carry out one step of a rule.

    Raises:
        DerivationError: a line reads what no line before it defines.
    """
    after = ("w", *(memory.name for memory in rule.memory))
    _check_order(rule, after)
    names = _names(rule, after)
    return Update(
        tuple(_merged(tuple(_assignment(line, names) for line in rule.lines))),
        tuple(names[Symbol(name + OLD)] for name in after),
        after,
    )


def lowered_scalar(expr: Expr) -> Value:
    """Return an expression in scalars that are called as their symbols."""
    return _value(expr, (), {symbol: symbol.name for symbol in expr.free_symbols})


def _names(rule: UpdateRule, after: tuple[str, ...]) -> dict[Symbol, str]:
    """Return how each variable is called: what is old keeps that name only where both are read."""
    symbols = {s for line in rule.lines for s in (*_read(line), *_defined(line))}
    names = {s: s.name for s in symbols if s != PARAMETERS}
    for name in after:
        old = Symbol(name + OLD)
        names[old] = old.name if _read_later(rule, name, old) else name
    return names


def _read_later(rule: UpdateRule, name: str, old: Symbol) -> bool:
    """Whether the old value of a variable is read after the line that defines the new one."""
    places = [p for p, line in enumerate(rule.lines) if Symbol(name) in _defined(line)]
    return any(old in _read(line) for line in rule.lines[places[0] + 1 :])


def _check_order(rule: UpdateRule, after: tuple[str, ...]) -> None:
    known = {Symbol(name + OLD) for name in after} | {STEP, PARAMETERS, ERRORS}
    known |= {Symbol(setting.name) for setting in rule.settings}
    for line in rule.lines:
        missing = _read(line) - known
        if missing:
            found = ", ".join(sorted(map(str, missing)))
            raise DerivationError(f"{rule.name}: a line reads {found}, which is not known there")
        known |= _defined(line)
    missing = {Symbol(name) for name in after} - known
    if missing:
        found = ", ".join(sorted(map(str, missing)))
        raise DerivationError(f"{rule.name}: no line defines {found}")


def _defined(line: Line) -> set[Symbol]:
    match line:
        case Assigned(left, _) | Measured(left, _):
            return {_label(left)}
        case Solved(unknown):
            return {_label(unknown)}
        case Spectrum(values, _, vectors):
            return {_label(values)} | ({_label(vectors)} if vectors is not None else set())
        case Backtracked(length):
            return {length}


def _read(line: Line) -> set[Symbol]:
    """Return the symbols of what a line reads, without its indices."""
    match line:
        case Assigned(_, right):
            parts = [right]
        case Measured(_, _, point, along):
            parts = [point, *([] if along is None else [along])]
        case Solved(_, matrix, shift, right):
            parts = [matrix, shift, right]
        case Spectrum(_, matrix):
            parts = [matrix]
        case Backtracked(length, ratio, point, bound):
            found: set[Symbol] = {ratio} | _symbols(point) | _symbols(bound)
            return found - {length}
    return set().union(*map(_symbols, parts))


def _symbols(expr: Expr) -> set[Symbol]:
    """Return the symbols of variables, sizes of sums among them; no index."""
    indexed = expr.atoms(Indexed)
    places = {k for component in indexed for k in component.indices}
    found = {s for s in expr.atoms(Symbol) if s not in places}
    return {component.base.label for component in indexed} | (found - places)


def _label(component: Expr) -> Symbol:
    return component.base.label if isinstance(component, Indexed) else component


def _axes(component: Expr) -> tuple[Symbol, ...]:
    return tuple(component.indices) if isinstance(component, Indexed) else ()


def _assignment(line: Line, names: dict[Symbol, str]) -> Assignment:
    def lowered(expr: Expr) -> Node:
        return lower(expr, _axes(_lead(line)), names)

    value: Value
    targets = [_lead(line)]
    match line:
        case Assigned(left, right):
            value = _value(right, _axes(left), names)
        case Measured(_, quantity, point, along):
            asked = [point] if along is None else [point, along]
            value = Ask(quantity.value, tuple(lower(a, (ROW,), names) for a in asked))
        case Solved(_, matrix, shift, right):
            value = Solve(
                lower(matrix, _axes(matrix), names), lower(shift, (), names), lowered(right)
            )
        case Spectrum(_, matrix, vectors):
            value = Eigen(lower(matrix, _axes(matrix), names), vectors is not None)
            targets += [] if vectors is None else [vectors]
        case Backtracked(length, ratio, point, bound):
            inner = {**names, length: length.name}
            asked_cost = Ask(Quantity.COST.value, (lower(point, (ROW,), inner),))
            value = Search(
                length.name, lower(ratio, (), names), asked_cost, lower(bound, (), inner)
            )
    return Assignment(tuple(names[_label(target)] for target in targets), value, (line,))


def _lead(line: Line) -> Expr:
    """Return what a line defines first."""
    match line:
        case Assigned(left, _) | Measured(left, _):
            return left
        case Solved(unknown):
            return unknown
        case Spectrum(values):
            return values
        case Backtracked(length):
            return length


def _value(expr: Expr, axes: tuple[Symbol, ...], names: dict[Symbol, str]) -> Value:
    """Lower an expression; a case distinction at its top is one between whole values."""
    if not isinstance(expr, Piecewise):
        return lower(expr, axes, names)
    (value, condition), *others = expr.args
    if condition == True:  # noqa: E712  (SymPy's own true)
        return _value(value, axes, names)
    rest = _value(Piecewise(*others, evaluate=False), axes, names)
    return Select(lower(condition, (), names), _value(value, axes, names), rest)


def _merged(assignments: tuple[Assignment, ...]) -> Iterator[Assignment]:
    """Ask once for a cost and a gradient at the same point."""
    waiting: Assignment | None = None
    for own in assignments:
        if waiting is None:
            waiting = own
            continue
        if _asks(waiting, Quantity.COST) and _asks(own, Quantity.GRADIENT):
            first, second = waiting.value, own.value
            assert isinstance(first, Ask)
            assert isinstance(second, Ask)
            if first.arguments == second.arguments:
                targets = (*waiting.targets, *own.targets)
                merged = Ask(_BOTH, first.arguments)
                waiting = Assignment(targets, merged, (*waiting.lines, *own.lines))
                continue
        yield waiting
        waiting = own
    if waiting is not None:
        yield waiting


def _asks(assignment: Assignment, quantity: Quantity) -> bool:
    return isinstance(assignment.value, Ask) and assignment.value.function == quantity.value
