"""The rules. Nothing here knows what a network, a layer or a loss is.

Every derivative in gradscribe is SymPy's derivative of a scalar expression, put together
by these functions:

* `partial`: how a right side changes with the explicit occurrences of a variable,
  ∂v_i/∂v_k = δ_ik (Kronecker) for each index, sums and products by linearity and the product rule;
* `collapse`: a sum over an index in a Kronecker delta has one term, Σ_k δ_ik a_k = a_i, and what
  does not depend on the index of a sum leaves it;
* `path`: the chain rule's unevaluated terms, Σ_k ∂E/∂w_k ∂w_k/∂v_i, one for each reader w of v;
* `substitute`: an equation's left side may be replaced by its right side.

Reverse mode (`reverse.py`) is nothing but these, applied along the list of equations backwards.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from sympy import (
    Add,
    Derivative,
    Dummy,
    Expr,
    Function,
    Indexed,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    S,
    Sum,
    Symbol,
    expand_mul,
    factor_terms,
)

from gradscribe.equation import Equation, Variable
from gradscribe.notation import SUMMED_INDICES, index
from gradscribe.symbols import canonical, component, summed, total
from gradscribe.table import Table


@dataclass(frozen=True)
class Rule:
    """A rule's name in a recorded step, and the sentence that explains it."""

    name: str
    meaning: str


RULES = Table(
    "rule",
    Rule("definition", "an equation of the network itself"),
    Rule("chain rule", "the sum over all paths from the cost to the variable"),
    Rule("partial derivatives", "each factor differentiated; ∂v_i/∂v_k is 1 for i = k, else 0"),
    Rule("Kronecker delta", "a sum over an index in a delta has one term"),
    Rule(
        "chain rule, symmetry",
        "the sum over all paths, and ∂²E/∂a∂b = ∂²E/∂b∂a",
    ),
    Rule("sum over uses", "a parameter that is used twice has the sum over all pairs of its uses"),
    Rule("curvature of the loss", "the second derivative of the cost of a sample by the output"),
    Rule("residual", "what a block of the Hessian has beyond that of the Gauss-Newton matrix"),
    Rule("substitution", "an equal expression put in"),
    Rule("linearity", "the derivative of a sum over samples is the sum of the derivatives"),
    Rule("scalar derivative", "SymPy's derivative of a function of one variable"),
    Rule("output", "written with the output of the layer, of which the expression is made"),
    Rule("cancellation", "f′ written with the output, and what numerator and denominator share"),
    Rule("slope", "the same in terms of the function's value, which is equal for every u"),
)


# ---- partial derivatives -----------------------------------------------------------------------


def partial(expr: Expr, variable: Variable, at: Sequence[Symbol]) -> Expr:
    """Return ∂expr/∂variable[at], counting only where the variable stands explicitly.

    Args:
        expr: an expression in index notation.
        variable: what to differentiate with respect to.
        at: the indices of the component, none of them used in `expr`.
    """
    if not occurrences(expr, variable):
        return S.Zero
    if isinstance(expr, Add):
        return Add(*[partial(term, variable, at) for term in expr.args])
    if isinstance(expr, Sum):
        body, limits = opened(expr, {k.name for k in at})
        return total(partial(body, variable, at), limits)
    if not expr.has(Sum):
        return _partial_of_components(expr, variable, at)
    return _partial_of_arguments(expr, variable, at)


def _partial_of_components(expr: Expr, variable: Variable, at: Sequence[Symbol]) -> Expr:
    """Differentiate an expression without sums: SymPy's derivative times ∂v_i/∂v_k."""
    terms = []
    for occurrence in occurrences(expr, variable):
        slope = by_component(expr, occurrence)
        here = occurrence.indices if isinstance(occurrence, Indexed) else ()
        terms.append(slope * Mul(*[KroneckerDelta(p, q) for p, q in zip(here, at, strict=True)]))
    return Add(*terms)


def by_component(expr: Expr, occurrence: Expr) -> Expr:
    """Return SymPy's derivative of an expression without sums by one component in it."""
    x = Dummy("x", real=True)
    return expr.xreplace({occurrence: x}).diff(x).xreplace({x: occurrence})


def _partial_of_arguments(expr: Expr, variable: Variable, at: Sequence[Symbol]) -> Expr:
    """Differentiate a product, power or function of sums: one term for each argument."""
    terms = []
    for position, argument in enumerate(expr.args):
        inner = partial(argument, variable, at)
        if inner != 0:
            x = Dummy("x", real=True)
            outer = expr.func(*expr.args[:position], x, *expr.args[position + 1 :])
            terms.append(outer.diff(x).xreplace({x: argument}) * inner)
    return Add(*terms)


