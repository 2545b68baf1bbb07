"""Layers: each is the list of its equations for one sample, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Expr

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
    """

    m: int
    below: Variable
    W: Variable
    b: Variable
    function: str

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
    """

    name: str
    equations: Callable[[Place], tuple[Equation, ...]]
    meaning: str
    keeps_width: bool = False


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


LAYERS = Table("layer", Layer("dense", dense, "fully connected layer"))
