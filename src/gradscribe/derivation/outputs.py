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
from gradscribe.notation import SUMMED_INDICES
from gradscribe.symbols import ScalarFunction, canonical, names


@dataclass(frozen=True)
class _Undone:
    """u_i in terms of y_i.

    Attributes:
        argument: the name of u.
        output: the variable y.
        inverse: u in terms of the catalog's `Y` and of `sums`.
        sums: what stands for each sum over the nodes.
    """

    argument: str
    output: Variable
    inverse: Expr
    sums: Mapping[Expr, Symbol]


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
    if len(at) != 1 or len(read) != 1 or not right.has(Sum):
        return None
    (argument,) = read
    sums = {
        _key(part): Symbol(f"T_{n}") for n, part in enumerate(sorted(right.atoms(Sum), key=str))
    }
    if any(at[0] in part.free_symbols for part in right.atoms(Sum)):
        return None
    scalar = right.replace(lambda e: isinstance(e, Sum), lambda e: sums[_key(e)])
    here = {a: U for a in scalar.atoms(Indexed) if tuple(a.indices) == at}
    inverse = undone(scalar.xreplace(here), U)
    return None if inverse is None else _Undone(argument, equation.variable, inverse, sums)


def _key(part: Sum) -> Expr:
    """Return a sum with the usual letter for its index."""
    return canonical(part, (), SUMMED_INDICES)


def _put(expr: Expr, form: _Undone) -> Expr:
    """Put in y, if all sums over nodes cancel then."""
    found = expr.replace(
        lambda e: isinstance(e, Sum) and _key(e) in form.sums, lambda e: form.sums[_key(e)]
    )
    places = [a for a in found.atoms(Indexed) if a.base.label.name == form.argument]
    values = {a: form.inverse.xreplace({Y: form.output[tuple(a.indices)]}) for a in places}
    found = rules.collapse(found.xreplace(values))
    left = found.free_symbols & set(form.sums.values())
    return expr if left or form.argument in names(found) else found


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
    return equation.variable[tuple(place.args[0].indices)]


def _has_quotient(expr: Expr) -> bool:
    """Whether something is divided by a component."""
    return any(
        f.exp.is_negative and bool(f.base.atoms(Indexed))
        for f in expr.atoms(Pow)
        if f.exp.is_number
    )