def occurrences(expr: Expr, variable: Variable) -> list[Expr]:
    """Return the components of a variable in an expression, in a fixed order."""
    if not variable.shape:
        symbol = component(variable.name, ())
        return [symbol] if symbol in expr.free_symbols else []
    found = [a for a in expr.atoms(Indexed) if a.base.label.name == variable.name]
    return sorted(found, key=str) if len(found) > 1 else found


def opened(expr: Sum, taken: set[str]) -> tuple[Expr, dict[Symbol, Symbol]]:
    """Return a sum's body and limits, its indices renamed to names that are not taken.

    The same names come again in every equation, so that SymPy's caches know the expressions.
    """
    taken = taken | {s.name for s in expr.atoms(Symbol)}
    fresh: dict[Symbol, Symbol] = {}
    for k, _, _ in expr.limits:
        fresh[k] = new_index(k.name, taken)
        taken.add(fresh[k].name)
    body = expr.function.xreplace(fresh)
    return body, {fresh[k]: stop for k, _, stop in expr.limits}


def new_index(letter: str, taken: Collection[str]) -> Symbol:
    """Return an index of that letter with the first number that makes its name a new one."""
    stem = letter.partition("_")[0]
    return next(index(name) for c in count() if (name := f"{stem}_{c}") not in taken)


# ---- the chain rule ----------------------------------------------------------------------------


def path(reader: Equation, upper: Variable | None, target: Expr) -> Expr:
    """Return Σ_k upper_k ∂reader_k/∂target, with the derivative not yet evaluated.

    Args:
        reader: the equation of a variable that depends on the target.
        upper: the derivative of the cost by that variable; None where it is the cost.
        target: the component to differentiate by.
    """
    taken = {s.name for s in target.atoms(Symbol)}
    fresh = tuple(new_index(k.name, taken) for k in reader.indices)
    factor = S.One if upper is None else upper[fresh]
    limits = dict(zip(fresh, reader.variable.shape, strict=True))
    return total(factor * Derivative(reader.variable[fresh], target, evaluate=False), limits)


def evaluate_derivatives(
    expr: Expr, equations: Mapping[str, Equation], variables: Mapping[str, Variable]
) -> Expr:
    """Replace every ∂v_k/∂w_i by the partial derivative of v's right side.

    Args:
        expr: where the derivatives stand.
        equations: those of every v.
        variables: every w, by name.
    """
    values = {}
    taken = _symbol_names(expr)
    for derivative in expr.atoms(Derivative):
        above, below = derivative.expr, derivative.variables[0]
        right = _at(equations[_name(above)], above, taken)
        values[derivative] = partial(right, variables[_name(below)], _indices(below))
    return expr.xreplace(values)


def _name(expr: Expr) -> str:
    return expr.base.name if isinstance(expr, Indexed) else str(expr)


def _indices(expr: Expr) -> tuple[Symbol, ...]:
    return tuple(expr.indices) if isinstance(expr, Indexed) else ()


# ---- Kronecker deltas and sums -----------------------------------------------------------------


def collapse(expr: Expr) -> Expr:
    """Return an equal expression without a sum over an index of a Kronecker delta.

    Factors that do not depend on a summed index are taken out of its sum; an index that
    nothing depends on contributes its size.
    """
    if isinstance(expr, Add):
        return Add(*[collapse(term) for term in expr.args])
    factors, limits = flattened(expr)
    for position, factor in enumerate(factors):
        if isinstance(factor, Add) and factor.has(KroneckerDelta):
            rest = [*factors[:position], *factors[position + 1 :]]
            terms = [total(Mul(term, *rest), limits) for term in factor.args]
            return Add(*[collapse(term) for term in terms])
    return _factored(_without_deltas(factors, limits), limits)


def flattened(expr: Expr, taken: set[str] | None = None) -> tuple[list[Expr], dict[Symbol, Symbol]]:
    """Return the factors of a product of sums, and the indices that are summed over them all.

    Args:
        expr: the product.
        taken: names that no index of a sum may have.
    """
    taken = {s.name for s in expr.atoms(Symbol)} if taken is None else taken
    if isinstance(expr, Sum):
        body, limits = opened(expr, taken)
        factors, inner = flattened(body, taken | {k.name for k in limits})
        return factors, limits | inner
    if isinstance(expr, Piecewise):
        return unfolded(expr), {}
    if not isinstance(expr, Mul):
        return [expr], {}
    factors, limits = [], {}
    for argument in expr.args:
        more, inner = flattened(argument, taken | {k.name for k in limits})
        factors += more
        limits |= inner
    return factors, limits


