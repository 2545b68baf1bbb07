"""Losses: the cost of one output of one sample, and the factor of the sum over all."""

from dataclasses import dataclass

from sympy import Expr, Integer, Piecewise, S, Symbol, cosh, exp, log

from gradscribe.catalog.constants import Constant, learned, put_in
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
        form: the cost of one output, in `D`, `Y`, the symbols of its constants and, if there is
            one, the error `E`.
        factor: what the sum over samples is multiplied by, in `SAMPLES` and `OUTPUTS`.
        meaning: what it is called in full.
        error: the error e as an expression in `D` and `Y`, or None.
        of_classes: whether d is a row of a 1 among zeros, in whose place its number may stand.
        constants: the numbers in it that a specification may choose.
        labels: what d is for the one and the other class, for a loss between two classes.
        least: what d is at least, where the loss has no least value below it; None for any d.
    """

    name: str
    form: Expr
    factor: Expr
    meaning: str
    error: Expr | None = None
    of_classes: bool = False
    constants: tuple[Constant, ...] = ()
    labels: tuple[int, int] | None = None
    least: int | None = None

    @property
    def term(self) -> Expr:
        """The cost of one output with the numbers of its constants, but for learned ones."""
        return put_in(self.form, self.constants)

    @property
    def learned(self) -> tuple[Constant, ...]:
        """The constants that are parameters of the network."""
        return learned(self.constants)

    @property
    def whole(self) -> Expr:
        """The cost of one output in `D` and `Y` alone."""
        return self.term if self.error is None else self.term.subs(E, self.error)


_MEAN = 1 / (SAMPLES * OUTPUTS)
_OVER = "over samples and outputs"
_SAMPLES = "over samples"
# Two cases for |e|, and 0 at its kink, so that the derivative there is 0, as in PyTorch.
_ABSOLUTE = Piecewise((E, E > 0), (-E, E < 0), (0, True))
_THRESHOLD = Constant("threshold", S.One, "error from which it is linear", above=S.Zero)
_QUANTILE = Constant("quantile", S.Half, "share of d below y", above=S.Zero, below=S.One)
_LOGVAR = Constant("logvar", S.Zero, "logarithm of the variance", learned=True)


def _huber(t: Expr) -> Expr:
    """Return e²/2, and a line that touches it beyond an error of t."""
    beyond = ((t * (sign * E - t / 2), sign * E > t) for sign in (1, -1))
    return Piecewise(*beyond, (E**2 / 2, True))


def _pinball(q: Expr) -> Expr:
    """Return q e above y and (q - 1) e below it."""
    return Piecewise((q * E, E > 0), ((q - 1) * E, E < 0), (0, True))


LOSSES = Table(
    "loss",
    Loss("mse", E**2, _MEAN, f"mean squared error {_OVER}", D - Y),
    Loss("sse", E**2, Integer(1), "sum of squared errors", D - Y),
    Loss("mae", _ABSOLUTE, _MEAN, f"mean absolute error {_OVER}", D - Y),
    Loss(
        "huber",
        _huber(_THRESHOLD.symbol),
        _MEAN,
        f"mean Huber loss {_OVER}, linear beyond an error of its threshold",
        D - Y,
        constants=(_THRESHOLD,),
    ),
    Loss(
        "pinball",
        _pinball(_QUANTILE.symbol),
        _MEAN,
        f"mean pinball loss {_OVER}; y is a quantile of d",
        D - Y,
        constants=(_QUANTILE,),
    ),
    Loss(
        "gaussian",
        (_LOGVAR.symbol + E**2 * exp(-_LOGVAR.symbol)) / 2,
        _MEAN,
        f"mean negative Gaussian log-likelihood {_OVER}, without log 2π; the logarithm of each "
        "output's variance is learned",
        D - Y,
        constants=(_LOGVAR,),
    ),
    Loss("log_cosh", log(cosh(E)), _MEAN, f"mean logarithm of cosh of the error {_OVER}", D - Y),
    Loss(
        "bce_logits",
        log(1 + exp(Y)) - D * Y,
        _MEAN,
        f"mean binary cross-entropy {_OVER}; y is a logit, d is 0, 1 or between",
        labels=(0, 1),
    ),
    Loss(
        "bce",
        -D * log(Y) - (1 - D) * log(S.One - Y),
        _MEAN,
        f"mean binary cross-entropy {_OVER}; y is a probability, d is 0, 1 or between",
        labels=(0, 1),
    ),
    Loss(
        "cross_entropy",
        -D * log(Y),
        1 / SAMPLES,
        f"mean cross-entropy {_SAMPLES}; y are probabilities of classes, d is 1 for one of them",
        of_classes=True,
    ),
    Loss(
        "nll",
        -D * Y,
        1 / SAMPLES,
        f"mean negative log-likelihood {_SAMPLES}; y are logarithms of probabilities of classes",
        of_classes=True,
    ),
    Loss(
        "poisson",
        exp(Y) - D * Y,
        _MEAN,
        f"mean negative Poisson log-likelihood {_OVER}, without log d!; y is the log of a rate",
        least=0,
    ),
    Loss(
        "hinge",
        Piecewise((1 - D * Y, D * Y < 1), (0, True)),
        _MEAN,
        f"mean hinge loss {_OVER}; d is -1 or 1",
        labels=(-1, 1),
    ),
    Loss(
        "squared_hinge",
        Piecewise(((1 - D * Y) ** 2, D * Y < 1), (0, True)),
        _MEAN,
        f"mean squared hinge loss {_OVER}; d is -1 or 1",
        labels=(-1, 1),
    ),
)
