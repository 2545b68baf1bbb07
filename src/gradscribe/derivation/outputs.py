"""Derivatives written with a layer's output, of which they are made.

softmax is y_i = exp(u_i)/Σ_k exp(u_k), and its derivative has exp(u_i), exp(u_j) and the sum in
it: with y_i and y_j it is shorter, and nothing in it overflows. As for f′ of one node the form is
found and not listed: y_i = R(u_i) is undone from the outside in, what it sums over all nodes
taken for a constant, and u_i put in wherever it stands.

Where a quotient is left, f′ is written with y too: 1/y and 1/(1 − y) of a cross-entropy cancel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sympy import Dummy, Expr, Indexed, Pow, Sum, Symbol, cancel

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.losses import Y
from gradscribe.derivation import rules
from gradscribe.derivation.slopes import slope, undone
from gradscribe.equation import Equation, Variable
from gradscribe.symbols import ScalarFunction, component, names


@dataclass(frozen=True)
class _Undone:
    """u_i in terms of y_i.

    Attributes:
        argument: the name of u.
        output: the variable y.
        at: the indices of y.
        inverse: u in terms of the catalog's `Y` and of `sums`.
        sums: what stands for each sum over some of the indices.
    """

    argument: str
    output: Variable
    at: tuple[Symbol, ...]
    inverse: Expr
    sums: Mapping[Expr, Expr]

    def of(self, place: tuple[Expr, ...]) -> Expr:
        """Return u at a place."""
        moved = dict(zip(self.at, place, strict=True))
        return self.inverse.xreplace(moved).xreplace({Y: self.output[place]})


def with_outputs(expr: Expr, equations: Iterable[Equation]) -> Expr:
    """Return an expression with y for what is made of u, if no u is left then.

    Args:
        expr: derivatives of the equations' right sides, Kronecker deltas collapsed.
        equations: of functions that join the nodes of a layer; any others do nothing.
    """
    for equation in equations:
        form = _undone(equation)
        if form is not None and form.argument in names(expr):
            expr = _put(expr, form)
    return expr


@cache
def _undone(equation: Equation) -> _Undone | None:
    """Undo y_i = R(u_i, sums over u); None where that is not the form."""
    right, at = equation.right, equation.indices
    read = names(right)
    if not at or len(read) != 1 or not right.has(Sum):
        return None
    (argument,) = read
    sums: dict[Expr, Expr] = {}
    for n, part in enumerate(sorted(right.atoms(Sum), key=str)):
        kept = [k for k in at if k in part.free_symbols]
        if len(kept) == len(at):
            return None
        sums[part] = component(f"T_{n}", kept)
    scalar = right.replace(lambda e: isinstance(e, Sum), lambda e: sums[e])
    here = {a: U for a in scalar.atoms(Indexed) if tuple(a.indices) == at}
    inverse = undone(scalar.xreplace(here), U)
    return None if inverse is None else _Undone(argument, equation.variable, at, inverse, sums)


def _stand_in(part: Expr, form: _Undone) -> Expr | None:
    """Return what stands for a sum over nodes, at whatever indices; None for any other sum."""
    for pattern, symbol in form.sums.items():
        first, there = (
            next(iter(sorted((a for a in p.atoms(Indexed)), key=str)), None)
            for p in (pattern, part)
        )
        if first is None or there is None or len(first.indices) != len(there.indices):
            continue
        moved = dict(zip(first.indices, there.indices, strict=True))
        at = {k: moved[k] for k in form.at if k in moved}
        if _key(pattern.xreplace(at)) == _key(part):
            return symbol.xreplace(at)
    return None


def _key(part: Expr) -> Expr:
    """Return a sum with one letter for its index, whatever that was."""
    return part.xreplace({k: Symbol(f"k_{n}") for n, k in enumerate(part.variables)})


def _put(expr: Expr, form: _Undone) -> Expr:
    """Put in y, if all sums over nodes cancel then."""
    values = {part: _stand_in(part, form) for part in expr.atoms(Sum)}
    found = expr.xreplace({part: value for part, value in values.items() if value is not None})
    places = [a for a in found.atoms(Indexed) if a.base.label.name == form.argument]
    inverses = {a: form.of(tuple(a.indices)) for a in places}
    found = rules.collapse(found.xreplace(inverses))
    left = {str(s) for s in found.free_symbols} & {n for s in form.sums.values() for n in _names(s)}
    return expr if left or form.argument in names(found) else found


def _names(stand_in: Expr) -> set[str]:
    return {str(stand_in.base.label if isinstance(stand_in, Indexed) else stand_in)}


def cancelled(
    expr: Expr, functions: Mapping[str, Activation | None], equations: Iterable[Equation]
) -> Expr:
    """Return an expression without the quotients in it, f′ written with y, if they cancel.

    Args:
        expr: a derivative.
        functions: the entry of each function.
        equations: y = f(u) of the network.
    """
    if not _has_quotient(expr):
        return expr
    outputs = {q.right.stem: q for q in equations if isinstance(q.right, ScalarFunction)}
    slopes = {}
    for place in expr.atoms(ScalarFunction):
        entry, output = functions.get(place.stem), _output(place, outputs)
        form = slope(entry, place.order).of_y if entry is not None and place.order else None
        if form is not None and output is not None:
            slopes[place] = form.xreplace({Y: output})
    written = expr.xreplace(slopes)
    sums = {part: Dummy() for part in written.atoms(Sum)}
    found = cancel(written.xreplace(sums)).xreplace({v: k for k, v in sums.items()})
    return expr if _has_quotient(found) else found


def _output(place: ScalarFunction, outputs: Mapping[str, Equation]) -> Expr | None:
    """Return y where f′(u) stands."""
    equation = outputs.get(place.stem)
    if equation is None or not isinstance(place.args[0], Indexed):
        return None
    if equation.right.args[0].base != place.args[0].base:
        return None
    own = equation.right.args[0].indices
    moved = dict(zip(own, place.args[0].indices, strict=True))
    if set(own) != set(equation.indices):
        return None
    return equation.variable[tuple(moved[k] for k in equation.indices)]


def _has_quotient(expr: Expr) -> bool:
    """Whether something is divided by a component."""
    return any(
        f.exp.is_negative and bool(f.base.atoms(Indexed))
        for f in expr.atoms(Pow)
        if f.exp.is_number
    )
