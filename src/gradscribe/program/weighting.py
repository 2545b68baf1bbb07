"""The weight of a sample in J = Σ_n scale(n) E(n) + …, and where it goes in what is computed.

scale(n) is the factor of J; with weights s of the samples it is that factor with Σ_n s(n) in the
place of N, times s(n). Everything that is derived of E is linear in its sources, the derivatives
of E by what it reads itself: so scale multiplies these, the smallest arrays, and nothing else.
"""

from sympy import Add, Expr, Mul, Piecewise, Sum, Symbol

from gradscribe.model.network import Network

SCALE = Symbol("scale")

# What derivatives of E are called, after a prefix of forward mode or of a diagonal.
_DERIVED = ("delta", "dE_d", "dd", "d2")
_PREFIXES = ("diagonal_", "R_")


def is_weighted(name: str, network: Network) -> bool:
    """Whether a variable has the weight of its sample in it: a derivative of E, or the weight."""
    if name == SCALE.name:
        return True
    if name in network.variables:
        return False
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.startswith(_DERIVED)


def weighted(right: Expr, network: Network, weight: Expr = SCALE) -> Expr:
    """Return the right side of a derivative of E with the weight at its sources.

    These are the terms without another derivative of E in them.

    Args:
        right: the right side of its equation.
        network: the network.
        weight: what multiplies the sources.
    """

    def reads(part: Expr) -> bool:
        return any(is_weighted(s.name, network) for s in part.free_symbols)

    def at_sources(part: Expr) -> Expr:
        if not reads(part):
            return weight * part
        if isinstance(part, Add):
            return Add(*map(at_sources, part.args))
        if isinstance(part, Sum):
            return part.func(at_sources(part.function), *part.limits)
        if isinstance(part, Piecewise):
            return Piecewise(*((at_sources(value), when) for value, when in part.args))
        if isinstance(part, Mul):
            return Mul(*(at_sources(f) if reads(f) else f for f in part.args))
        return part

    return at_sources(right)
