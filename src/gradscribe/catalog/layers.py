"""Layers: each is the list of its equations for one sample, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sympy import Expr, Rational, Symbol, sqrt

from gradscribe.equation import Equation, Role, Variable
from gradscribe.symbols import free_indices, scalar_function, summed_index, total
from gradscribe.table import Table


@dataclass(frozen=True)
class Place:
    """Where a layer stands: what its equations may refer to.

    Attributes:
        m: the layer's number, from 1.
        below: the output of the layer below (the input x for m = 1).
        W: its weights, shape (N_m, N_{m-1}).
        b: its biases, shape (N_m,).
        function: the name of its activation function in the equations, "f1".
        vectors: parameters that the kind of layer has beside these, by their stems.
    """

    m: int
    below: Variable
    W: Variable
    b: Variable
    function: str
    vectors: Mapping[str, Variable] = field(default_factory=dict)

    def value(self, stem: str, meaning: str) -> Variable:
        """Return a new per-sample variable of this layer, one component a node."""
        return Variable(f"{stem}{self.m}", self.b.shape, Role.VALUE, meaning=meaning)

    def activation(self, argument: Expr) -> Expr:
        """Return f^m(argument)."""
        return scalar_function(self.function)(argument)


@dataclass(frozen=True)
class Layer:
    """A kind of layer.

    Attributes:
        name: the name in a specification.
        equations: the equations at a place; the last one defines the layer's output.
        meaning: what it is called in full.
        keeps_width: whether N_m = N_{m-1} is required.
        vectors: the stems of parameters beside W and b, one number a node, with what these
            are called and the number that they start from.
    """

    name: str
    equations: Callable[[Place], tuple[Equation, ...]]
    meaning: str
    keeps_width: bool = False
    vectors: tuple[tuple[str, str, int], ...] = ()


def affine(place: Place) -> Equation:
    """Return u_i = Σ_j W_ij y_j + b_i."""
    (i,), j = free_indices(1), summed_index(0)
    products = total(place.W[i, j] * place.below[j,], {j: place.W.shape[1]})
    return Equation(place.value("u", "activation"), (i,), products + place.b[i,])


def dense(place: Place) -> tuple[Equation, ...]:
    """Return u = W y + b, y = f(u)."""
    u = affine(place)
    output = place.value("y", "output of the layer")
    return (u, Equation(output, u.indices, place.activation(u.left)))


# Of layer normalisation, as in PyTorch. Source: Ba, Kiros and Hinton, "Layer Normalization", 2016,
# equation 4, with ε inside of the root.
EPSILON = Rational(1, 100_000)
GAIN, SHIFT = ("gain", "gains", 1), ("shift", "shifts", 0)


def normalised(below: Variable, m: int) -> tuple[Equation, ...]:
    """Return μ = Σ_j u_j/N, ν = Σ_j (u_j - μ)²/N and r_i = (u_i - μ)/√(ν + ε)."""
    (i,), j, nodes = free_indices(1), summed_index(0), below.shape[0]

    def named(stem: str, shape: tuple[Symbol, ...], meaning: str) -> Variable:
        return Variable(f"{stem}{m}", shape, Role.VALUE, meaning=meaning)

    mean, variance = named("mu", (), "mean over the nodes"), named("nu", (), "variance")
    away = (below[j,] - mean[()]) ** 2
    ratio = (below[i,] - mean[()]) / sqrt(variance[()] + EPSILON)
    return (
        Equation(mean, (), total(below[j,], {j: nodes}) / nodes),
        Equation(variance, (), total(away, {j: nodes}) / nodes),
        Equation(named("r", below.shape, "normalised activation"), (i,), ratio),
    )


def scaled(ratio: Variable, gain: Variable, shift: Variable, m: int) -> Equation:
    """Return s_i = g_i r_i + h_i."""
    (i,) = free_indices(1)
    value = Variable(f"s{m}", ratio.shape, Role.VALUE, meaning="activation, normalised and scaled")
    return Equation(value, (i,), gain[i,] * ratio[i,] + shift[i,])


def normalising(place: Place) -> tuple[Equation, ...]:
    """Return u = W y + b, r = (u - μ)/√(ν + ε), s = g r + h, y = f(s)."""
    u = affine(place)
    parts = normalised(u.variable, place.m)
    s = scaled(parts[-1].variable, place.vectors["gain"], place.vectors["shift"], place.m)
    output = place.value("y", "output of the layer")
    return (u, *parts, s, Equation(output, u.indices, place.activation(s.left)))


LAYERS = Table(
    "layer",
    Layer("dense", dense, "fully connected layer"),
    Layer("norm", normalising, "fully connected layer with layer norm", vectors=(GAIN, SHIFT)),
)
