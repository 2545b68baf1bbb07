"""Lowering: an equation in index notation becomes a statement over arrays.

Every component A[n, i] is an array with axes (n, i). Products of components with the same
indices are elementwise; a sum over an index of two factors is a matrix product; a sum over an
index of one factor is a sum over an axis. The only thing that is looked at is which index
stands where.
"""

from dataclasses import dataclass
from fractions import Fraction

from sympy import Add as SymAdd
from sympy import And, Expr, Indexed, Integer, Or, Piecewise, Rational, Sum, Symbol, exp
from sympy import Function as SymFunction
from sympy import Mul as SymMul
from sympy import Pow as SymPow
from sympy.core.relational import (
    Equality,
    GreaterThan,
    LessThan,
    Relational,
    StrictGreaterThan,
    StrictLessThan,
)

from gradscribe.derivation.rules import flattened
from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE
from gradscribe.program.ir import (
    FUNCTIONS,
    Add,
    Call,
    Const,
    Expand,
    Greatest,
    MatMul,
    Mul,
    Node,
    Power,
    Reduce,
    Ref,
    Size,
    Transpose,
)
from gradscribe.symbols import Largest, Smallest, total

Indices = tuple[Symbol, ...]

_SYMPY_NAMES = {
    "Abs": "abs",
    "Max": "maximum",
    "Min": "minimum",
    "Mod": "mod",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "atanh": "arctanh",
    "erf": "_erf",
    "erfc": "_erfc",
}
_COMPARISONS = {
    StrictGreaterThan: "greater",
    GreaterThan: "greater_equal",
    StrictLessThan: "less",
    LessThan: "less_equal",
    Equality: "equal",
}


@dataclass(frozen=True)
class Piece:
    """An array expression whose axes are these indices, in this order."""

    node: Node
    indices: Indices


def lower(expr: Expr, indices: Indices, names: dict[Symbol, str]) -> Node:
    """Return the array whose component at `indices` is `expr`.

    Args:
        expr: an expression in index notation, the sample's index written.
        indices: the order of the result's axes.
        names: how to call a variable: "x" may be `X` in the program. Sizes are not in it.
    """
    return aligned(piece(expr, names), indices)


def aligned(part: Piece, indices: Indices) -> Node:
    """Return the array with its axes in another order, missing ones of size 1."""
    present = tuple(k for k in indices if k in part.indices)
    if len(present) != len(part.indices):
        raise DerivationError(f"axes {part.indices} are not among {indices}")
    node = _permuted(part, present)
    first = indices.index(present[0]) if present else len(indices)
    missing = tuple(a for a, k in enumerate(indices) if k not in present and a > first)
    # NumPy adds leading axes itself; only those inside have to be put in.
    return Expand(node, tuple(a - first for a in missing)) if missing else node


def _permuted(part: Piece, indices: Indices) -> Node:
    if part.indices == indices:
        return part.node
    if part.indices == indices[::-1] and len(indices) == 2:
        return Transpose(part.node)
    raise DerivationError(f"axes {part.indices} cannot be put in the order {indices}")


def piece(expr: Expr, names: dict[Symbol, str]) -> Piece:
    """Lower an expression to an array with the axes that it has by itself."""
    if expr.is_number:
        return Piece(_number(expr), ())
    if isinstance(expr, Indexed):
        return _component(expr, names)
    if isinstance(expr, Symbol):
        return Piece(Ref(names[expr]) if expr in names else Size(expr.name), ())
    if isinstance(expr, SymAdd):
        return _elementwise_sum([piece(t, names) for t in ordered_terms(expr)])
    if isinstance(expr, SymMul | Sum):
        return _product_of_sums(expr, names)
    if isinstance(expr, Largest):
        return _largest(expr, names)
    if isinstance(expr, Smallest):
        return _product_of_sums(-Largest(-expr.function, *expr.limits), names)
    if isinstance(expr, SymPow) and not isinstance(expr, exp):
        return _power(expr, names)
    return _call(expr, names)


def _number(expr: Expr) -> Const:
    if isinstance(expr, Rational):
        return Const(Fraction(int(expr.p), int(expr.q)))
    return Const(float(expr))


def _component(expr: Indexed, names: dict[Symbol, str]) -> Piece:
    if len(set(expr.indices)) != len(expr.indices):
        raise DerivationError(f"a repeated index in {expr} has no array form yet")
    label = expr.base.label
    return Piece(Ref(names.get(label, str(label))), tuple(expr.indices))


