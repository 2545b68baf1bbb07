"""Passes that write results into arrays that are there already."""

from dataclasses import replace
from itertools import count

from gradscribe.program.ir import (
    COMPARISONS,
    Add,
    Apply,
    Call,
    Contract,
    Expand,
    Kernel,
    MatMul,
    Mul,
    Node,
    Permute,
    Program,
    Reduce,
    Ref,
    Statement,
    Transpose,
    children,
    rebuilt,
    references,
)
from gradscribe.program.shapes import shape_of


def accumulate(program: Program) -> Program:
    """Split a sum or product whose one operand is a fresh array: the others go into it in place."""
    helpers = frozenset(h.name for h in program.helpers)
    kernels = []
    for kernel in program.kernels:
        statements: list[Statement] = []
        for statement in kernel.statements:
            statements += split_statement(statement, program, helpers)
        kernels.append(replace(kernel, statements=tuple(statements)))
    return replace(program, kernels=tuple(kernels))


def split_statement(
    statement: Statement, program: Program, helpers: frozenset[str]
) -> list[Statement]:
    """Return a sum or product as one operand, a fresh array, and updates of it by the others."""
    value = statement.value
    if not isinstance(value, Add | Mul) or not program.shapes[statement.target]:
        return [statement]
    target = program.shapes[statement.target]
    rest = list(children(value))
    fresh = [o for o in rest if _is_heavy(o) and shape_of(o, program.shapes, helpers) == target]
    if not fresh:
        return [statement]
    first = next((o for o in fresh if _is_fresh(o)), fresh[0])
    rest.remove(first)
    sign = "+" if isinstance(value, Add) else "*"
    scalars = [o for o in rest if shape_of(o, program.shapes, helpers) == ()]
    if sign == "*" and len(scalars) > 1:
        rest = [Mul(tuple(scalars)), *(o for o in rest if o not in scalars)]
    updates = [replace(statement, value=o, update=sign) for o in rest]
    return [*split_statement(replace(statement, value=first), program, helpers), *updates]


def _is_heavy(node: Node) -> bool:
    """Whether an expression is a sum or product with a product of matrices in it, or one."""
    if isinstance(node, Add | Mul):
        return any(map(_is_heavy, children(node)))
    return _is_fresh(node)


def _is_fresh(node: Node) -> bool:
    """Whether evaluating an expression makes a new array of its full shape, at some cost."""
    if isinstance(node, Permute):
        return _is_fresh(node.operand)
    return isinstance(node, MatMul | Apply | Contract)


def reuse(program: Program) -> Program:
    """Let a function's result take the array of its argument, where that is not needed again."""
    kernels = []
    for kernel in program.kernels:
        statements = list(kernel.statements)
        for position, statement in enumerate(statements):
            old = _dead_argument(kernel, statement, position, program)
            if old:
                statements[position] = replace(statement, reuse=old)
        kernels.append(replace(kernel, statements=tuple(statements)))
    return replace(program, kernels=tuple(kernels))


def products_apart(program: Program) -> Program:
    """Give each product of arrays of many axes that stands inside an expression its own line."""
    helpers = frozenset(h.name for h in program.helpers)
    shapes, kernels = dict(program.shapes), []
    for kernel in program.kernels:
        statements: list[Statement] = []

        def apart(node: Node, root: bool, before: list[Statement]) -> Node:
            inner = rebuilt(node, tuple(apart(c, False, before) for c in children(node)))
            if isinstance(inner, Reduce) and len(inner.axes) > 1:
                # Of some axes only: in descending order, which is never written as all of them.
                some = len(shape_of(inner.operand, shapes, helpers)) > len(inner.axes)
                return Reduce(inner.operand, inner.axes[::-1]) if some else inner
            if root or not isinstance(node, Contract):
                return inner
            name = next(n for k in count(1) if (n := f"part{k}") not in shapes)
            shapes[name] = shape_of(inner, shapes, helpers)
            before.append(Statement(name, inner))
            return Ref(name)

        for statement in kernel.statements:
            before: list[Statement] = []
            value = apart(statement.value, not statement.update, before)
            statements += [*before, replace(statement, value=value)]
        kernels.append(replace(kernel, statements=tuple(statements)))
    return replace(program, kernels=tuple(kernels), shapes=shapes)


def is_aliased(name: str, kernel: Kernel) -> bool:
    """Whether an array has a second name: another is the same, or it is a view of another."""
    return any(
        s.value == Ref(name) or (s.target == name and not s.update and is_view(s.value))
        for s in kernel.statements
    )


def is_view(node: Node) -> bool:
    """Whether an expression is an array that is there already, however it is seen."""
    if isinstance(node, Permute | Transpose | Expand):
        return is_view(node.operand)
    return isinstance(node, Ref)


def _dead_argument(kernel: Kernel, statement: Statement, position: int, program: Program) -> str:
    value = statement.value
    if statement.update or not isinstance(value, Call) or value.function.startswith("_"):
        return ""
    names = [a.name for a in value.arguments if isinstance(a, Ref)]
    if len(names) != 1 or names[0] in kernel.inputs or names[0] in kernel.outputs:
        return ""
    later = kernel.statements[position + 1 :]
    if any(names[0] in references(s.value) for s in later):
        return ""
    if is_aliased(names[0], kernel):
        return ""
    comparison = value.function in COMPARISONS | {"where", "choice"}
    same = program.shapes[names[0]] == program.shapes[statement.target]
    return names[0] if same and not comparison else ""
