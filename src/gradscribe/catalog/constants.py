"""Numbers in a formula that a specification may choose, or have learned."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sympy import Expr, Rational, Symbol


@dataclass(frozen=True)
class Constant:
    """A number in a formula: β in u/(1 + exp(-β u)).

    Attributes:
        name: its name in the formula and in a specification.
        value: what it is, or where it starts if it is learned.
        meaning: what it is called in full.
        learned: whether it is a parameter of the network, one for each node of the layer (for
            each output, in a loss).
        above: what it must be larger than, if anything.
        below: what it must be smaller than, if anything.
    """

    name: str
    value: Rational
    meaning: str = ""
    learned: bool = False
    above: Rational | None = None
    below: Rational | None = None

    @property
    def symbol(self) -> Symbol:
        """What stands for it in the formula."""
        return Symbol(self.name, real=True)

    @property
    def allowed(self) -> str:
        """The values that it may have, in words."""
        bounds = [f"above {self.above}"] if self.above is not None else []
        bounds += [f"below {self.below}"] if self.below is not None else []
        return f"a number {' and '.join(bounds)}".strip()

    def allows(self, value: Rational) -> bool:
        """Whether it may have a value."""
        high_enough = self.above is None or value > self.above
        return bool(high_enough and (self.below is None or value < self.below))


def put_in(form: Expr, constants: Iterable[Constant]) -> Expr:
    """Return a formula with the numbers of all constants that are not learned."""
    values = {c.symbol: c.value for c in constants if not c.learned}
    return form.xreplace(values) if values else form


def learned(constants: Iterable[Constant]) -> tuple[Constant, ...]:
    """Return those of some constants that are learned."""
    return tuple(c for c in constants if c.learned)


def chosen(
    constants: Iterable[Constant], name: str, value: Rational, *, learned: bool
) -> tuple[Constant, ...]:
    """Return constants of which one has another value."""
    return tuple(
        replace(c, value=value, learned=learned) if c.name == name else c for c in constants
    )
