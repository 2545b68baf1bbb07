"""The SymPy objects that equations are written with.

Indexed components, sums, and activation functions whose derivatives have names.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from sympy import (
    Add,
    Derivative,
    Expr,
    Function,
    Indexed,
    IndexedBase,
    KroneckerDelta,
    Piecewise,
    Pow,
    S,
    StrictGreaterThan,
    Sum,
    Symbol,
    Tuple,
)
from sympy.concrete.expr_with_limits import ExprWithLimits

from gradscribe.notation import FREE_INDICES, SAMPLE, SUMMED_INDICES, index, split


class ScalarFunction(Function):  # type: ignore[misc]
    """An activation function in an equation: f¹, its derivative f′¹, and so on.

    Subclasses are made by `scalar_function`; SymPy's `diff` gives the next order.
    """

    stem = ""
    order = 0
    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:  # noqa: ARG002  (SymPy's name; there is one)
        """Return the derivative, as the function of the next order at the same place."""
        return scalar_function(self.stem, self.order + 1)(self.args[0])


class Total(Sum):  # type: ignore[misc]
    """SymPy's sum as it is written.

    SymPy itself moves a case distinction in a sum out of it, and if the sum stands in another one,
    out of both: with conditions on an index that nothing binds any more.
    """

    def __new__(cls, function: Expr, *limits: Any, **_assumptions: Any) -> "Total":
        """Make a sum of what is given and nothing else."""
        made: Total = Expr.__new__(cls, function, *(Tuple(*limit) for limit in limits))
        made.is_commutative = True
        return made


class OverNodes(Function):  # type: ignore[misc]
    """In a formula f(u): the sum of an expression in u over all nodes of the layer."""

    nargs = 1


class Largest(ExprWithLimits):  # type: ignore[misc]
    """The largest value of an expression over an index, written as a `Sum` is."""


class Smallest(ExprWithLimits):  # type: ignore[misc]
    """The smallest value of an expression over an index, written as a `Sum` is."""


def scalar_function(stem: str, order: int = 0) -> type[ScalarFunction]:
    """Return the function `stem` differentiated `order` times, as a SymPy function."""
    return _scalar_function(stem, order)


@cache
def _scalar_function(stem: str, order: int) -> type[ScalarFunction]:
    """Return the one class of a function: made once, however it was asked for."""
    return type(stem + "prime" * order, (ScalarFunction,), {"stem": stem, "order": order})


def component(name: str, indices: Iterable[Expr]) -> Expr:
    """Return `name[indices]`; a scalar has one component, at ()."""
    indices = tuple(indices)
    return Indexed(IndexedBase(name), *indices) if indices else Symbol(name)


def total(body: Expr, limits: Mapping[Symbol, Symbol]) -> Expr:
    """Return the sum of `body` over indices, each from 1 to its size."""
    return Total(body, *[(k, 1, n) for k, n in limits.items()]) if limits and body != 0 else body


def by_samples(expr: Expr) -> tuple[Expr, Expr]:
    """Return what an expression has of sums over the samples, and what it has beside."""
    terms = Add.make_args(expr)
    over = [t for t in terms if any(SAMPLE in part.variables for part in t.atoms(Sum))]
    return Add(*over), Add(*(t for t in terms if t not in over))


def without_empty_sums(expr: Expr) -> Expr:
    """Return an expression with 0 for each sum of zeros, which SymPy's `Sum` leaves as it is."""
    return expr.replace(lambda part: isinstance(part, Sum) and part.function == 0, lambda _: S.Zero)


def names(expr: Expr) -> set[str]:
    """Return the names of the variables with indices that occur."""
    return {a.base.name for a in expr.atoms(Indexed)}


def summed(expr: Expr) -> Iterator[Symbol]:
    """Yield the indices that are summed over, outermost first, in a stable order."""
    if isinstance(expr, Sum):
        yield from (limit[0] for limit in expr.limits)
    for argument in expr.args:
        yield from summed(argument)


def canonical(expr: Expr, free: tuple[Symbol, ...], letters: tuple[str, ...]) -> Expr:
    """Return `expr` with its summed indices renamed to the first letters that are free.

    Where there are more indices than letters, letters with numbers follow: every index has a name
    of its own.
    """
    names_in_order = (*letters, *(f"{letter}_{c}" for c in range(30) for letter in letters))
    available = (k for k in map(index, names_in_order) if k not in free)
    renaming = dict(zip(dict.fromkeys(summed(expr)), available, strict=False))
    return expr.xreplace(renaming)


def free_indices(count: int) -> tuple[Symbol, ...]:
    """Return the usual indices of a left side: (), (i,), (i, j)."""
    return tuple(index(letter) for letter in FREE_INDICES[:count])


def summed_index(position: int) -> Symbol:
    """Return the usual letter of the sum at this position, of j, k and so on."""
    return index(SUMMED_INDICES[position])


def magnitude(expr: Piecewise) -> tuple[str, Expr] | None:
    """Return "abs" or "sign" and its argument for a case distinction that is one of them."""
    (_, condition), *_ = expr.args
    if not isinstance(condition, StrictGreaterThan) or condition.rhs != 0 or len(expr.args) != 3:
        return None
    a = condition.lhs
    for name, value in (("abs", a), ("sign", S.One)):
        if expr.args == Piecewise((value, a > 0), (-value, a < 0), (0, True), evaluate=False).args:
            return name, a
    return None


def term_order(term: Expr) -> tuple[bool, bool, bool, str]:
    """Return the place of a term in a sum: numbers first, then sums, what is subtracted last."""
    return (term.could_extract_minus_sign(), not term.is_number, not term.has(Sum), str(term))


def factor_order(factor: Expr) -> tuple[int, str]:
    """The lecture's order: numbers, errors, f′, W, δ, outputs, then sums."""
    inner = factor.base if isinstance(factor, Pow) else factor
    if isinstance(inner, Sum):
        return (8, str(factor))
    if isinstance(inner, ScalarFunction):
        return (3, str(factor))
    if isinstance(inner, KroneckerDelta):
        return (6, str(factor))
    if isinstance(inner, Derivative | Add):
        return (7, str(factor))
    if not isinstance(inner, Indexed):
        return (1, str(factor))
    stem = split(inner.base.name).stem
    known = {"e": 2, "d": 2, "delta": 5, "y": 6, "x": 6}
    return (5 if stem.startswith("dE_d") else known.get(stem, 4), str(factor))