def ordered_terms(expr: SymAdd) -> list[Expr]:
    """Put sums first and numbers where they read well: Σ… + b, but 1 - y²."""
    return sorted(expr.args, key=lambda t: (not _has_sum(t), not t.is_number, _sort_text(t)))


def _has_sum(term: Expr) -> bool:
    """Whether a term is a sum or a product with one in it, not a function of one."""
    return any(isinstance(f, Sum) or _is_sum_in(f) for f in SymMul.make_args(term))


def _is_sum_in(factor: Expr) -> bool:
    return isinstance(factor, SymAdd) and any(_has_sum(t) for t in factor.args)


def _sort_text(expr: Expr) -> tuple[bool, str]:
    return (expr.could_extract_minus_sign(), str(expr))


def _elementwise_sum(parts: list[Piece]) -> Piece:
    indices = _common(parts)
    return Piece(Add(tuple(aligned(p, indices) for p in parts)), indices)


def _elementwise_product(parts: list[Piece]) -> Piece:
    if len(parts) == 1:
        return parts[0]
    indices = _common(parts)
    return Piece(Mul(tuple(aligned(p, indices) for p in parts)), indices)


def _common(parts: list[Piece]) -> Indices:
    """Return the axes of an elementwise operation: the widest operand's, then the others'."""
    widest = max(parts, key=lambda p: len(p.indices)).indices
    extra = dict.fromkeys(k for p in parts for k in p.indices if k not in widest)
    return (*widest, *extra)


def _product_of_sums(expr: Expr, names: dict[Symbol, str]) -> Piece:
    factors, limits = flattened(expr)
    factors = _constants_as_one(factors)
    wide = next((f for f in factors if limits and _is_outer_sum(f)), None)
    if wide is not None:
        return _by_terms(wide, [f for f in factors if f is not wide], limits, names)
    parts = [piece(f, names) for f in sorted(factors, key=factor_order)]
    idle = [size for k, size in limits.items() if not any(k in p.indices for p in parts)]
    parts += [piece(size, names) for size in idle]
    for k in limits:
        parts = _without_index(parts, k)
    return _elementwise_product(parts)


def _constants_as_one(factors: list[Expr]) -> list[Expr]:
    """Multiply the constants of a product where one of them is irrational: √2/√π is one number."""
    constants = [f for f in factors if f.is_number]
    if all(f.is_Rational for f in constants):
        return factors
    return [SymMul(*constants).evalf(30), *(f for f in factors if not f.is_number)]


def _largest(expr: Largest, names: dict[Symbol, str]) -> Piece:
    body = piece(expr.function, names)
    (k,) = expr.variables
    axis = body.indices.index(k)
    return Piece(Greatest(body.node, axis), tuple(i for i in body.indices if i != k))


def _is_outer_sum(expr: Expr) -> bool:
    """Whether a sum has more indices than any component in it: a_i x_j + b_i y_j."""
    if not isinstance(expr, SymAdd):
        return False
    bound = {k for part in expr.atoms(Sum, Largest) for k in part.variables}
    found = [set(a.indices) - bound for a in expr.atoms(Indexed)]
    return bool(found) and len(set().union(*found)) > max(map(len, found))


def _by_terms(
    wide: Expr, rest: list[Expr], limits: dict[Symbol, Symbol], names: dict[Symbol, str]
) -> Piece:
    """Sum each term by itself: a matrix product each, where the whole would be a larger array."""
    scalars = [f for f in rest if not f.has(Indexed)]
    arrays = [f for f in rest if f.has(Indexed)]
    terms = [piece(total(SymMul(t, *arrays), limits), names) for t in ordered_terms(wide)]
    return _elementwise_product([*(piece(f, names) for f in scalars), _elementwise_sum(terms)])


def factor_order(expr: Expr) -> tuple[int, str]:
    """Numbers, sizes and a sample's numbers first, so that scalars meet before arrays do."""
    if not expr.has(Indexed) or (isinstance(expr, Indexed) and expr.indices == (SAMPLE,)):
        return (0, str(expr))
    if isinstance(expr, SymAdd):
        return (3, str(expr))
    return (1 if expr.has(SymFunction) and not expr.has(Sum) else 2, str(expr))


