"""Numbers for displayed formulas: a network with random values, and what follows from them.

Derivatives of the cost are taken by differences of the whole network in high precision, so what
a formula says of them is compared with something that shares nothing with the derivation.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import mpmath
from sympy import Float, Integer, Piecewise, Symbol, lambdify, sympify
from sympy.core.expr import Expr

from gradscribe.catalog.activations import Activation, U
from gradscribe.derivation.execution import Binding, Execution, Place
from gradscribe.derivation.numbers import Dual, Numbers
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation, Role, Variable
from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE, SAMPLES, derivative_of, split
from gradscribe.symbols import ScalarFunction

DIGITS = 100
_SIZES = (3, 2, 4, 5, 6, 7)  # of layers, all different
_DEEP = 20  # equations of a network
_NUMBERED = 65  # indices below this may be written as numbers
_FIRST, _SECOND = 30, 18  # decimals of the steps of first and second differences
_NUMBERS = Numbers(
    f"{DIGITS} digits",
    lambda q: mpmath.mpf(q.numerator) / q.denominator,
    lambda a, b: bool(abs(a - b) < mpmath.mpf(10) ** -30),
    exact=False,
)
Values = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class _Flat:
    """All parameters as one vector w: which component each of its entries is."""

    places: tuple[Place, ...]


def _side(formula: Expr, at: Any) -> int:
    """Return -1 or 1 for the side of a place on which its case holds, 0 where both do."""
    if not isinstance(formula, Piecewise):
        return 0
    place, little = sympify(at), Float(10) ** -_FIRST
    left, here, right = (
        next(k for k, (_, when) in enumerate(formula.args) if when.subs(U, u) == True)  # noqa: E712
        for u in (place - little, place, place + little)
    )
    return 0 if left == right else 1 if here == right else -1


class _Computed(dict[Place, Any]):
    """Values by place, each computed when it is first asked for."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world

    def __missing__(self, place: Place) -> Any:
        self[place] = value = self.world.computed(place)
        return value

    def __contains__(self, place: object) -> bool:
        return True


class _Real(Execution):
    """Executes formulas with the network's own functions where they are bound."""

    def _symbol(self, expr: Symbol, binding: Binding) -> Dual:
        world = self.point
        assert isinstance(world, World)
        if expr.name in world.free:
            return Dual(world.free[expr.name], self.zero)
        return super()._symbol(expr, binding)

    def _component(self, name: str, place: tuple[int, ...], binding: Binding) -> Dual:
        above = derivative_of(name)[:1]
        if above == ("E",) and len(place) == len(self.point.shape(name)):  # type: ignore[attr-defined]
            place = (binding[SAMPLE], *place)
        if above in (("E",), ("J",)) or name == "w":
            return Dual(self.values[name, place], self.zero)
        return super()._component(name, place, binding)

    def _stand_in(self, expr: ScalarFunction, binding: Binding) -> Dual:
        world = self.point
        assert isinstance(world, World)
        entry = world.network.functions.get(expr.stem)
        if entry is None:
            return super()._stand_in(expr, binding)
        at = self.dual(expr.args[0], binding)
        value = world.function(entry, expr.order, at.value)
        slope = self.zero
        if at.slope != self.zero:
            slope = at.slope * world.function(entry, expr.order + 1, at.value)
        return Dual(value, slope)


