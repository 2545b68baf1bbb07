"""Where a formula of one's own has no value, has no bound, is too large, or loses digits.

A formula and its first two derivatives are computed as modules do it, at places of every size, and
compared with the same in many digits. What is found is said and is no error: log(y) is a good loss
for y that a sigmoid makes.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import mpmath
import numpy as np
from sympy import Add, And, Expr, Mul, Or, Piecewise, Pow, Rational, Symbol, exp, log, real_roots
from sympy.core.relational import Relational

from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.catalog.losses import LOSSES, D, Loss, Y
from gradscribe.derivation.slopes import derivative_off_kinks, slope
from gradscribe.formula import TEXT, expression
from gradscribe.model.network import Network
from gradscribe.program.evaluate import Machine
from gradscribe.program.ir import Program
from gradscribe.program.lower import lower
from gradscribe.program.stable import stabilised

_DIGITS = 60
_MOST = 3  # places that are told
_ZERO = 1e-12
_COMPARED = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_SIZES = (1e-8, 1e-3, *(k / 8 for k in range(1, 41)), 10, 20, 50, 100, 300, 1000)
_PLACES = (*(-s for s in reversed(_SIZES)), 0.0, *_SIZES)
_DESIRED = (0.0, 1.0, -1.0, 0.5, 3.0)
_LARGEST, _SMALLEST = float(np.finfo(float).max), float(np.finfo(float).tiny)
_LOST = 1e-6  # of the larger of a value and 1, from which on digits are lost
_ORDERS = ("", "′", "″")
_BESIDE = (1e-10, 1e-20, 1e-40)  # how far beside a place it is seen whether a formula grows there
_GROWS = 1.2  # from each of these to the next, also log(u); what has a limit changes by nothing


@dataclass(frozen=True)
class _Curve:
    """A formula of one variable, or one of its derivatives.

    Attributes:
        name: of the function.
        order: of the derivative.
        expr: the formula.
        variable: what it is a formula in.
        fixed: the values of other symbols.
    """

    name: str
    order: int
    expr: Expr
    variable: Symbol
    fixed: Mapping[Symbol, float]


@dataclass(frozen=True)
class _Flaw:
    """What is wrong at a place: with which part of the formula, and what."""

    part: str
    what: str


def cautions(network: Network) -> tuple[str, ...]:
    """Return a sentence on each part of a network's own formulas that some numbers do not suit."""
    own = {e.name: e for e in network.bindings.values() if e and e.name not in ACTIVATIONS}
    found: list[tuple[_Flaw, str, list[str]]] = []
    curves = [c for entry in own.values() for c in _of_activation(entry)]
    curves += _of_loss(network.loss) if network.loss.name not in LOSSES else []
    with mpmath.workdps(_DIGITS):
        for curve in curves:
            for flaw, where in _flaws(curve):
                known = (
                    k
                    for k, (f, w, _) in enumerate(found)
                    if f == flaw or (f.what, w) == (flaw.what, where)
                )
                place = next(known, len(found))
                if place == len(found):
                    found.append((flaw, where, []))
                found[place][2].append(curve.name + _ORDERS[curve.order])
    return tuple(
        f"in {', '.join(dict.fromkeys(orders))}: {flaw.part} {flaw.what} {where}"
        for flaw, where, orders in found
    )


def _of_activation(entry: Activation) -> Iterator[_Curve]:
    """Yield f, f′ and f″, what is learned at its start."""
    start = {c.symbol: c.value for c in entry.learned}
    for order in range(3):
        if start:
            expr = derivative_off_kinks(entry.formula.xreplace(start), U, order)
        else:
            expr = entry.formula if order == 0 else slope(entry, order).of_u
        yield _Curve(entry.name, order, expr, U, {})


def _of_loss(loss: Loss) -> Iterator[_Curve]:
    """Yield the loss of one output and its derivatives by y, at some d."""
    whole = loss.whole.xreplace({c.symbol: c.value for c in loss.learned})
    for order in range(3):
        expr = derivative_off_kinks(whole, Y, order)
        for d in _DESIRED if expr.has(D) else (0.0,):
            yield _Curve(loss.name, order, expr, Y, {D: d} if expr.has(D) else {})


def _flaws(curve: _Curve) -> Iterator[tuple[_Flaw, str]]:
    """Yield each flaw of a formula with the places that have it, in words."""
    flaw_at = _examiner(curve)
    flaws = [flaw_at(u) for u in _PLACES]
    for flaw in dict.fromkeys(f for f in flaws if f is not None):
        yield flaw, _where(curve, flaw, flaws, flaw_at)
    ends = [f"{float(p):.4g}" for p in _critical(curve) if _grows(curve, p)]
    if ends:
        where = f"beside {curve.variable.name} = {' and '.join(ends[:_MOST])}"
        yield _Flaw("it", "grows without bound"), where + _fixed_text(curve)


def _critical(curve: _Curve) -> list[Expr]:
    """Return where cases of a formula meet, and where bases of powers and logarithms are 0."""
    u, expr = curve.variable, curve.expr.xreplace({s: Rational(v) for s, v in curve.fixed.items()})
    parts = [r.lhs - r.rhs for r in expr.atoms(Relational)]
    parts += [p.base for p in expr.atoms(Pow)] + [a.args[0] for a in expr.atoms(log)]
    zeros = (real_roots(p, u) for p in parts if p.is_polynomial(u) and p.has(u))
    return sorted({root for roots in zeros for root in roots})


