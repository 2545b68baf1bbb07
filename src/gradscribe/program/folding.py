"""Constant folding, and how a pass rebuilds a program."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from gradscribe.program.build import inputs_of
from gradscribe.program.ir import (
    Add,
    Const,
    Expand,
    Kernel,
    Mul,
    Node,
    Power,
    Program,
    Reduce,
    Statement,
    Transpose,
    children,
    rebuilt,
)


def each_value(program: Program, change: Callable[[Node], Node]) -> Program:
    """Apply a change to the value of every statement."""
    kernels = tuple(
        with_statements(k, tuple(replace(s, value=change(s.value)) for s in k.statements))
        for k in program.kernels
    )
    return replace(program, kernels=kernels)


def with_statements(kernel: Kernel, statements: tuple[Statement, ...]) -> Kernel:
    """Return a kernel with other statements, its inputs found anew."""
    return replace(kernel, statements=statements, inputs=inputs_of(statements))


def fold_constants(program: Program) -> Program:
    """Compute with numbers, drop neutral elements, and join nested sums and products."""
    return each_value(program, folded)


def folded(node: Node) -> Node:
    """Return an expression with its constants computed."""
    node = rebuilt(node, tuple(folded(c) for c in children(node)))
    match node:
        case Add(terms):
            return _joined(Add, terms, Fraction(0), lambda a, b: a + b)
        case Mul(factors):
            return _joined(Mul, factors, Fraction(1), lambda a, b: a * b)
        case Power(Const(value), exponent) if value or exponent > 0:
            return Const(value**exponent)
        case Power(base, 1):
            return base
        case Reduce(Reduce(operand, inner), outer):
            return Reduce(operand, _both(inner, outer))
        case Expand(Power(base, exponent), axes):
            return Power(Expand(base, axes), exponent)
        case Expand(Mul((Const() as number, other)), axes):
            return Mul((number, Expand(other, axes)))
        case Transpose(Transpose(operand)):
            return operand
        case _:
            return node


def _joined(
    kind: type[Add] | type[Mul],
    operands: tuple[Node, ...],
    neutral: Fraction,
    combine: Callable[[Fraction | float, Fraction | float], Fraction | float],
) -> Node:
    flat = [
        o
        for operand in operands
        for o in (children(operand) if isinstance(operand, kind) else (operand,))
    ]
    value: Fraction | float = neutral
    for operand in flat:
        if isinstance(operand, Const):
            value = combine(value, operand.value)
    rest: list[Node] = [o for o in flat if not isinstance(o, Const)]
    if value != neutral:
        rest.insert(0, Const(value))
    if not rest:
        return Const(neutral)
    return rest[0] if len(rest) == 1 else kind(tuple(rest))


def _both(inner: tuple[int, ...], outer: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes summed by two reductions, counted before the first."""
    left = [a for a in range(max(inner) + max(outer) + 2) if a not in inner]
    return tuple(sorted((*inner, *(left[a] for a in outer))))