def _without_index(parts: list[Piece], k: Symbol) -> list[Piece]:
    """Sum a product over one index: contract the two factors that have it, or reduce the one."""
    having = [p for p in parts if k in p.indices]
    rest = [p for p in parts if k not in p.indices]
    if not having:
        return parts
    while len(having) > 2:
        having = [_elementwise_product(having[:2]), *having[2:]]
    if len(having) == 2 and _is_matrix_product(having[0], having[1], k):
        return [*rest, _matrix_product(having[0], having[1], k)]
    whole = _elementwise_product(having)
    axis = whole.indices.index(k)
    inner, axes = whole.node, (axis,)
    return [*rest, Piece(Reduce(inner, axes), tuple(i for i in whole.indices if i != k))]


def _is_matrix_product(a: Piece, b: Piece, k: Symbol) -> bool:
    return len(a.indices) <= 2 and len(b.indices) <= 2 and set(a.indices) & set(b.indices) == {k}


def _matrix_product(a: Piece, b: Piece, k: Symbol) -> Piece:
    """Return Σ_k a b as left @ right, the factor with the sample's axis on the left."""
    left, right = (b, a) if _goes_left(b, a, k) else (a, b)
    rows = tuple(i for i in left.indices if i != k)
    columns = tuple(i for i in right.indices if i != k)
    node = MatMul(_permuted(left, (*rows, k)), _permuted(right, (k, *columns)))
    return Piece(node, (*rows, *columns))


def _goes_left(candidate: Piece, other: Piece, k: Symbol) -> bool:
    """Whether a factor's free index comes before the other's in the result: n, then i, then j."""

    def key(p: Piece) -> tuple[bool, str]:
        free = [i.name for i in p.indices if i != k]
        return ("n" not in free, "".join(free))

    return key(candidate) < key(other)


def _power(expr: Expr, names: dict[Symbol, str]) -> Piece:
    base = piece(expr.base, names)
    if isinstance(expr.exp, Integer):
        return Piece(Power(base.node, int(expr.exp)), base.indices)
    if expr.exp == Rational(1, 2):
        return Piece(Call("sqrt", (base.node,)), base.indices)
    if expr.exp == -Rational(1, 2):
        return Piece(Power(Call("sqrt", (base.node,)), -1), base.indices)
    return _applied("power", [base, piece(expr.exp, names)])


def _call(expr: Expr, names: dict[Symbol, str]) -> Piece:
    if isinstance(expr, Piecewise):
        return _by_cases(list(expr.args), names)
    if isinstance(expr, Relational):
        return _applied(_COMPARISONS[type(expr)], [piece(a, names) for a in expr.args])
    name = _SYMPY_NAMES.get(type(expr).__name__, type(expr).__name__)
    if name not in FUNCTIONS and not name.startswith("_"):
        raise DerivationError(f"no array function for {type(expr).__name__}")
    return _applied(name, [piece(a, names) for a in expr.args])


def _applied(function: str, parts: list[Piece]) -> Piece:
    indices = _common(parts)
    return Piece(Call(function, tuple(aligned(p, indices) for p in parts)), indices)


def _by_cases(
    cases: list[tuple[Expr, Expr]], names: dict[Symbol, str], *, inner: bool = False
) -> Piece:
    """Lower a `Piecewise`: 1 where a condition holds and else 0 is the condition itself.

    Inside another one it is not: `where` would make integers of a number and truth values.
    """
    (value, condition), *others = cases
    if condition == True:  # noqa: E712  (SymPy's own true, or Python's)
        return piece(value, names)
    if isinstance(condition, Or):
        either = [(value, part) for part in condition.args]
        return _by_cases([*either, *others], names, inner=inner)
    if isinstance(condition, And):
        first, *more = condition.args
        both = Piecewise((value, And(*more)), *others, evaluate=False)
        return _by_cases([(both, first), *others], names, inner=inner)
    if not inner and value == 1 and [tuple(c) for c in others] == [(0, True)]:
        return piece(condition, names)
    rest = _by_cases(others, names, inner=True)
    if isinstance(value, Piecewise):
        chosen = _by_cases(list(value.args), names, inner=True)
        return _applied("where", [piece(condition, names), chosen, rest])
    if value.is_number and isinstance(rest.node, Const):
        like = sorted(condition.atoms(Indexed) or condition.free_symbols, key=str)[0]
        parts = [piece(condition, names), piece(value, names), rest, piece(like, names)]
        return _applied("choice", parts)
    return _applied("where", [piece(condition, names), piece(value, names), rest])
