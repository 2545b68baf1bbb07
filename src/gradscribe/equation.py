"""The one kind of object that everything is made of: an equation in index notation.

Expressions are SymPy's own: `Indexed` components, `Sum`, `KroneckerDelta`, numbers and
scalar functions. A variable is per sample (u¹, the n-th sample's) or not (W¹); the index
of the sample is never written except in the few equations that sum over samples.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from sympy import Expr, Symbol

from gradscribe.formula import LATEX, TEXT, expression
from gradscribe.symbols import component


class Role(Enum):
    """What a variable is in the network or in its derivation."""

    INPUT = "input"
    TARGET = "desired output"
    PARAMETER = "parameter"
    VALUE = "value"
    COST = "cost"
    ADJOINT = "adjoint"
    GRADIENT = "gradient"
    DIRECTION = "direction of the parameters"
    TANGENT = "derivative of a value or of an adjoint"
    CURVATURE = "second derivative of the cost of one sample"


@dataclass(frozen=True)
class Variable:
    """A tensor with a name.

    Attributes:
        name: its identifier: "W1", "u2", "delta1".
        shape: the size of each index, without the sample's: (N_1, N_0).
        role: what it is.
        per_sample: whether each sample has its own.
        meaning: a few words for docstrings.
        initial: the number that a parameter that is no matrix starts from.
    """

    name: str
    shape: tuple[Symbol, ...]
    role: Role
    per_sample: bool = True
    meaning: str = ""
    initial: int = 0

    def __getitem__(self, indices: tuple[Symbol, ...]) -> Expr:
        """Return the component at `indices` (a plain symbol for a scalar)."""
        if len(indices) != len(self.shape):
            raise IndexError(f"{self.name} has {len(self.shape)} indices, not {len(indices)}")
        return component(self.name, indices)


@dataclass(frozen=True)
class Step:
    """One step of a derivation: `before` and `after` are equal, by the rule.

    Attributes:
        rule: the name of the rule (see `derivation.rules.RULES`).
        before: the expression that the rule was applied to; None for a definition.
        after: what came out.
        parents: labels of the equations that were used.
    """

    rule: str
    before: Expr | None
    after: Expr
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Equation:
    """`variable[indices] = right`, and where it comes from.

    Attributes:
        variable: what is defined.
        indices: the free indices of the left side.
        right: the right side.
        rule: the name of the rule that gave it ("definition" for a network's own).
        steps: the steps that led to it, in order; empty for a definition.
        label: its number in the list, "" before it has one.
    """

    variable: Variable
    indices: tuple[Symbol, ...]
    right: Expr
    rule: str = "definition"
    steps: tuple[Step, ...] = field(default=(), repr=False)
    label: str = ""

    @property
    def name(self) -> str:
        """The identifier of the variable on the left."""
        return self.variable.name

    @property
    def left(self) -> Expr:
        """The left side."""
        return self.variable[self.indices]

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of the variables whose equations it came from."""
        return tuple(dict.fromkeys(p for step in self.steps for p in step.parents))

    def at(self, indices: Iterable[Expr]) -> Expr:
        """Return the right side with the free indices replaced."""
        return self.right.xreplace(dict(zip(self.indices, indices, strict=True)))

    @property
    def shown_left(self) -> Expr:
        """The left side as it is shown: f′(u) for a slope, the value of which has its own name."""
        first = self.steps[0].before if self.steps else None
        return self.left if first is None else first

    @property
    def text(self) -> str:
        """The equation in Unicode."""
        return f"{expression(self.shown_left, TEXT)} = {expression(self.right, TEXT)}"

    @property
    def latex(self) -> str:
        """The equation in LaTeX, without delimiters."""
        return f"{expression(self.shown_left, LATEX)} = {expression(self.right, LATEX)}"

    def __str__(self) -> str:
        return f"({self.label}) {self.text}" if self.label else self.text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


def aligned_latex(equations: Iterable[Equation]) -> str:
    """Return equations under each other, for a notebook, with their numbers."""
    rows = [rf"({q.label}) \quad & {q.latex}" for q in equations]
    return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"
