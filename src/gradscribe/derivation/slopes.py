"""The derivative of an activation function: SymPy's, and written in terms of the output y = f(u).

The second form is found, not listed: f is undone from the outside in, y = f(u) becoming
h(y) = g(u), until f′ can be written with h(y) alone. What is found is compared with f′ at
points of both signs before it is believed, since undoing may hold on one branch only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from sympy import (
    Add,
    DiracDelta,
    Expr,
    Float,
    Function,
    Ge,
    Gt,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    cancel,
    exp,
    expand,
    factor,
    factor_terms,
    log,
    oo,
)
from sympy.core.relational import Relational

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.losses import Y

# Points of both signs, inside and outside the ranges in which functions can be undone.
_DIGITS = 40
_BESIDE = Float(10) ** -10  # how far beside a kink f′ is compared
_POINTS = tuple(Float(p, _DIGITS) / 7 for p in (-47, -25, -11, -3, -1, 1, 2, 9, 23, 45))


@dataclass(frozen=True)
class Slope:
    """The derivative of an activation function.

    Attributes:
        of_u: f′(u), an expression in the catalog's `U`.
        of_y: the same in terms of y = f(u), an expression in the catalog's `Y`; None where
            there is no such form.
    """

    of_u: Expr
    of_y: Expr | None


@cache
def slope(activation: Activation, order: int = 1) -> Slope:
    """Return f′ (or f″, …) of an activation function in both forms."""
    of_u = one_fraction(off_the_kinks(activation.formula.diff(U, order)))
    if activation.kink is not None and kinks(activation):
        return Slope(_with_kinks(of_u, kinks(activation) if order == 1 else {}, activation), None)
    if of_u.free_symbols.isdisjoint({U}):
        return Slope(of_u, of_u)
    return Slope(of_u, in_terms_of_output(activation.formula, of_u))


@cache
def derivative_off_kinks(expr: Expr, by: Symbol, order: int) -> Expr:
    """Return the derivative of a formula in one variable where it has no kink."""
    return off_the_kinks(expr.diff(by, order))


def slope_ratio(activation: Activation) -> Expr | None:
    """Return q(y) = f″/f′, an expression in `Y`, where it is a polynomial; else None."""
    first, second = slope(activation).of_y, slope(activation, 2).of_y
    if first is None or second is None or first == 0:
        return None
    if first.has(Piecewise) or second.has(Piecewise):
        return None
    ratio = cancel(second / first)
    return tidied(ratio) if ratio.is_polynomial(Y) else None


@cache
def kinks(activation: Activation) -> dict[Expr, Expr]:
    """Return the places at which f′ jumps, with what is taken for f′ there.

    Places are those with which u itself is compared.
    """
    formula, first = activation.formula, off_the_kinks(activation.formula.diff(U))
    compared = {r for cases in formula.atoms(Piecewise) for r in cases.atoms(Relational)}
    places = {r.rhs for r in compared if r.lhs == U and r.rhs.is_number}
    sides = {p: [first.subs(U, p + side * _BESIDE) for side in (-1, 1)] for p in sorted(places)}
    jumps = [p for p, (a, b) in sides.items() if abs(a - b) > 2 * _BESIDE]
    if activation.kink is None:
        return {p: first.subs(U, p) for p in jumps}
    to = activation.kink
    around = _regions(first, jumps)
    limits = {
        p: [case.subs(U, p) for case in beside]
        for p, *beside in zip(jumps, around[:-1], around[1:], strict=True)
    }
    return {p: (1 - to) * left + to * right for p, (left, right) in limits.items()}


def _regions(expr: Expr, places: Sequence[Expr]) -> list[Expr]:
    """Return what an expression is below the first of some places, between them, and above."""
    ends = [-oo, *places, oo]
    found = []
    for low, high in pairwise(ends):
        inside = _inside(low, high)
        known = {
            r: r.subs(U, inside)
            for r in expr.atoms(Relational)
            if r.lhs == U and r.rhs.is_number and not low < r.rhs < high
        }
        found.append(expr.subs(known))
    return found


def _inside(low: Expr, high: Expr) -> Expr:
    """Return a number between two, of which one may be infinite."""
    if low.is_infinite:
        return S.Zero if high.is_infinite else high - 1
    return low + 1 if high.is_infinite else (low + high) / 2


def _with_kinks(derivative: Expr, values: Mapping[Expr, Expr], activation: Activation) -> Expr:
    """Return a derivative with what is taken for it at the kinks; 0 where nothing is said."""
    places = list(kinks(activation))
    found, *above = _regions(derivative, places)
    for place, case in zip(places, above, strict=True):
        there = values.get(place, S.Zero)
        if there == case:
            found = Piecewise((case, Ge(U, place)), (found, True))
        else:
            found = Piecewise((case, Gt(U, place)), (there, Ge(U, place)), (found, True))
    return found


def one_fraction(expr: Expr) -> Expr:
    """Return a ratio of polynomials in u, in each case, as one fraction: nothing cancels in it."""
    if isinstance(expr, Piecewise):
        return Piecewise(*((one_fraction(value), condition) for value, condition in expr.args))
    if expr.is_rational_function(U) and not expr.is_polynomial(U):
        return factor(cancel(expr))
    return expr


def off_the_kinks(derivative: Expr) -> Expr:
    """Return a derivative without the impulses that SymPy gives to kinks: it is 0 off them."""
    return derivative.replace(DiracDelta, lambda *_: S.Zero)


def in_terms_of_output(formula: Expr, derivative: Expr) -> Expr | None:
    """Return an expression in `Y` equal to `derivative` wherever Y = formula, or None."""
    if isinstance(formula, Piecewise):
        return _by_branches(formula, derivative)
    inside, outside = formula, Y
    while True:
        candidate = derivative.subs(inside, outside)
        if U not in candidate.free_symbols:
            candidate = tidied(candidate)
            # A logarithm or a root of y loses what y, near 0, has lost.
            lossy = candidate.has(log) or any(not p.exp.is_Integer for p in candidate.atoms(Pow))
            fits = not lossy and _agree(formula, derivative, candidate)
            return candidate if fits else None
        undone = _undo(inside, outside)
        if undone is None:
            return None
        inside, outside = undone


def tidied(expr: Expr) -> Expr:
    """Return the shortest of a few equal forms.

    SymPy's `simplify` would do, but importing what it needs takes longer than all the rest.
    """
    multiplied_out = expand(cancel(expr))
    forms = (factor_terms(multiplied_out), multiplied_out, expr)
    return min(forms, key=lambda form: form.count_ops())


def undone(formula: Expr, variable: Symbol) -> Expr | None:
    """Return the variable in terms of `Y` = formula, or None where that is not found."""
    inside, outside = formula, Y
    while inside != variable:
        further = _undo(inside, outside)
        if further is None:
            return None
        inside, outside = further
    return outside


def _undo(inside: Expr, outside: Expr) -> tuple[Expr, Expr] | None:
    """Take the outermost operation off `inside` and apply its inverse to `outside`."""
    constants = [a for a in inside.args if U not in a.free_symbols]
    others = [a for a in inside.args if U in a.free_symbols]
    if len(others) != 1:
        return None
    if isinstance(inside, Add):
        return others[0], outside - Add(*constants)
    if isinstance(inside, Mul):
        return others[0], outside / Mul(*constants)
    if isinstance(inside, log):
        return others[0], exp(outside)
    if isinstance(inside, exp):
        return others[0], log(outside)
    if isinstance(inside, Pow) and others[0] is inside.base:
        return others[0], outside ** (1 / inside.exp)
    if isinstance(inside, Function) and hasattr(inside, "inverse"):
        return others[0], inside.inverse()(outside)
    return None


def _by_branches(formula: Piecewise, derivative: Expr) -> Expr | None:
    """Write a derivative by cases of y, where the case can be told from y."""
    if not isinstance(derivative, Piecewise):
        return None
    branches = []
    for (value, condition), (slope_here, _) in zip(formula.args, derivative.args, strict=True):
        of_y = (
            slope_here
            if U not in slope_here.free_symbols
            else in_terms_of_output(value, slope_here)
        )
        if of_y is None:
            return None
        branches.append((of_y, condition.subs(U, Y)))
    candidate = Piecewise(*branches)
    return candidate if _agree(formula, derivative, candidate) else None


def _agree(formula: Expr, derivative: Expr, of_y: Expr) -> bool:
    """Whether two forms of a derivative agree at all test points, in high precision."""
    return all(_difference_is_small(formula, derivative, of_y, point) for point in _POINTS)


def _difference_is_small(formula: Expr, derivative: Expr, of_y: Expr, point: Expr) -> bool:
    # Putting in a number of many digits evaluates at once, where `evalf` would first put in a
    # rational and simplify.
    y = formula.xreplace({U: point})
    left = derivative.xreplace({U: point})
    right = of_y.xreplace({Y: y})
    difference, size = abs(left - right).evalf(_DIGITS), abs(left).evalf(_DIGITS)
    if not (difference.is_comparable and size.is_comparable):
        return False  # a root of a negative number, say
    return bool(difference < Float(10) ** (6 - _DIGITS) * (1 + size))


def slope_in(
    activation: Activation,
    u: Expr,
    y: Expr | None,
    value: Expr | None = None,
    order: int = 1,
) -> Expr:
    """Return f′ at a place: in terms of the output where it has one and that is exact.

    Args:
        activation: f.
        u: the argument.
        y: the variable that is f(u), if there is one.
        value: f(u) itself, if it may be used. A shorter form of f′ in it goes before that
            in u: it is evaluated already and does not overflow.
        order: 2 for f″.
    """
    found = slope(activation, order)
    if found.of_y is None:
        return found.of_u.subs(U, u)
    if y is not None:
        return found.of_y.subs(Y, y)
    shorter = found.of_y.count_ops() < found.of_u.count_ops()
    return found.of_y.subs(Y, value) if value and shorter else found.of_u.subs(U, u)


def symbols() -> tuple[Symbol, Symbol]:
    """Return the symbols that stand for an activation and its output in a slope."""
    return U, Y
