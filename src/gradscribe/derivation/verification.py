"""Every recorded step is executed: both of its sides are computed at random points and compared.

Activation functions stay what the rules take them for, any differentiable function: random
polynomials stand in for them, so that all arithmetic is exact: on fractions, and modulo a
prime for deep networks, whose fractions would grow without bound. The slopes f′ in terms of y
hold for the real functions only and are compared with numerical derivatives in high precision.
Where a loss is not rational, 40 digits take the place of exact numbers.
"""

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
from sympy import Expr, Indexed, lambdify

from gradscribe.catalog.activations import Activation, U
from gradscribe.catalog.losses import Y
from gradscribe.derivation.directional import directional_variable
from gradscribe.derivation.execution import Binding, Execution, Place, Point
from gradscribe.derivation.numbers import DIGITS, RESIDUES, Dual, Numbers, numbers_for
from gradscribe.derivation.reverse import adjoint_name, backwards
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation, Role, Step
from gradscribe.errors import DerivationError
from gradscribe.model.fusing import cut_of
from gradscribe.notation import SAMPLE, SAMPLES, derivative_of
from gradscribe.symbols import ScalarFunction

_TRUTHS = 32  # about so many derivatives are compared with one of the whole cost


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
            f"Verified: both sides of {self.steps} steps are equal at {self.points} random "
            f"point{'s' * (self.points > 1)} ({self.numbers}), and {self.derivatives} derivatives "
            "equal those that dual numbers carry through the whole network."
        )


def verified(derivation: Derivation, points: int | None = None, seed: int = 0) -> Verification:
    """Execute every step of a derivation; return how that was done.

    Args:
        derivation: whose steps are executed.
        points: at how many random points; by default two, and one modulo a prime of 61 bits,
            where two different sides agree by chance less often than once in 10¹⁵.
        seed: of the random points.

    Raises:
        DerivationError: the two sides of a step differ; it names the equation and the rule.
    """
    if points is None:
        points = 1 if numbers_of(derivation) is RESIDUES else 2
    steps = derivatives = 0
    for point in range(points):
        checker = _Checker(derivation, random.Random(f"{seed}.{point}"))
        steps, derivatives = checker.run()
    return Verification(steps, derivatives, checker.numbers.name, points)


def numbers_of(derivation: Derivation) -> Numbers:
    """Return the kind of numbers in which a derivation is executed."""
    return numbers_for([q.right for q in derivation.network.equations])


def _of_one_node(form: Expr, place: ScalarFunction) -> Expr:
    """Return what is written for f′(u) with U for u and Y for f(u), under whatever name."""
    (u,) = place.args
    values = {a: Y for a in form.atoms(ScalarFunction) if a.stem == place.stem and a.args == (u,)}
    form = form.xreplace(values)
    return form.xreplace({a: U if a == u else Y for a in form.atoms(Indexed)})


def _is_part(equation: Equation) -> bool:
    """Whether an equation belongs to the Gauss-Newton matrix or to the residual."""
    return equation.name.startswith(("d2G_", "d2R_"))


