"""Losses: the cost of one output of one sample, and the factor of the sum over all."""

from dataclasses import dataclass

from sympy import Expr, Symbol
from sympy.core.numbers import Integer

from gradscribe.notation import SAMPLES
from gradscribe.table import Table

D = Symbol("d", real=True)
Y = Symbol("y", real=True)
E = Symbol("e", real=True)
OUTPUTS = Symbol("N_M", integer=True, positive=True)


@dataclass(frozen=True)
class Loss:
    """A cost J = factor · Σₙ E(n), with E = Σᵢ term(dᵢ, yᵢ) for one sample.

    Attributes:
        name: the name in a specification.
        term: the cost of one output, in `D`, `Y` and, if there is one, the error `E`.
        factor: what the sum over samples is multiplied by, in `SAMPLES` and `OUTPUTS`.
        meaning: what it is called in full.
        error: the error e as an expression in `D` and `Y`, or None.
    """

    name: str
    term: Expr
    factor: Expr
    meaning: str
    error: Expr | None = None


LOSSES = Table(
    "loss",
    Loss(
        "mse", E**2, 1 / (SAMPLES * OUTPUTS), "mean squared error over samples and outputs", D - Y
    ),
    Loss("sse", E**2, Integer(1), "sum of squared errors", D - Y),
)