def unfolded(cases: Piecewise) -> list[Expr]:
    """Return a case distinction as factors: those that all its cases have, and the rest.

    SymPy's `Sum` moves all factors into the cases; a delta among them would not be found there. A
    function of what is compared stays: it may have no value where its case does not hold.
    """
    values = [value for value, _ in cases.args]
    shown = [Mul.make_args(value) for value in values if value != 0]
    first, *others = shown or [()]
    compared = {a for _, condition in cases.args for a in condition.atoms(Indexed)}
    common = [
        f
        for f in first
        if not f.is_number
        and all(f in other for other in others)
        and not any(a.atoms(Indexed) & compared for a in f.atoms(Function))
    ]
    rest = [value if value == 0 else value / Mul(*common) for value in values]
    conditions = (condition for _, condition in cases.args)
    return [*common, by_deltas(Piecewise(*zip(rest, conditions, strict=True)))]


def by_deltas(cases: Expr) -> Expr:
    """Return a case distinction with deltas in some terms as a sum, the deltas before the cases."""
    if not isinstance(cases, Piecewise) or not cases.has(KroneckerDelta):
        return cases
    parts: dict[Expr, list[Expr]] = {}
    for number, (value, _) in enumerate(cases.args):
        for term in Add.make_args(distribute(value)):
            deltas = Mul(*[f for f in Mul.make_args(term) if isinstance(f, KroneckerDelta)])
            values = parts.setdefault(deltas, [S.Zero] * len(cases.args))
            values[number] += term / deltas
    conditions = [condition for _, condition in cases.args]
    return Add(
        *(
            deltas * Piecewise(*zip(values, conditions, strict=True))
            for deltas, values in parts.items()
        )
    )


def _without_deltas(factors: list[Expr], limits: dict[Symbol, Symbol]) -> list[Expr]:
    """Rename away every summed index that stands in a delta (and take it out of `limits`)."""
    while True:
        found = next(
            (
                (delta, here, there)
                for delta in factors
                if isinstance(delta, KroneckerDelta)
                for here, there in (delta.args, delta.args[::-1])
                if here in limits
            ),
            None,
        )
        if found is None:
            return factors
        delta, here, there = found
        factors = [f.xreplace({here: there}) for f in factors if f is not delta]
        del limits[here]


def _factored(factors: list[Expr], limits: dict[Symbol, Symbol]) -> Expr:
    """Return the sum of a product, with what does not depend on its indices outside."""
    inside = [f for f in factors if f.free_symbols & limits.keys()]
    outside = [f for f in factors if not f.free_symbols & limits.keys()]
    used = set().union(*[f.free_symbols for f in inside]) if inside else set()
    sizes = [size for k, size in limits.items() if k not in used]
    kept = {k: size for k, size in limits.items() if k in used}
    body = Mul(*inside)
    return Mul(*sizes, *outside, total(body, kept) if kept else body)


# ---- algebra -----------------------------------------------------------------------------------


def substitute(expr: Expr, equation: Equation) -> Expr:
    """Replace a variable's components by its equation's right side, and tidy up."""
    found = occurrences(expr, equation.variable)
    taken = _symbol_names(expr)
    return collapse(expr.xreplace({a: _at(equation, a, taken) for a in found}))


def _at(equation: Equation, place: Expr, taken: set[str]) -> Expr:
    """Return an equation's right side at a place, its summed indices none of those taken."""
    right = equation.right
    own = taken | _symbol_names(right)
    fresh: dict[Symbol, Symbol] = {}
    for k in dict.fromkeys(summed(right)):
        if k.name in taken:
            fresh[k] = new_index(k.name, own)
            own.add(fresh[k].name)
    right = right.xreplace(fresh) if fresh else right
    return right.xreplace(dict(zip(equation.indices, _indices(place), strict=True)))


def _symbol_names(expr: Expr) -> set[str]:
    return {s.name for s in expr.atoms(Symbol)}


def tidy(expr: Expr, free: tuple[Symbol, ...], letters: tuple[str, ...] = SUMMED_INDICES) -> Expr:
    """Give the summed indices their usual letters."""
    return canonical(expr, free, letters)


def is_plain_product(expr: Expr) -> bool:
    """Whether an expression is a product of components and numbers, without a sum."""
    return not expr.has(Sum) and not any(
        isinstance(f.base if isinstance(f, Pow) else f, Add) for f in Mul.make_args(expr)
    )


def factor_common(expr: Expr) -> Expr:
    """Take common factors out of a sum."""
    return factor_terms(expr)


def distribute(expr: Expr) -> Expr:
    """Multiply out products of sums (the distributive law)."""
    return expand_mul(expr)
