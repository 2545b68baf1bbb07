"""The one kind of object that everything is made of: an equation in index notation.

Expressions are SymPy's own: `Indexed` components, `Sum`, `KroneckerDelta`, numbers and
scalar functions. A variable is per sample (u¹, the n-th sample's) or not (W¹); the index
of the sample is never written except in the few equations that sum over samples.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from sympy import Expr, Function, Indexed, IndexedBase, Sum, Symbol, sympify

from gradscribe.notation import FREE_INDICES, SUMMED_INDICES, index


class Role(Enum):
    """What a variable is in the network or in its derivation."""

    INPUT = "input"
    TARGET = "desired output"
    PARAMETER = "parameter"
    VALUE = "value"
    COST = "cost"
    ADJOINT = "adjoint"
    GRADIENT = "gradient"


@dataclass(frozen=True)
class Variable:
    """A tensor with a name.

    Attributes:
        name: its identifier: "W1", "u2", "delta1".
        shape: the size of each index, without the sample's: (N_1, N_0).
        role: what it is.
        per_sample: whether each sample has its own.
        meaning: a few words for docstrings.
    """

    name: str
    shape: tuple[Symbol, ...]
    role: Role
    per_sample: bool = True
    meaning: str = ""

    @property
    def base(self) -> IndexedBase:
        """The SymPy object that is indexed."""
        return IndexedBase(self.name)

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


class ScalarFunction(Function):  # type: ignore[misc]
    """An activation function in an equation: f¹, its derivative f′¹, and so on.

    Subclasses are made by `scalar_function`; SymPy's `diff` gives the next order.
    """

    stem = ""
    order = 0
    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative, as the function of the next order at the same place."""
        return scalar_function(self.stem, self.order + 1)(self.args[0])


@cache
def scalar_function(stem: str, order: int = 0) -> type[ScalarFunction]:
    """Return the function `stem` differentiated `order` times, as a SymPy function."""
    return type(stem + "prime" * order, (ScalarFunction,), {"stem": stem, "order": order})


def component(name: str, indices: Iterable[Expr]) -> Expr:
    """Return `name[indices]`; a scalar has one component, at ()."""
    indices = tuple(indices)
    return Indexed(IndexedBase(name), *indices) if indices else Symbol(name)


def total(body: Expr, limits: Mapping[Symbol, Symbol]) -> Expr:
    """Return the sum of `body` over indices, each from 1 to its size."""
    return Sum(body, *[(k, 1, n) for k, n in limits.items()]) if limits else body


def components(expr: Expr) -> set[Any]:
    """Return every component of a variable that occurs: `Indexed` and scalar names."""
    return {a for a in expr.atoms(Indexed)}


def names(expr: Expr) -> set[str]:
    """Return the names of the variables with indices that occur."""
    return {str(a.base) for a in expr.atoms(Indexed)}


def summed(expr: Expr) -> Iterator[Symbol]:
    """Yield the indices that are summed over, outermost first, in a stable order."""
    if isinstance(expr, Sum):
        yield from (limit[0] for limit in expr.limits)
    for argument in expr.args:
        yield from summed(argument)


def canonical(expr: Expr, free: tuple[Symbol, ...], letters: tuple[str, ...]) -> Expr:
    """Return `expr` with its summed indices renamed to the first letters that are free."""
    available = [index(letter) for letter in letters if index(letter) not in free]
    renaming = dict(zip(dict.fromkeys(summed(expr)), available, strict=False))
    return expr.xreplace(renaming)


def free_indices(count: int) -> tuple[Symbol, ...]:
    """Return the usual indices of a left side: (), (i,), (i, j)."""
    return tuple(index(letter) for letter in FREE_INDICES[:count])


def summed_index(position: int) -> Symbol:
    """Return the usual letter of the sum at this position: j, k, …"""
    return index(SUMMED_INDICES[position])


def number(value: object) -> Expr:
    """Return a SymPy number or expression for a Python number or expression."""
    return sympify(value)
