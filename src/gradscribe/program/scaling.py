"""The pass that gives the factor of the cost to the sensitivities."""

from dataclasses import replace
from fractions import Fraction

from gradscribe.program.folding import folded, with_statements
from gradscribe.program.ir import (
    Add,
    Call,
    Const,
    Contract,
    Greatest,
    Kernel,
    MatMul,
    Mul,
    Node,
    Power,
    Program,
    Ref,
    Size,
    Statement,
    children,
    references,
    walk,
)

SCALE = "scale"


def scale_at_source(program: Program) -> Program:
    """Multiply the first sensitivities by the factor of J instead of every gradient.

    The sensitivities are linear in their sources, so a factor common to all gradients can be
    given to the sources: the smallest arrays. Applies only where every gradient is the factor
    times an expression of degree one in the sensitivities.
    """
    gradient, deltas = program.kernel("gradient"), program.kernel("sensitivities")
    tainted = _degree_one_set(deltas, gradient)
    factors = [_scalar_factor(s.value) for s in gradient.statements]
    if len(set(factors)) != 1 or factors[0] == Const(Fraction(1)):
        return program
    rests = [_without_scalar(s.value) for s in gradient.statements]
    if not all(_degree(rest, tainted) == {1} for rest in rests):
        return program
    scaled = []
    for statement in deltas.statements:
        value = (
            _sources_scaled(statement.value, tainted)
            if statement.target in tainted
            else statement.value
        )
        if value is None:
            return program
        scaled.append(replace(statement, value=value))
    plain = tuple(replace(s, value=r) for s, r in zip(gradient.statements, rests, strict=True))
    weight = Kernel(SCALE, (), (Statement(SCALE, factors[0]),), (SCALE,))
    changed = {
        "sensitivities": (weight, with_statements(deltas, tuple(scaled))),
        "gradient": (with_statements(gradient, plain),),
    }
    kernels = tuple(new for k in program.kernels for new in changed.get(k.name, (k,)))
    return replace(program, kernels=kernels, shapes={**program.shapes, SCALE: ()})


def _degree_one_set(deltas: Kernel, gradient: Kernel) -> set[str]:
    """Return the kernel's variables that the gradients reach through sensitivities."""
    tainted = set(deltas.outputs) & set(gradient.inputs)
    for statement in reversed(deltas.statements):
        if statement.target in tainted:
            inner = [n for n in references(statement.value) if n.startswith(("delta", "dE_d"))]
            tainted.update(n for n in inner if any(s.target == n for s in deltas.statements))
    return tainted


def _factors(node: Node) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Mul) else (node,)


def _is_scalar(node: Node) -> bool:
    return all(isinstance(n, Const | Size | Mul | Power | Add) for n in walk(node))


def _scalar_factor(node: Node) -> Node:
    return folded(Mul(tuple(f for f in _factors(node) if _is_scalar(f))))


def _without_scalar(node: Node) -> Node:
    return folded(Mul(tuple(f for f in _factors(node) if not _is_scalar(f))))


def _degree(node: Node, tainted: set[str]) -> set[int]:
    """Return the degrees of an expression's terms in the tainted variables; -1 if undefined."""
    match node:
        case Ref(name):
            return {int(name in tainted)}
        case Add(terms):
            return set().union(*[_degree(t, tainted) for t in terms])
        case Mul(factors):
            return _sums([_degree(f, tainted) for f in factors])
        case MatMul(left, right) | Contract(_, left, right):
            return _sums([_degree(left, tainted), _degree(right, tainted)])
        case Const() | Size():
            return {0}
        case Call() | Power() | Greatest():
            inside = set(references(node)) & tainted
            return {-1} if inside else {0}
        case _:
            return _degree(children(node)[0], tainted)


def _sums(degrees: list[set[int]]) -> set[int]:
    total = {0}
    for degree in degrees:
        total = {-1 if -1 in (a, b) else a + b for a in total for b in degree}
    return total


def _sources_scaled(node: Node, tainted: set[str]) -> Node | None:
    """Multiply the terms without a sensitivity by the factor; None where a term has two."""
    terms = node.terms if isinstance(node, Add) else (node,)
    if len(terms) > 1 and all(_degree(t, tainted) == {0} for t in terms):
        return Mul((Ref(SCALE), node))
    result: list[Node] = []
    for term in terms:
        degree = _degree(term, tainted)
        if degree == {0}:
            result.append(_scaled(term))
        elif degree == {1}:
            result.append(term)
        else:
            return None
    return result[0] if len(result) == 1 else Add(tuple(result))


def _scaled(term: Node) -> Node:
    """Put the factor beside the term's numbers, so that scalars are multiplied first."""
    factors = list(_factors(term))
    numbers = [f for f in factors if isinstance(f, Const)]
    others = [f for f in factors if not isinstance(f, Const)]
    return Mul((*numbers, Ref(SCALE), *others))
