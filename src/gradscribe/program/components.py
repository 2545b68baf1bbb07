"""Equations at fixed sizes: every component a statement of its own, for one sample.

An index becomes a number, a sum its terms, a Kronecker delta 0 or 1. What comes out as zero, as a
number or as another component gets no statement; whoever reads it gets that in its place.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from math import prod

from sympy import Add, Expr, Function, Indexed, KroneckerDelta, Piecewise, S, Sum, Symbol

from gradscribe.catalog.activations import U
from gradscribe.derivation.slopes import slope
from gradscribe.derivation.steps import slope_name
from gradscribe.equation import Equation, Variable
from gradscribe.model.fusing import fused
from gradscribe.model.network import Network
from gradscribe.program.exponentials import maximum
from gradscribe.program.stable import BY_CASES, stabilised
from gradscribe.program.tangents import is_symmetric
from gradscribe.symbols import Largest, ScalarFunction

Place = tuple[int, ...]
Binding = Mapping[Symbol, int]


@dataclass(frozen=True)
class Assignment:
    """`target = value`, numbers of one sample.

    Attributes:
        target: the component's name as a symbol.
        value: an expression in the symbols of other components.
        equation: the name of the equation that it is a component of; "" for a shared part.
    """

    target: Symbol
    value: Expr
    equation: str = ""


@dataclass
class Components:
    """The components of variables, as symbols or as what they are equal to.

    Attributes:
        network: has fixed sizes.
        assignments: what has to be computed, in order.
    """

    network: Network
    assignments: list[Assignment] = field(default_factory=list)

    def __post_init__(self) -> None:
        sizes = self.network.sizes or ()
        self.sizes = dict(zip(self.network.layers, sizes, strict=True))
        self.digits = len(str(max(sizes)))
        self.values: dict[tuple[str, Place], Expr] = {}
        for variable in (self.network.input, self.network.target, *self.network.parameters):
            self.declare(variable)

    def places(self, variable: Variable) -> Iterator[Place]:
        """Yield the indices of a variable's components, counted from 1, in C order."""
        return product(*[range(1, self.sizes[s] + 1) for s in variable.shape])

    def count(self, variable: Variable) -> int:
        """Return the number of a variable's components."""
        return prod(self.sizes[s] for s in variable.shape)

    def declare(self, variable: Variable) -> tuple[Symbol, ...]:
        """Give each component of a variable that is known beforehand its name."""
        named = {p: self.symbol(variable.name, p) for p in self.places(variable)}
        self.values |= {(variable.name, p): symbol for p, symbol in named.items()}
        return tuple(named.values())

    def symbol(self, name: str, place: Place) -> Symbol:
        """Return the name of a component: `W1_23`, or `W1_02_13` where sizes have two digits."""
        digits = ("_" if self.digits > 1 else "").join(f"{k:0{self.digits}d}" for k in place)
        return Symbol(f"{name}_{digits}" if digits else name, real=True)

    def define(self, equation: Equation) -> None:
        """Compute the components of what an equation defines."""
        rewritten = equation.right.has(Function, Piecewise)
        right = fused(equation.right, self.network) if rewritten else equation.right
        right = stabilised(right, BY_CASES) if right.has(Sum) and rewritten else right
        symmetric = is_symmetric(equation.name) and len(equation.indices) == 2
        for place in self.places(equation.variable):
            if symmetric and place > place[::-1]:
                known = self.values[equation.name, place[::-1]]
            else:
                binding = dict(zip(equation.indices, place, strict=True))
                known = self.named(equation, place, self.at(right, binding), rewritten)
            self.values[equation.name, place] = known

    def named(self, equation: Equation, place: Place, value: Expr, rewritten: bool) -> Expr:
        """Return the symbol of a component, or its value where that is as short."""
        value = stabilised(value, BY_CASES) if rewritten else value
        if value.is_Atom or (-value).is_Atom:
            return value
        symbol = self.symbol(equation.name, place)
        self.assignments.append(Assignment(symbol, value, equation.name))
        return symbol

    def all_of(self, variable: Variable) -> list[Expr]:
        """Return what the components of a variable are, in C order."""
        return [self.values[variable.name, p] for p in self.places(variable)]

    # -- expressions at a place --

    def at(self, expr: Expr, binding: Binding) -> Expr:
        """Return an expression in index notation with its free indices bound to numbers."""
        match expr:
            case Indexed():
                return self.values[expr.base.name, tuple(binding[k] for k in expr.indices)]
            case Symbol():
                return self.values.get((expr.name, ()), expr)
            case KroneckerDelta():
                return S.One if binding[expr.args[0]] == binding[expr.args[1]] else S.Zero
            case Sum():
                return Add(*self.terms(expr, binding))
            case Largest():
                return reduce(maximum, self.terms(expr, binding))
            case ScalarFunction():
                return self.function(expr, binding)
            case _ if not expr.args:
                return expr
            case _:
                return expr.func(*[self.at(a, binding) for a in expr.args])

    def terms(self, expr: Sum | Largest, binding: Binding) -> Iterator[Expr]:
        """Yield the terms of a sum."""
        indices = [k for k, _, _ in expr.limits]
        for place in product(*[range(1, self.sizes[n] + 1) for _, _, n in expr.limits]):
            yield self.at(expr.function, {**binding, **dict(zip(indices, place, strict=True))})

    def function(self, expr: ScalarFunction, binding: Binding) -> Expr:
        """Return f(u) as its formula, and a derivative of f as its component or its number."""
        entry = self.network.functions[expr.stem]
        assert entry is not None  # the compiler refuses unbound functions before this
        if expr.order:
            constant = slope(entry, expr.order).of_u
            if constant.is_number:
                return constant
            place = tuple(binding[k] for k in expr.args[0].indices)
            return self.values[slope_name(expr, self.network), place]
        return entry.formula.subs(U, self.at(expr.args[0], binding))


def statement_count(network: Network, equations: Iterable[Equation]) -> int:
    """Return how many components equations have, without computing them."""
    sizes = dict(zip(network.layers, network.sizes or (), strict=True))
    return sum(prod(sizes[s] for s in q.variable.shape) for q in equations)