class World:
    """A network with values.

    Args:
        derivation: the network's derivation.
        seed: of the random values.
        given: fixed values by the name of a variable, in the order of its components; sizes
            are then the network's own.
    """

    def __init__(self, derivation: Derivation, seed: int = 0, given: Values | None = None) -> None:
        self.derivation, self.network = derivation, derivation.network
        self.rng = random.Random(seed)
        self.numbers = _NUMBERS
        self.given = given or {}
        self.formulas: Mapping[str, Activation] = {}  # functions are looked up in `_stand_in`
        self.equations: Mapping[str, Equation] = derivation.by_name
        self.sizes = self._sizes()
        with mpmath.workdps(DIGITS):
            self.functions = {f: [self._random() for _ in range(4)] for f in self.network.functions}
            x = self._random()
            self.free = {"u": self._random() + 1, "x": x, "g": x * x}
        every = [*self.network.variables.values(), *(q.variable for q in derivation.equations)]
        self.variables: dict[str, Variable] = {v.name: v for v in every}
        self.values = _Computed(self)
        self.flat = tuple(self._flat())
        self._compute_in_order()

    def _sizes(self) -> dict[Symbol, int]:
        """Return the network's own sizes where its values are given; else small ones."""
        layers = list(dict.fromkeys(self.network.layers))
        if self.given and self.network.sizes is not None:
            found = dict(zip(self.network.layers, self.network.sizes, strict=True))
            return {**found, SAMPLES: 1}
        deep = len(layers) > len(_SIZES)
        found = {s: (2 + k % 2 if deep else _SIZES[k]) for k, s in enumerate(layers)}
        return {**found, SAMPLES: 3}

    def _flat(self) -> Iterator[Place]:
        for parameter in self.network.parameters:
            for at in product(*[range(self.sizes[s]) for s in parameter.shape]):
                yield (parameter.name, at)

    def _random(self) -> Any:
        """Return a number of which no small multiple or power is another one."""
        return mpmath.mpf(self.rng.randint(-(10**12), 10**12)) / 10**12

    def _compute_in_order(self) -> None:
        """Compute what a deep network needs in order: recursion would go too deep."""
        if len(self.network.equations) < _DEEP:
            return
        with mpmath.workdps(DIGITS):
            for equation in self.derivation.equations:
                if equation.variable.role in (Role.VALUE, Role.COST, Role.ADJOINT):
                    for at in product(*map(range, self.shape(equation.name))):
                        for n in range(self.sizes[SAMPLES] if equation.variable.per_sample else 0):
                            if not equation.name.startswith("dE_d"):
                                self.values[equation.name, (n, *at)]

    # -- values --

    def binding(self, letters: Mapping[str, int], sample: int = 0) -> Binding:
        """Return what indices stand for: letters, numbers from 1, and sizes for the last."""
        found: dict[Any, int] = {Symbol(k, integer=True): v for k, v in letters.items()}
        found |= {Integer(k): k - 1 for k in range(1, _NUMBERED)}
        found |= {s: n - 1 for s, n in self.sizes.items()}
        found[Symbol("K", integer=True, positive=True)] = len(self.flat) - 1
        return {**found, SAMPLE: sample}

    def value(self, expr: Expr, binding: Binding) -> Any:
        """Return the value of an expression in index notation."""
        return _Real(self, self.values).value(expr, binding)

    def computed(self, place: Place) -> Any:
        """Return the value of a component: given, random, or from its equation or differences."""
        name, at = place
        parts = derivative_of(name)
        if parts and parts[0] in ("E", "J"):
            return self.differences(parts, at)
        if name in self.equations:
            equation = self.equations[name]
            sampled = equation.variable.per_sample
            at_index = dict(zip(equation.indices, at[sampled:], strict=True))
            binding = {**at_index, SAMPLE: at[0] if sampled else 0}
            return _Real(self, self.values).value(equation.right, binding)
        if name in self.given:
            return self._given(name, at)
        if name == "w":
            return self.values[self.flat[at[0]]]
        if name not in self.variables:
            raise DerivationError(f"no value is known of {name}{list(at)}")
        return self._random()

    def _given(self, name: str, at: tuple[int, ...]) -> Any:
        variable = self.variables[name]
        position = 0
        for k, size in zip(at[variable.per_sample :], variable.shape, strict=True):
            position = position * self.sizes[size] + k
        fraction = Fraction(str(self.given[name][position]))
        return mpmath.mpf(fraction.numerator) / fraction.denominator

    @staticmethod
    @cache
    def _numeric(formula: Expr) -> Any:
        return lambdify(U, formula, "mpmath")

    def function(self, entry: Activation, order: int, at: Any) -> Any:
        """Return f, or a derivative of it by differences; at a kink, on the side of f's case."""
        formula = self._numeric(entry.formula)
        if order == 0:
            return formula(at)
        return mpmath.diff(formula, at, order, direction=_side(entry.formula, at))

    # -- differences of the whole network --

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the numbers of components of a variable, without the sample's."""
        if name == "w":
            return (len(self.flat),)
        if name in self.variables:
            return tuple(self.sizes[s] for s in self.variables[name].shape)
        return tuple(n for part in derivative_of(name) for n in self._shape_of(part))

    def _shape_of(self, part: str) -> tuple[int, ...]:
        return () if part in ("E", "J") else self.shape(part)

    def differences(self, parts: tuple[str, ...], at: tuple[int, ...]) -> Any:
        """Return a first or second derivative of the cost by differences."""
        goal, *variables = parts
        sample = at[0] if goal == "E" else None
        rest = list(at[1:] if goal == "E" else at)
        moved = []
        for name in variables:
            count = len(self.shape(name))
            moved.append((name, tuple(rest[:count])))
            rest = rest[count:]
        if len(moved) == 1:
            return self._first(goal, moved[0], sample)
        return self._second(goal, moved[0], moved[1], sample)

    def _first(self, goal: str, place: Place, sample: int | None) -> Any:
        h = mpmath.mpf(10) ** -_FIRST
        ends = [self.cost(goal, [(place, s * h)], sample) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * h)

    def _second(self, goal: str, a: Place, b: Place, sample: int | None) -> Any:
        h = mpmath.mpf(10) ** -_SECOND
        total = mpmath.mpf(0)
        for s, t in product((1, -1), repeat=2):
            total += s * t * self.cost(goal, [(a, s * h), (b, t * h)], sample)
        return total / (4 * h * h)

    def cost(self, goal: str, moves: list[tuple[Place, Any]], sample: int | None) -> Any:
        """Return E of a sample, or J, with some components moved."""
        if goal == "E":
            return self.forward(moves, sample or 0)["E", (sample or 0,)]
        values = _Overridden(self)
        for n in range(self.sizes[SAMPLES]):
            moved = self.forward(moves, n)
            values["E", (n,)] = moved["E", (n,)]
            values.update({k: v for k, v in moved.items() if self.is_parameter(k[0])})
        return _Real(self, values).value(self.network.cost.right, {})

    def forward(self, moves: list[tuple[Place, Any]], sample: int) -> dict[Place, Any]:
        """Return the values of one sample with some components moved where they are defined."""
        shifts: dict[Place, Any] = {}
        for (name, at), step in moves:
            place = self.flat[at[0]] if name == "w" else (name, at)
            sampled = self.variables[place[0]].per_sample
            key = (place[0], (sample, *place[1])) if sampled else place
            shifts[key] = shifts.get(key, 0) + step
        values = _Overridden(self)
        own = [k for k in shifts if k[0] not in self.equations]
        for key in own:
            values[key] = self.values[key] + shifts[key]
        for equation in self.network.equations:
            for at in product(*[range(self.sizes[s]) for s in equation.variable.shape]):
                key = (equation.name, (sample, *at))
                binding = {**dict(zip(equation.indices, at, strict=True)), SAMPLE: sample}
                found = _Real(self, values).value(equation.right, binding)
                values[key] = found + shifts.get(key, 0)
        return values

    def moved(self, above: Place, below: Place, sample: int) -> Any:
        """Return the derivative of one component by another, everything between moving too."""
        h = mpmath.mpf(10) ** -_FIRST
        name, at = above
        key = (name, (sample, *at)) if self.variables[name].per_sample else above
        ends = [self.forward([(below, s * h)], sample)[key] for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * h)

    def stem(self, name: str) -> str:
        """Return the stem of a variable's name."""
        return split(name).stem

    def is_parameter(self, name: str) -> bool:
        """Whether a variable is one of the parameters."""
        return name in self.variables and self.variables[name].role is Role.PARAMETER


class _Overridden(_Computed):
    """Some values of its own; those of the world for what was not moved."""

    def __missing__(self, place: Place) -> Any:
        return self.world.values[place]
