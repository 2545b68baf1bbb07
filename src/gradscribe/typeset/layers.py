"""A network seen as a chain of layers, which is what a picture can show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sympy import Add, Indexed, Mul, Sum, Symbol

from gradscribe.equation import Equation
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.notation import split
from gradscribe.symbols import ScalarFunction, names


@dataclass(frozen=True)
class DrawnLayer:
    """A layer of a chain.

    Attributes:
        weights: the name of its matrix.
        bias: the name of its biases, None where it has none.
        activation: the name of W y + b.
        function: the name of its activation function, None where it has none.
        output: the name of its output; that of `activation` without a function.
        size: the number of its nodes.
    """

    weights: str
    bias: str | None
    activation: str
    function: str | None
    output: str
    size: Symbol


def layers_of(network: Network) -> tuple[DrawnLayer, ...]:
    """Return the layers of a network in which each reads only the one below it.

    Raises:
        InputError: some equation reads something else, as a skip connection does.
    """
    below, layers = network.input.name, list[DrawnLayer]()
    parameters = {p.name for p in network.parameters}
    equations = iter(network.equations)
    for equation in equations:
        layer = _affine(equation, below, parameters)
        if layer is None:
            raise InputError(
                "the picture shows networks in which each layer reads only the one below it, "
                f"and this one has {equation.text}",
                where="picture",
                received=network.spec,
            )
        if equation.variable != network.output:
            layer = _activated(layer, next(equations), network)
        layers.append(layer)
        below = layer.output
        if below == network.output.name:
            return tuple(layers)
    raise InputError("the network has no output to draw", where="picture", received=network.spec)


def _affine(equation: Equation, below: str, parameters: set[str]) -> DrawnLayer | None:
    """Return the layer of u_i = Σ_j W_ij y_j + b_i without its function; None for another."""
    terms = Add.make_args(equation.right)
    sums = [t for t in terms if isinstance(t, Sum)]
    others = [t for t in terms if not isinstance(t, Sum)]
    if len(sums) != 1 or len(others) > 1 or len(equation.indices) != 1:
        return None
    (i,), factors = equation.indices, Mul.make_args(sums[0].function)
    named = {f.base.name: f.indices for f in factors if isinstance(f, Indexed)}
    j = sums[0].limits[0][0]
    matrices = [name for name, at in named.items() if at == (i, j)]
    if len(factors) != 2 or len(matrices) != 1 or named.get(below) != (j,):
        return None
    if others and not (isinstance(others[0], Indexed) and others[0].indices == (i,)):
        return None
    bias = others[0].base.name if others else None
    if not {matrices[0], *([bias] if bias else [])} <= parameters:
        return None
    (size,) = equation.variable.shape
    return DrawnLayer(matrices[0], bias, equation.name, None, equation.name, size)


def _activated(layer: DrawnLayer, equation: Equation, network: Network) -> DrawnLayer:
    """Return a layer with the function of y_i = f(u_i)."""
    right = equation.right
    (i,) = equation.indices
    plain = isinstance(right, ScalarFunction) and isinstance(right.args[0], Indexed)
    if network.joins(equation) and names(right) == {layer.activation}:
        function = f"f{split(equation.name).layer}"
        return replace(layer, function=function, output=equation.name)
    if not plain or (right.args[0].base.name, right.args[0].indices) != (layer.activation, (i,)):
        raise InputError(
            "the picture shows activation functions that act node by node, "
            f"and this network has {equation.text}",
            where="picture",
            received=network.spec,
        )
    return DrawnLayer(
        layer.weights, layer.bias, layer.activation, str(right.stem), equation.name, layer.size
    )


def sizes_of(network: Network, layers: Sequence[DrawnLayer]) -> list[int | None]:
    """Return the number of inputs and of each layer's nodes, None where it is a symbol."""
    symbols = [network.input.shape[0], *(layer.size for layer in layers)]
    if network.sizes is None:
        return [None for _ in symbols]
    values = dict(zip(network.layers, network.sizes, strict=True))
    return [values[s] for s in symbols]


def shown_layers(count: int, room: float, cell: float, dots: float) -> list[int]:
    """Return which layers are shown: all, or the first that fit and the last."""
    if count * cell <= room:
        return list(range(count))
    first = max(1, int((room - dots) / cell) - 1)
    return [*range(min(first, count - 1)), count - 1]
