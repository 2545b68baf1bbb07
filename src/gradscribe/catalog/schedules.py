"""Schedules of the learning rate: each is its equation."""

from dataclasses import dataclass

from sympy import Interval, Lt, Piecewise, Symbol, cos, oo, pi

from gradscribe.catalog.update_lines import SHARE, STEP, Assigned, Setting
from gradscribe.table import Table


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of j, the number of steps done.

    Attributes:
        name: the name on the command line and of the emitted function.
        meaning: what it is called in full.
        line: its equation.
        settings: the numbers that users choose.
        source: where it comes from.
    """

    name: str
    meaning: str
    line: Assigned
    settings: tuple[Setting, ...]
    source: str


_rate_j, _first, _last = Symbol("alpha"), Symbol("alpha_0"), Symbol("alpha_tau")
_span, _gamma = Symbol("tau"), Symbol("gamma")
_FIRST = Setting("alpha_0", 0.1, "learning rate of the first step")
_SPAN = Setting("tau", 100.0, "number of steps after which it stays the same", Interval(1, oo))

SCHEDULES = Table(
    "schedule",
    Schedule(
        "linear_decay",
        "the learning rate falls along a line, then stays",
        Assigned(
            _rate_j,
            Piecewise(
                ((1 - STEP / _span) * _first + STEP / _span * _last, Lt(STEP, _span)),
                (_last, True),
            ),
        ),
        (_FIRST, Setting("alpha_tau", 0.001, "learning rate in the end"), _SPAN),
        "Goodfellow, Bengio and Courville, Deep Learning, 2016, equation 8.14",
    ),
    Schedule(
        "exponential_decay",
        "the learning rate falls by the same factor each step",
        Assigned(_rate_j, _first * _gamma**STEP),
        (_FIRST, Setting("gamma", 0.99, "the factor", SHARE)),
        "as PyTorch's ExponentialLR",
    ),
    Schedule(
        "inverse_decay",
        "the learning rate falls as 1/(1 + γ j)",
        Assigned(_rate_j, _first / (1 + _gamma * STEP)),
        (_FIRST, Setting("gamma", 0.01, "how fast")),
        "Robbins and Monro, 1951",
    ),
    Schedule(
        "cosine_decay",
        "the learning rate falls along half a cosine, then stays",
        Assigned(
            _rate_j,
            Piecewise(
                (_last + (_first - _last) * (1 + cos(pi * STEP / _span)) / 2, Lt(STEP, _span)),
                (_last, True),
            ),
        ),
        (_FIRST, Setting("alpha_tau", 0.0, "learning rate in the end"), _SPAN),
        "Loshchilov and Hutter, 2017; as PyTorch's CosineAnnealingLR",
    ),
)
