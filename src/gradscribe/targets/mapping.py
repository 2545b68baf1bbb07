"""A network as one formula in vectors and matrices: y² = f²(W² f¹(W¹ x + b¹) + b²)."""

from itertools import pairwise

from sympy import Add, Expr, Indexed, Mul, Sum

from gradscribe.derivation.plain import is_plain
from gradscribe.equation import Variable
from gradscribe.formula import TEXT, expression
from gradscribe.model.network import Network
from gradscribe.notation import name_text, size_text
from gradscribe.symbols import ScalarFunction

_LONGEST = 76


def mapping(network: Network) -> str:
    """Return the network as one formula; where that is too long, the sizes that it maps between."""
    if not is_plain(network):
        return _ends(network)
    values = {network.input.name: name_text(network.input.name)}
    for equation in network.equations:
        text = _vector(equation.right, values)
        if text is None or len(text) > _LONGEST:
            break
        values[equation.name] = text
        if equation.name == network.output.name:
            return f"{name_text(equation.name)} = {text}"
    return sizes_text(network)


def _ends(network: Network) -> str:
    return " → ".join(map(_with_sizes, (network.input, network.output)))


def _with_sizes(variable: Variable) -> str:
    sizes = ", ".join(size_text(s.name) for s in variable.shape)
    return f"{name_text(variable.name)} ({sizes})"


def sizes_text(network: Network) -> str:
    """Return the sizes of a network: N₀ → … → N_M of a chain, else each with its name.

    Where those of no chain are open, only the shapes of input and output say something.
    """
    names = [size_text(s.name) for s in network.layers]
    numbers = names if network.sizes is None else [str(n) for n in network.sizes]
    if is_chain(network):
        return " → ".join(elided(numbers))
    if network.sizes is None:
        return _ends(network)
    return ", ".join(elided([f"{a} = {b}" for a, b in zip(names, numbers, strict=True)]))


def is_chain(network: Network) -> bool:
    """Whether its values are vectors, each size of which comes from the one before by a matrix."""
    shapes = {p.shape for p in network.parameters}
    vectors = all(len(v.shape) < 2 for v in network.variables.values() if v.per_sample)
    return vectors and all(pair[::-1] in shapes for pair in pairwise(network.layers))


def elided(items: list[str], first: int = 6, last: int = 3) -> list[str]:
    """Return a list with its middle left out where that saves more than three items."""
    return items if len(items) <= first + 3 + last else [*items[:first], "⋯", *items[-last:]]


def _vector(expr: Expr, values: dict[str, str]) -> str | None:
    """Return a right side in index notation as a formula of whole vectors, if it is one."""
    if isinstance(expr, ScalarFunction):
        inner = _vector(expr.args[0], values)
        name = expression(expr, TEXT).partition("(")[0]
        return None if inner is None else f"{name}({inner})"
    if isinstance(expr, Indexed):
        name = expr.base.name
        return values.get(name, name_text(name))
    if isinstance(expr, Add):
        order = sorted(expr.args, key=lambda t: (not t.has(Sum), str(t)))
        terms = [_vector(t, values) for t in order]
        return None if None in terms else " + ".join(t for t in terms if t)
    if isinstance(expr, Sum) and isinstance(expr.function, Mul):
        return _matrix_times_vector(expr, values)
    return None


def _matrix_times_vector(expr: Sum, values: dict[str, str]) -> str | None:
    factors = sorted(expr.function.args, key=lambda f: -len(getattr(f, "indices", ())))
    if len(factors) != 2 or not all(isinstance(f, Indexed) for f in factors):
        return None
    matrix, vector = factors
    inner = _vector(vector, values)
    if inner is None or len(matrix.indices) != 2:
        return None
    head = inner.partition("(")[0]
    inner = f"({inner})" if " " in head else inner
    return f"{name_text(matrix.base.name)} {inner}"