class _Checker:
    """A random point: sizes, values of inputs and parameters, functions; and what follows."""

    def __init__(self, derivation: Derivation, rng: random.Random) -> None:
        self.derivation = derivation
        self.network = derivation.network
        self.rng = rng
        self.numbers = numbers_of(derivation)
        self.equations: Mapping[str, Equation] = derivation.by_name
        self.cut = cut_of(self.network)
        self.held = {q.name: q for q in backwards(self.network, frozenset([self.cut.name]))}
        self.sizes = {s: rng.choice((2, 3)) for s in dict.fromkeys(self.network.layers)}
        self.sizes[SAMPLES] = 2
        self.functions = {
            stem: [self._random() for _ in range(4)] for stem in self.network.functions
        }
        # f′ written with f holds for f itself only.
        fused = any(step.rule == "cancellation" for _, step in derivation.steps)
        bound = {f: entry for f, entry in self.network.functions.items() if entry is not None}
        self.formulas: Mapping[str, Activation] = bound if fused else {}
        self.direction = [directional_variable(p) for p in self.network.parameters]
        variables = [
            *self.network.variables.values(),
            *self.direction,
            *(q.variable for q in derivation.equations),
        ]
        self.variables = {v.name: v for v in variables}
        self.values: dict[Place, Any] = {}
        self.derivatives = 0

    def _random(self) -> Any:
        """Return a small fraction; smaller still where functions such as exp are applied to it."""
        size = 1 if self.numbers.exact else 8
        fraction = Fraction(self.rng.randint(-9, 9) or 1, size * self.rng.choice((2, 3, 5, 7)))
        return self.numbers.of(fraction)

    def run(self) -> tuple[int, int]:
        with mpmath.workdps(DIGITS):
            return self._run()

    def _run(self) -> tuple[int, int]:
        second = any(q.variable.role is Role.TANGENT for q in self.derivation.equations)
        own = (self.network.input, self.network.target, *self.network.parameters)
        own += tuple(self.direction) if second else ()
        for variable in own:
            for place in self._places(variable.name):
                self.values[place] = self._random()
        steps = 0
        chosen = self._chosen()
        for equation in self.derivation.equations:
            if equation.rule == "slope":
                self._check_slope(equation)
            else:
                self._check_steps(equation, equation.steps)
                self._define(equation)
                if equation.name in chosen:
                    self._check_derivative(equation)
            steps += len(equation.steps)
        return steps, self.derivatives

    def _chosen(self) -> set[str]:
        """Return the derivatives that are compared with one through the whole network.

        All of a network of a few layers; of a deep one some, spread over it, as each takes
        as long as the network is deep. The steps of every equation are executed anyway.
        """
        roles = (Role.ADJOINT, Role.GRADIENT, Role.TANGENT, Role.CURVATURE)
        candidates = [q.name for q in self.derivation.derived if q.variable.role in roles]
        every = max(1, len(candidates) // _TRUTHS)
        return {*candidates[::every], *candidates[-1:]}

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
            self.values[name, place] = Execution(self, self.values).value(equation.right, binding)

    # -- what is compared --

    def _check_steps(self, equation: Equation, steps: tuple[Step, ...]) -> None:
        name, place = self.rng.choice(self._places(equation.name))
        binding = self._binding(equation, place)
        for step in steps:
            if step.before is None:
                continue
            execution = Execution(self._point(equation), self.values)
            sides = [execution.value(e, binding) for e in (step.before, step.after)]
            if not self.numbers.equal(*sides):
                raise DerivationError(
                    f"({equation.label}) {name}: the two sides of the step {step.rule!r} differ: "
                    f"{step.before} = {sides[0]}, {step.after} = {sides[1]}"
                )
        if steps and steps[-1].after != equation.right:
            raise DerivationError(f"({equation.label}) {name} is not what its last step gives")

    def _point(self, equation: Equation) -> Point:
        """Return this point; for the parts of H with adjoints that read that of the output."""
        if not _is_part(equation):
            return self
        other = copy.copy(self)
        other.equations = {**self.equations, **self.held}
        return other

    def _check_slope(self, equation: Equation) -> None:
        """Compare f′ as it is written with a numerical derivative of f, at points of both signs."""
        place = equation.shown_left
        entry = self.network.functions[place.stem]
        assert entry is not None  # unbound functions have no slope equation
        formula = lambdify(U, entry.formula, "mpmath")
        forms = {equation.right, *(step.after for step in equation.steps)}
        written = [lambdify((U, Y), _of_one_node(form, place), "mpmath") for form in forms]
        for _ in range(4):
            u = mpmath.mpf(self.rng.uniform(-4, 4))
            truth = mpmath.diff(formula, u, place.order)
            for found in (function(u, formula(u)) for function in written):
                if abs(truth - found) > mpmath.mpf(10) ** -12 * (1 + abs(truth)):
                    raise DerivationError(
                        f"({equation.label}) {equation.name}: "
                        f"{found} for f′, {truth} by differences"
                    )

    def _check_derivative(self, equation: Equation) -> None:
        """Compare ∂E/∂v or ∂J/∂w with the dual part of the cost when v or w moves."""
        name, place = self.rng.choice(self._places(equation.name))
        if equation.variable.role in (Role.TANGENT, Role.CURVATURE):
            truth = self._second(equation, place)
        else:
            of, goal = self._source(equation)
            sample = place[0] if equation.variable.per_sample else None
            truth = self._moved((of, place), goal, sample)
        found = self.values[name, place]
        self.derivatives += 1
        if not self.numbers.equal(found, truth):
            raise DerivationError(
                f"({equation.label}) {name}{list(place)} is {found}, by dual numbers {truth}"
            )

    def _second(self, equation: Equation, place: tuple[int, ...]) -> Any:
        """Return ∂a/∂b of a tangent or of a block by dual numbers, b moving by itself."""
        if equation.name.startswith("R_"):
            return self._along(equation, place)
        sample, at = place[0], place[1:]
        above, *below = derivative_of(equation.name)
        if len(below) == 2:
            above, below = adjoint_name(below[0]), below[1:]
        (moving,) = below
        count = len(self.variables[above].shape)
        second = (moving, (sample, *at[count:]))
        whole = self._moved(second, above, sample, at[:count])
        if not _is_part(equation):
            return whole
        first = (derivative_of(equation.name)[1], (sample, *at[:count]))
        gauss = self._gauss_newton(first, second, sample)
        if equation.name.startswith("d2G"):
            return gauss
        return whole + self.numbers.of(Fraction(-1)) * gauss

    def _gauss_newton(self, first: Place, second: Place, sample: int) -> Any:
        """Return Σ_kj ∂y_k/∂a ∂²E/∂y_k∂y_j ∂y_j/∂b, each by dual numbers."""
        y = self.cut.name
        places = [(y, at) for _, at in self._places(y) if at[0] == sample]
        zero = self.numbers.of(Fraction(0))
        by_first, by_second = (self._carried(self._start(at, sample), y) for at in (first, second))
        total = zero
        for column in places:
            loss = self._carried(self._start(column, sample), adjoint_name(y))
            for row in places:
                found = loss.get((adjoint_name(y), row[1]))
                if found is not None and row in by_first and column in by_second:
                    total += by_first[row].slope * found.slope * by_second[column].slope
        return total

    def _along(self, equation: Equation, place: tuple[int, ...]) -> Any:
        """Return ℛv by dual numbers, all parameters moving along the direction."""
        moved = {
            (p.name, at): Dual(self.values[p.name, at], self.values[f"R_{p.name}", at])
            for p in self.network.parameters
            for _, at in self._places(p.name)
        }
        return self._slope(moved, (equation.name.removeprefix("R_"), place))

    def _source(self, equation: Equation) -> tuple[str, str]:
        """Return the variable that an adjoint belongs to, and the cost that is differentiated."""
        name = equation.name
        goal = "J" if equation.variable.role is Role.GRADIENT else self.network.equations[-1].name
        if name.startswith("delta"):
            return "u" + name.removeprefix("delta"), goal
        return name[4:], goal

    def _moved(
        self, place: Place, goal: str, sample: int | None, at_goal: tuple[int, ...] = ()
    ) -> Any:
        """Return the slope of a cost, or of a component of a goal, when one component moves."""
        key = (goal, (sample, *at_goal)) if sample is not None else (goal, ())
        return self._slope(self._start(place, sample), key)

    def _start(self, place: Place, sample: int | None) -> dict[Place, Dual]:
        """Return a component that moves by itself; of a parameter for all samples."""
        name, at = place
        if sample is not None and not self.variables[name].per_sample:
            at = at[1:]
        return {(name, at): Dual(self.values[name, at], self.numbers.of(Fraction(1)))}

    def _slope(self, moved: dict[Place, Dual], goal: Place) -> Any:
        """Return the slope that a component of a goal has where others move."""
        found = self._carried(moved, goal[0])
        return found[goal].slope if goal in found else self.numbers.of(Fraction(0))

    def _carried(self, moved: dict[Place, Dual], goal: str) -> dict[Place, Dual]:
        """Return what moves with these components, up to a goal."""
        moved = dict(moved)
        origin = {name for name, _ in moved}
        reached = set(origin)
        roles = (Role.ADJOINT, Role.GRADIENT)
        derived = [q for q in self.derivation.derived if q.variable.role in roles]
        later = derived if goal not in ("J", "E") else []
        for equation in (*self.network.equations, self.network.cost, *later):
            used = {s.name for s in equation.right.free_symbols}
            if equation.name in origin or not used & reached:
                continue
            reached.add(equation.name)
            for _, p in self._places(equation.name):
                execution = Execution(self, self.values, moved)
                moved[equation.name, p] = execution.dual(equation.right, self._binding(equation, p))
            if equation.name == goal:
                break
        return moved
