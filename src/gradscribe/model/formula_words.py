"""What a formula may be written with: operations, comparisons and functions."""

import ast
from collections.abc import Callable, Mapping

from sympy import (
    Add,
    Expr,
    Mul,
    Piecewise,
    S,
    acos,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expand,
    log,
    piecewise_fold,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from sympy.core.relational import Ge, Gt, Le, Lt, Relational

from gradscribe.catalog.activations import U


def _compared(
    comparison: Callable[[Expr, Expr], Relational], left: Expr, right: Expr
) -> Relational:
    """Return a comparison, of u with a number where it comes down to that."""
    difference = expand(left - right)
    factor, rest = difference.coeff(U, 1), difference.coeff(U, 0)
    if factor.is_number and factor != 0 and difference == factor * U + rest and rest.is_number:
        place = -rest / factor
        return comparison(U, place) if factor > 0 else comparison(place, U).reversed
    return comparison(left, right)


def _by_sign(a: Expr, value: Expr) -> Expr:
    """Return a value where a > 0, its negative where a < 0, else 0."""
    return by_comparison(Gt, a, S.Zero, value, by_comparison(Lt, a, S.Zero, -value, S.Zero))


def hyperbolic(expr: Expr) -> Expr:
    """Return a formula with cosh, sinh and tanh for sums and ratios of exp(a) and exp(-a)."""
    found = expr.replace(lambda e: isinstance(e, Add), _sum_of_exponentials)
    for part in found.atoms(sinh):
        (a,) = part.args
        found = found.replace(
            lambda e, a=a: isinstance(e, Mul) and {sinh(a), cosh(a) ** -1} <= set(e.args),
            lambda e, a=a: e / sinh(a) * cosh(a) * tanh(a),
        )
    return found


def _sum_of_exponentials(expr: Expr) -> Expr:
    """Return 2 c cosh(a) for c exp(a) + c exp(-a), 2 c sinh(a) for c exp(a) - c exp(-a)."""
    if len(expr.args) != 2:
        return expr
    (c, one), (d, other) = (term.as_coeff_Mul() for term in expr.args)
    if not (isinstance(one, exp) and isinstance(other, exp) and one.exp == -other.exp):
        return expr
    if c == d:
        return 2 * c * cosh(one.exp)
    return 2 * c * sinh(one.exp) if c == -d else expr


def by_comparison(
    comparison: Callable[[Expr, Expr], Relational],
    left: Expr,
    right: Expr,
    value: Expr,
    other: Expr,
) -> Expr:
    """Return one of two formulas by a comparison; cases of what is compared become cases of all."""
    difference = piecewise_fold(left - right)
    if isinstance(difference, Piecewise):
        return Piecewise(
            *(
                (by_comparison(comparison, d, S.Zero, value, other), when)
                for d, when in difference.args
            )
        )
    return Piecewise((value, _compared(comparison, left, right)), (other, True))


COMPARISONS: Mapping[type, Callable[[Expr, Expr], Relational]] = {
    ast.Gt: Gt, ast.GtE: Ge, ast.Lt: Lt, ast.LtE: Le,
}  # fmt: skip
OPERATIONS: Mapping[type, Callable[[Expr, Expr], Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "exp": exp, "log": log, "sqrt": sqrt, "sin": sin, "cos": cos, "tan": tan, "asin": asin,
    "acos": acos, "atan": atan, "sinh": sinh, "cosh": cosh, "tanh": tanh, "asinh": asinh,
    "atanh": atanh, "erf": erf, "erfc": erfc,
    "log1p": lambda a: log(1 + a),
    "expm1": lambda a: exp(a) - 1,
    # At its kink f′ is 0, as in PyTorch.
    "abs": lambda a: _by_sign(a, a),
    "sign": lambda a: _by_sign(a, S.One),
    "max": lambda a, b: by_comparison(Gt, a, b, a, b),
    "min": lambda a, b: by_comparison(Lt, a, b, a, b),
}  # fmt: skip
# Those that have all derivatives wherever they have a value.
SMOOTH: Mapping[str, Callable[..., Expr]] = {
    name: function
    for name, function in FUNCTIONS.items()
    if name not in ("abs", "sign", "max", "min")
}
ARGUMENTS = {"max": 2, "min": 2, "where": 3}
