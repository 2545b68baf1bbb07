"""Penalties on parameters (regularization): what one parameter adds to J, times a coefficient."""

from dataclasses import dataclass

from sympy import Expr, Piecewise, Symbol

from gradscribe.table import Table

W = Symbol("w", real=True)


@dataclass(frozen=True)
class Penalty:
    """A penalty λ Σ term(w) over the parameters that it is put on.

    Attributes:
        name: the name of its coefficient λ in a specification.
        term: what one parameter adds, an expression in `W`.
        meaning: what it is called in full.
    """

    name: str
    term: Expr
    meaning: str


PENALTIES = Table(
    "penalty",
    Penalty("l2", W**2, "sum of squares (weight decay)"),
    # Three cases, so that the derivative at 0 is 0, as in PyTorch.
    Penalty("l1", Piecewise((W, W > 0), (-W, W < 0), (0, True)), "sum of absolute values (lasso)"),
)
