"""A logarithm of an output is computed from what the output is a function of.

log softmax(u) = u - log Σ exp(u) and log sigmoid(u) = -log(1 + exp(-u)) are finite where softmax
and sigmoid are 0 in floating point. Nothing is known here of losses or of these functions: y in
log(… y …) is replaced by its definition, and kept so where the logarithm comes apart.
"""

from collections.abc import Mapping

from sympy import Add, Expr, Indexed, Mul, Pow, Sum, cancel, exp, log

from gradscribe.catalog.activations import U
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.network import Network
from gradscribe.notation import SUMMED_INDICES, index
from gradscribe.symbols import ScalarFunction, names, summed


def fused(expr: Expr, network: Network) -> Expr:
    """Return an expression with its logarithms of outputs written in what these depend on.

    Args:
        expr: the right side of one of the network's equations, without the sample's index.
        network: the network, its functions bound.
    """
    found = {}
    for place in expr.atoms(log):
        form = _apart(place, network)
        if form is not None:
            found[place] = form
    return expr.xreplace(found)


def cut_of(network: Network) -> Variable:
    """Return the value at which a network is cut from its cost, for the Gauss-Newton matrix.

    It is the output y; where the cost has logarithms of y that come apart, as that of the
    cross-entropy behind softmax or a sigmoid, it is the u that y is a function of. The curvature
    of E by that u is finite and not negative where 1/y² would not be.
    """
    definition = next(q for q in network.equations if q.name == network.output.name)
    read = [network.variables[name] for name in names(definition.right)]
    if len(read) != 1 or read[0].role is not Role.VALUE:
        return network.output
    logarithms = {a for q in network.equations for a in q.right.atoms(log)}
    of_output = [a for a in logarithms if network.output.name in names(a)]
    apart = of_output and all(_apart(a, network) is not None for a in of_output)
    return read[0] if apart else network.output


def _apart(place: Expr, network: Network) -> Expr | None:
    """Return log(y), or log of an expression in one y, without y; None where it stays."""
    (argument,) = place.args
    defined = {q.name: q for q in network.equations}
    components = argument.atoms(Indexed)
    if len(components) != 1:
        return None
    (y,) = components
    equation = defined.get(y.base.label.name)
    if equation is None or len(y.indices) != len(equation.indices):
        return None
    formula = _definition(equation, network, y)
    if formula is None:
        return None
    return _logarithm(argument.xreplace({y: formula}))


def _definition(equation: Equation, network: Network, y: Indexed) -> Expr | None:
    """Return what a component of an output is, where its equation is that of a function."""
    right = equation.right
    if isinstance(right, ScalarFunction):
        entry = network.functions[right.stem]
        if entry is None:
            return None
        right = entry.formula.xreplace({U: right.args[0]})
    if not right.has(exp):
        return None
    free = (k for k in map(index, SUMMED_INDICES) if k not in y.indices)
    apart: Mapping[Expr, Expr] = {k: next(free) for k in dict.fromkeys(summed(right))}
    return right.xreplace(apart).xreplace(dict(zip(equation.indices, y.indices, strict=True)))


def _logarithm(argument: Expr) -> Expr | None:
    """Return a sum of exponents and logarithms for the logarithm of a product; else None."""
    if not argument.has(Sum):
        argument = _paired(cancel(argument))
    terms = [_of_factor(f) for f in Mul.make_args(argument)]
    return None if any(t is None for t in terms) else Add(*terms)


def _paired(ratio: Expr) -> Expr:
    """Return exp(a)/(1 + exp(a)) as 1/(1 + exp(-a)): nothing is subtracted in its logarithm."""
    factors = Mul.make_args(ratio)
    exponents = [f.exp for f in factors if isinstance(f, exp)]
    if len(factors) == 2 and exponents and (1 + exp(exponents[0])) ** -1 in factors:
        return (1 + exp(-exponents[0])) ** -1
    return ratio


def _of_factor(factor: Expr) -> Expr | None:
    """Return log of a power of exp(a), of 1 + exp(a) or of Σ exp(a)."""
    if isinstance(factor, exp):
        return factor.exp
    base, exponent = (factor.base, factor.exp) if isinstance(factor, Pow) else (factor, 1)
    positive = isinstance(base, Sum) and isinstance(base.function, exp)
    if isinstance(base, Add) and len(base.args) == 2:
        positive = all(a == 1 or isinstance(a, exp) for a in base.args)
    return exponent * log(base) if positive else None
