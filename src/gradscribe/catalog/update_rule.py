"""What an update rule is, and the numbers that several have."""

from dataclasses import dataclass

from sympy import Interval, oo

from gradscribe.catalog.update_lines import PARTS, Line, Measured, Memory, Quantity, Setting


@dataclass(frozen=True)
class UpdateRule:
    """One step from w to the next w.

    Attributes:
        name: the name on the command line and of the emitted functions.
        meaning: what it is called in full.
        lines: its equations, in order; the last word on w is the one that defines `w`.
        settings: the numbers that users choose.
        memory: what is remembered beside w and the number of steps.
        source: where it comes from.
        batch: samples for a step unless told otherwise; 0 for all.
        counter: the variable in memory that counts how often H was repaired, or "".
        repair: in words, what is done to a matrix that does not fit.
        damping: the variable in memory that grows where a step fails and leaves w as it is, or "".
        squares: whether J has to be a sum of squares of d − y.
        gradient: the vector in memory that vanishes at the end, or "" for ∂J/∂w.
        score: the variable in memory that is the lower the better a point is, or "" for J.
        penalty: the variable in memory that is the λ of what is added to J: λ Σ w²; or "".
    """

    name: str
    meaning: str
    lines: tuple[Line, ...]
    settings: tuple[Setting, ...]
    source: str
    memory: tuple[Memory, ...] = ()
    batch: int = 0
    counter: str = ""
    repair: str = ""
    damping: str = ""
    squares: bool = False
    gradient: str = ""
    score: str = ""
    penalty: str = ""

    @property
    def needs(self) -> tuple[Quantity, ...]:
        """What it asks of the cost."""
        asked = [line.quantity for line in self.lines if isinstance(line, Measured)]
        return tuple(dict.fromkeys(asked))

    @property
    def parts(self) -> tuple[str, ...]:
        """The functions that a module must have for it, beside cost and gradient."""
        return tuple(PARTS[quantity] for quantity in self.needs if quantity in PARTS)

    @property
    def takes_batches(self) -> bool:
        """Whether it asks for nothing but the gradient, so that some of the samples will do."""
        return self.needs == (Quantity.GRADIENT,)


FACTOR_UP = Setting(
    "gamma_up", 10.0, "factor of the damping after a step that failed", Interval.open(1, oo)
)
FACTOR_DOWN = Setting(
    "gamma_down", 0.1, "factor of the damping after one that did not", Interval.Lopen(0, 1)
)
