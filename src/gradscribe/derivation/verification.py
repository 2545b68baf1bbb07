"""Every recorded step is executed: both of its sides are computed at random points and compared.

Activation functions stay what the rules take them for, any differentiable function: random
polynomials stand in for them, so that all arithmetic is exact: on fractions, and modulo a
prime for deep networks, whose fractions would grow without bound. The slopes f′ in terms of y
hold for the real functions only and are compared with numerical derivatives in high precision.
Where a loss is not rational, 40 digits take the place of exact numbers.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
from sympy import (
    Add,
    Derivative,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    lambdify,
)

from gradscribe.catalog.activations import U
from gradscribe.catalog.losses import Y
from gradscribe.derivation.numbers import Dual, Residue
from gradscribe.derivation.slopes import slope
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation, Role, ScalarFunction, Step
from gradscribe.errors import DerivationError
from gradscribe.notation import SAMPLE, SAMPLES

_DIGITS = 40
_TOLERANCE = mpmath.mpf(10) ** -25
_DEEP = 8  # from this many layers on, fractions are replaced by residues
_TRUTHS = 24  # so many adjoints are compared with a derivative of the whole cost

Place = tuple[str, tuple[int, ...]]
Binding = dict[Symbol, int]


@dataclass(frozen=True)
class Verification:
    """What was verified.

    Attributes:
        steps: how many recorded steps were executed.
        derivatives: how many were compared with a derivative of the whole cost.
        numbers: the kind of numbers.
        points: at how many random points.
    """

    steps: int
    derivatives: int
    numbers: str
    points: int

    @property
    def sentence(self) -> str:
        """One sentence for the end of a derivation."""
        return (
            f"Verified: {self.steps} steps at {self.points} random points in {self.numbers}, and "
            f"{self.derivatives} derivatives against dual numbers through the whole network."
        )


def verified(derivation: Derivation, points: int = 2, seed: int = 0) -> Verification:
    """Execute every step of a derivation; return how that was done.

    Raises:
        DerivationError: the two sides of a step differ; it names the equation and the rule.
    """
    steps = derivatives = 0
    for point in range(points):
        checker = _Checker(derivation, random.Random(f"{seed}.{point}"))
        steps, derivatives = checker.run()
    return Verification(steps, derivatives, checker.numbers.name, points)


# ---- numbers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbers:
    """One kind of numbers: how to make one of a fraction, and when two are equal."""

    name: str
    of: Callable[[Fraction], Any]
    equal: Callable[[Any, Any], bool]


_FRACTIONS = _Numbers("fractions", Fraction, lambda a, b: bool(a == b))
_RESIDUES = _Numbers("residues modulo 2⁶¹ − 1", Residue.of, lambda a, b: bool(a == b))
_DECIMALS = _Numbers(
    f"{_DIGITS} digits",
    lambda q: mpmath.mpf(q.numerator) / q.denominator,
    lambda a, b: bool(abs(a - b) <= _TOLERANCE * (1 + abs(a))),
)


def _numbers_for(derivation: Derivation) -> _Numbers:
    equations = derivation.network.equations
    if not all(_is_rational(q.right) for q in equations):
        return _DECIMALS
    functions = sum(q.right.has(ScalarFunction) for q in equations)
    return _RESIDUES if functions >= _DEEP else _FRACTIONS


def _is_rational(expr: Expr) -> bool:
    """Whether an expression only adds, multiplies and takes integer powers of components."""
    if isinstance(expr, Pow) and not expr.exp.is_Integer:
        return False
    known = Add | Mul | Pow | Sum | ScalarFunction
    if isinstance(expr, known):
        return all(_is_rational(a) for a in (expr.args[:1] if isinstance(expr, Sum) else expr.args))
    return isinstance(expr, Indexed | Symbol | Rational)


# ---- execution ---------------------------------------------------------------------------------


class _Checker:
    """A random point: sizes, values of inputs and parameters, functions; and what follows."""

    def __init__(self, derivation: Derivation, rng: random.Random) -> None:
        self.derivation = derivation
        self.network = derivation.network
        self.rng = rng
        self.numbers = _numbers_for(derivation)
        self.equations = derivation.by_name
        self.sizes = {s: rng.choice((2, 3)) for s in dict.fromkeys(self.network.layers)}
        self.sizes[SAMPLES] = 2
        self.functions = {stem: [self._random() for _ in range(4)] for stem in self.network.functions}
        variables = [*self.network.variables.values(), *(q.variable for q in derivation.equations)]
        self.variables = {v.name: v for v in variables}
        self.values: dict[Place, Any] = {}
        self.derivatives = 0

    def _random(self) -> Any:
        return self.numbers.of(Fraction(self.rng.randint(-9, 9) or 1, self.rng.choice((2, 3, 5, 7))))

    def run(self) -> tuple[int, int]:
        with mpmath.workdps(_DIGITS):
            return self._run()

    def _run(self) -> tuple[int, int]:
        own = (self.network.input, self.network.target, *self.network.parameters)
        for variable in own:
            for place in self._places(variable.name):
                self.values[place] = self._random()
        steps = 0
        adjoints = [q for q in self.derivation.derived if q.variable.role is Role.ADJOINT]
        every = max(1, len(adjoints) // _TRUTHS)
        chosen = {q.name for q in adjoints[::every]} | {q.name for q in adjoints[-2:]}
        for equation in self.derivation.equations:
            if equation.rule == "slope":
                self._check_slope(equation)
            else:
                self._check_steps(equation, equation.steps)
                self._define(equation)
                if equation.name in chosen or equation.variable.role is Role.GRADIENT:
                    self._check_derivative(equation)
            steps += len(equation.steps)
        return steps, self.derivatives

    def _places(self, name: str) -> list[Place]:
        variable = self.variables[name]
        lengths = [self.sizes[s] for s in variable.shape]
        if variable.per_sample:
            lengths.insert(0, self.sizes[SAMPLES])
        return [(name, p) for p in product(*[range(n) for n in lengths])]

    def _binding(self, equation: Equation, place: tuple[int, ...]) -> Binding:
        sampled = equation.variable.per_sample
        binding = dict(zip(equation.indices, place[sampled:], strict=True))
        return {**binding, SAMPLE: place[0]} if sampled else binding

    def _define(self, equation: Equation) -> None:
        for name, place in self._places(equation.name):
            binding = self._binding(equation, place)
            self.values[name, place] = _Execution(self, self.values).value(equation.right, binding)

    # -- what is compared --

    def _check_steps(self, equation: Equation, steps: tuple[Step, ...]) -> None:
        name, place = self.rng.choice(self._places(equation.name))
        binding = self._binding(equation, place)
        for step in steps:
            if step.before is None:
                continue
            sides = [_Execution(self, self.values).value(e, binding) for e in (step.before, step.after)]
            if not self.numbers.equal(*sides):
                raise DerivationError(
                    f"({equation.label}) {name}: the two sides of the step {step.rule!r} differ: "
                    f"{step.before} = {sides[0]}, {step.after} = {sides[1]}"
                )

    def _check_slope(self, equation: Equation) -> None:
        """Compare f′ in terms of y with a numerical derivative of f at points of both signs."""
        place = equation.steps[0].before
        entry = self.network.functions[place.stem]
        assert entry is not None  # unbound functions have no slope equation
        formula = lambdify(U, entry.formula, "mpmath")
        own = slope(entry).of_y
        in_y = lambdify(Y, own, "mpmath") if own is not None else None
        in_u = lambdify(U, slope(entry).of_u, "mpmath")
        for _ in range(4):
            u = mpmath.mpf(self.rng.uniform(-4, 4))
            truth = mpmath.diff(formula, u)
            found = in_y(formula(u)) if in_y else in_u(u)
            if abs(truth - found) > mpmath.mpf(10) ** -12 * (1 + abs(truth)):
                raise DerivationError(f"({equation.label}) {equation.name}: {found} for f′, {truth} by differences")

    def _check_derivative(self, equation: Equation) -> None:
        """Compare ∂E/∂v or ∂J/∂w with the dual part of the cost when v or w moves."""
        name, place = self.rng.choice(self._places(equation.name))
        of, goal = self._source(equation)
        truth = self._moved((of, place), goal, place[0] if equation.variable.per_sample else None)
        found = self.values[name, place]
        self.derivatives += 1
        if not self.numbers.equal(found, truth):
            raise DerivationError(
                f"({equation.label}) {name}{list(place)} is {found}, the derivative of the cost {truth}"
            )

    def _source(self, equation: Equation) -> tuple[str, str]:
        """Return the variable that an adjoint belongs to, and the cost that is differentiated."""
        name = equation.name
        goal = "J" if equation.variable.role is Role.GRADIENT else self.network.equations[-1].name
        if name.startswith("delta"):
            return "u" + name.removeprefix("delta"), goal
        return name[4:], goal

    def _moved(self, place: Place, goal: str, sample: int | None) -> Any:
        """Return the slope of a cost when one component moves."""
        name, at = place
        variable = self.variables[name]
        if sample is not None and not variable.per_sample:
            at = at[1:]
        zero, one = self.numbers.of(Fraction(0)), self.numbers.of(Fraction(1))
        moved: dict[Place, Any] = {(name, at): Dual(self.values[name, at], one)}
        reached = {name}
        for equation in (*self.network.equations, self.network.cost):
            used = {s.name for s in equation.right.free_symbols}
            if equation.name == name or not used & reached:
                continue
            reached.add(equation.name)
            for _, p in self._places(equation.name):
                execution = _Execution(self, self.values, moved)
                moved[equation.name, p] = execution.dual(equation.right, self._binding(equation, p))
        key = (goal, (sample,)) if sample is not None else (goal, ())
        return moved[key].slope if key in moved else zero


class _Execution:
    """Evaluates expressions at a point; components in `moved` carry a slope."""

    def __init__(
        self, point: _Checker, values: Mapping[Place, Any], moved: Mapping[Place, Any] | None = None
    ) -> None:
        self.point, self.values, self.moved = point, values, moved or {}
        self.zero = point.numbers.of(Fraction(0))
        self.one = point.numbers.of(Fraction(1))

    def value(self, expr: Expr, binding: Binding) -> Any:
        return self.dual(expr, binding).value

    def _constant(self, number: Fraction) -> Dual:
        return Dual(self.point.numbers.of(number), self.zero)

    def dual(self, expr: Expr, binding: Binding) -> Dual:
        match expr:
            case Rational():
                return self._constant(Fraction(int(expr.p), int(expr.q)))
            case Indexed():
                return self._component(str(expr.base), tuple(binding[k] for k in expr.indices), binding)
            case Symbol():
                return self._symbol(expr, binding)
            case Add():
                return self._folded(expr.args, binding, self.zero, lambda a, b: a + b)
            case Mul():
                return self._folded(expr.args, binding, self.one, lambda a, b: a * b)
            case Pow() if expr.exp.is_Integer:
                return self.dual(expr.base, binding).power(int(expr.exp), self.one)
            case Sum():
                return self._total(expr, binding)
            case KroneckerDelta():
                return self._constant(Fraction(int(binding[expr.args[0]] == binding[expr.args[1]])))
            case ScalarFunction():
                return self._stand_in(expr, binding)
            case Derivative():
                return self._partial(expr, binding)
            case Piecewise():
                return self._case(expr, binding)
            case _:
                return self._function(expr, binding)

    def _folded(self, args: Any, binding: Binding, start: Any, combine: Callable[[Dual, Dual], Dual]) -> Dual:
        result = Dual(start, self.zero)
        for argument in args:
            result = combine(result, self.dual(argument, binding))
        return result

    def _symbol(self, expr: Symbol, binding: Binding) -> Dual:
        if expr in self.point.sizes:
            return self._constant(Fraction(self.point.sizes[expr]))
        return self._component(expr.name, (), binding)

    def _component(self, name: str, place: tuple[int, ...], binding: Binding) -> Dual:
        variable = self.point.variables[name]
        if variable.per_sample and len(place) == len(variable.shape):
            place = (binding[SAMPLE], *place)
        found = self.moved.get((name, place))
        return found if found is not None else Dual(self.values[name, place], self.zero)

    def _total(self, expr: Sum, binding: Binding) -> Dual:
        result = Dual(self.zero, self.zero)
        indices = [k for k, _, _ in expr.limits]
        for place in product(*[range(self.point.sizes[stop]) for _, _, stop in expr.limits]):
            inner = {**binding, **dict(zip(indices, place, strict=True))}
            result = result + self.dual(expr.function, inner)
        return result

    def _stand_in(self, expr: ScalarFunction, binding: Binding) -> Dual:
        """Return the random polynomial for f, or its dual part for f′."""
        at = self.dual(expr.args[0], binding)
        if expr.order == 0:
            return self._polynomial(expr.stem, at)
        assert expr.order == 1  # higher orders do not occur in a gradient
        return Dual(self._polynomial(expr.stem, Dual(at.value, self.one)).slope, self.zero)

    def _polynomial(self, stem: str, at: Dual) -> Dual:
        result = Dual(self.zero, self.zero)
        for coefficient in self.point.functions[stem]:
            result = result * at + Dual(coefficient, self.zero)
        return result

    def _partial(self, expr: Derivative, binding: Binding) -> Dual:
        """Return ∂v_k/∂w_i of the explicit occurrences: the dual part of v's equation when w_i moves."""
        above, below = expr.expr, expr.variables[0]
        equation = self.point.equations[_name(above)]
        inner = dict(zip(equation.indices, [binding[k] for k in _indices(above)], strict=True))
        place = tuple(binding[k] for k in _indices(below))
        if self.point.variables[_name(below)].per_sample:
            place = (binding[SAMPLE], *place)
        key = (_name(below), place)
        moved = {key: Dual(self.values[key], self.one)}
        execution = _Execution(self.point, self.values, moved)
        return Dual(execution.dual(equation.right, {**inner, SAMPLE: binding[SAMPLE]}).slope, self.zero)

    def _case(self, expr: Piecewise, binding: Binding) -> Dual:
        for value, condition in expr.args:
            if condition == True or self._holds(condition, binding):  # noqa: E712
                return self.dual(value, binding)
        raise DerivationError(f"no case of {expr} holds")

    def _holds(self, condition: Expr, binding: Binding) -> bool:
        left, right = (self.value(a, binding) for a in condition.args)
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[
            condition.rel_op
        ]

    def _function(self, expr: Expr, binding: Binding) -> Dual:
        """Apply a scalar function of mpmath, its slope by numerical differentiation."""
        stand_in = Symbol("t")
        (argument,) = expr.args
        function = lambdify(stand_in, expr.func(stand_in), "mpmath")
        at = self.dual(argument, binding)
        return Dual(function(at.value), mpmath.diff(function, at.value) * at.slope)


def _name(expr: Expr) -> str:
    return str(expr.base) if isinstance(expr, Indexed) else str(expr)


def _indices(expr: Expr) -> tuple[Symbol, ...]:
    return tuple(expr.indices) if isinstance(expr, Indexed) else ()