def _grows(curve: _Curve, place: Expr) -> bool:
    """Whether a formula has a value at a place, and no bound on one side of it."""
    given = {s: mpmath.mpf(v) for s, v in curve.fixed.items()}
    exact = mpmath.mpmathify(place.evalf(_DIGITS))
    try:
        _value(curve.expr, {**given, curve.variable: exact})
    except _NoValueError:
        return False  # that is said
    for side in (1, -1):
        try:
            sizes = [
                abs(_value(curve.expr, {**given, curve.variable: exact + side * mpmath.mpf(step)}))
                for step in _BESIDE
            ]
        except _NoValueError:
            continue
        if all(after > _GROWS * before > 0 for before, after in pairwise(sizes)):
            return True
    return False


def _where(
    curve: _Curve, flaw: _Flaw, flaws: list[_Flaw | None], flaw_at: Callable[[float], _Flaw | None]
) -> str:
    """Return the places that have a flaw, in words: "at u = 0", "for u from 26.6 on"."""

    def border(good: int, bad: int) -> str:
        inside, outside = _PLACES[bad], _PLACES[good]
        for _ in range(30):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if flaw_at(middle) == flaw else (inside, middle)
        return f"{inside:.4g}" if abs(inside) > _ZERO else "0"

    name, end = curve.variable.name, len(_PLACES) - 1
    words: list[str] = []
    for has, run in groupby(range(len(_PLACES)), lambda k: flaws[k] == flaw):
        first, *others = run
        last = others[-1] if others else first
        if not has or len(words) == _MOST:
            continue
        if first == 0 and last == end:
            words.append(f"for every {name}")
        elif first == 0:
            words.append(f"for {name} up to {border(last + 1, last)}")
        elif last == end:
            words.append(f"for {name} from {border(first - 1, first)} on")
        elif first == last:
            words.append(f"at {name} = {_PLACES[first]:g}")
        else:
            low, high = border(first - 1, first), border(last + 1, last)
            words.append(f"for {name} from {low} to {high}")
    return " and ".join(words) + _fixed_text(curve)


def _fixed_text(curve: _Curve) -> str:
    return "".join(f" (d = {d:g})" for d in curve.fixed.values())


def _examiner(curve: _Curve) -> Callable[[float], _Flaw | None]:
    """Return a function that says what is wrong with a formula at a place."""
    names = {s: s.name for s in (curve.variable, *curve.fixed)}
    node = lower(stabilised(curve.expr), (), names)
    values: dict[str, Any] = {s.name: np.array([v]) for s, v in curve.fixed.items()}
    fixed = {s: mpmath.mpf(v) for s, v in curve.fixed.items()}

    def flaw(u: float) -> _Flaw | None:
        try:
            true = _value(curve.expr, {**fixed, curve.variable: mpmath.mpf(u)})
        except _NoValueError as error:
            return _Flaw(expression(error.part, TEXT), "has no value")
        if abs(true) > _LARGEST:
            return _Flaw("it", "is larger than floating-point numbers are")
        machine = Machine(Program((), {}, ()), {**values, curve.variable.name: np.array([u])})
        with np.errstate(all="ignore"):
            computed = float(np.ravel(machine.evaluate(node))[0])
        if not np.isfinite(computed):
            return _Flaw("it", "is not computed, since a part of it is too large,")
        if abs(true) > _SMALLEST and abs(computed - true) > _LOST * max(abs(true), 1):
            return _Flaw("it", "loses digits")
        return None

    return flaw


class _NoValueError(Exception):
    """A part of a formula has no real value at a place."""

    def __init__(self, part: Expr) -> None:
        super().__init__()
        self.part = part


def _value(expr: Expr, given: Mapping[Symbol, Any]) -> Any:
    """Return a formula's value in many digits; raise `_NoValueError` with the innermost part."""
    if isinstance(expr, Symbol):
        return given[expr]
    if expr.is_number:
        return mpmath.mpmathify(expr.evalf(_DIGITS))
    if isinstance(expr, Piecewise):
        return _value(next(v for v, when in expr.args if _holds(when, given)), given)
    arguments = [_value(a, given) for a in expr.args]
    try:
        found = _applied(expr, arguments)
    except (ZeroDivisionError, ValueError, OverflowError):
        raise _NoValueError(expr) from None
    if not mpmath.isfinite(found) or mpmath.im(found) != 0:
        raise _NoValueError(expr)
    return found


def _applied(expr: Expr, arguments: list[Any]) -> Any:
    """Return the value of an operation or a function."""
    if isinstance(expr, Add):
        return mpmath.fsum(arguments)
    if isinstance(expr, Mul):
        return mpmath.fprod(arguments)
    if isinstance(expr, Pow) and not isinstance(expr, exp):
        return mpmath.power(*arguments)
    name = expr.func.__name__
    return getattr(mpmath, {"Abs": "fabs"}.get(name, name))(*arguments)


def _holds(condition: Any, given: Mapping[Symbol, Any]) -> bool:
    """Whether a condition of a case holds."""
    if isinstance(condition, And | Or):
        every = [_holds(part, given) for part in condition.args]
        return all(every) if isinstance(condition, And) else any(every)
    if isinstance(condition, Relational):
        left, right = (_value(a, given) for a in condition.args)
        return bool(_COMPARED[condition.rel_op](left, right))
    return bool(condition)
