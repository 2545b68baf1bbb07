"""Activation functions: each is its formula. f′, f″ and their forms in y are found by SymPy."""

from dataclasses import dataclass

from sympy import Expr, Piecewise, Symbol, exp, log, tanh

from gradscribe.table import Table

U = Symbol("u", real=True)


@dataclass(frozen=True)
class Activation:
    """An activation function f, applied node by node.

    Attributes:
        name: the name in a specification.
        formula: f(u), an expression in `U`. At a kink the branch without equality holds,
            so f′ there is that branch's: relu′(0) = 0, as in PyTorch and TensorFlow.
        meaning: what it is called in full.
    """

    name: str
    formula: Expr
    meaning: str


ACTIVATIONS = Table(
    "activation",
    Activation("linear", U, "identity"),
    Activation("sigmoid", 1 / (1 + exp(-U)), "logistic function"),
    Activation("tanh", tanh(U), "hyperbolic tangent"),
    Activation("relu", Piecewise((U, U > 0), (0, True)), "rectified linear unit"),
    Activation("softplus", log(1 + exp(U)), "smooth rectifier"),
)
