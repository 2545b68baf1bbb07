"""Backpropagation by plain loops over layers, nodes and samples, from its definition.

For every variable v of the network, from the last to the first,

    ∂E/∂v_k = Σ_w Σ_i ∂E/∂w_i · ∂w_i/∂v_k        (w: the equations that read v)

with ∂w_i/∂v_k by complex step in multi-precision arithmetic, component by component. No
formula of a derivative occurs here, not even f′, and nothing is shared with the code that
derives, lowers or prints, so a mistake there cannot be repeated here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from sympy import Add, log

from gradscribe.checking.arithmetic import Compiler, Component, Places, Slope, Term, Value
from gradscribe.checking.components import Adjoints, Compiled, as_array, as_float, evaluated
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLES
from gradscribe.symbols import by_samples

Array = npt.NDArray[Any]
Blocks = Mapping[str, Array]
Sizes = Mapping[str, int]
Known = Mapping[Component, Value]

FINE_DIGITS = 500  # for log(1 - y), where y may be 1 - exp(-1000)
DIFFERENCE_DIGITS = 12  # the step of differences is 10**-12; their error is its square


@dataclass(frozen=True)
class Fault:
    """A mistake made on purpose, so that a wrong gradient can be recognised.

    Attributes:
        slopes: what to take for f′ of some functions.
        cut: pairs (w, v) of names: ∂E/∂v leaves out what comes through w.
    """

    slopes: Mapping[str, Slope] = field(default_factory=dict)
    cut: frozenset[tuple[str, str]] = frozenset()


NO_FAULT = Fault()


@dataclass(frozen=True)
class Truth:
    """What the recursion found.

    Attributes:
        cost: J.
        values: u1, y1, … of every sample: (N, N_m).
        sensitivities: ∂E/∂u1, ∂E/∂y1, … of every sample, without the factor of J: (N, N_m).
        gradient: ∂J/∂W1, …, of the parameters' shapes.
        contributions: what each sample adds to the gradient: (N, *shape).
        scales: for every name, the standard deviation to expect of a derivative computed in
            floating point, in units of its last digit ε: every local derivative is taken to
            be off by ε of itself, f′ by ε (in y(1 - y) and 1 - y² that error stays when y
            saturates and f′ itself is 1e-300), and the errors go down the same recursion.
    """

    cost: float
    values: Blocks
    sensitivities: Blocks
    gradient: Blocks
    contributions: Blocks
    scales: Mapping[str, float]


class Recursion:
    """The recursion of one network: equations compiled once, evaluated at any point.

    Args:
        network: the network, its functions bound.
        fault: a mistake to make.
        parameters: whether derivatives by the parameters are wanted too; without them only
            sensitivities are found, which is much less work for a large network.
    """

    def __init__(
        self, network: Network, fault: Fault = NO_FAULT, *, parameters: bool = True
    ) -> None:
        self.network = network
        self.parameters = parameters
        self.cut = fault.cut
        self.compiler = Compiler(network.functions, fault.slopes)
        logarithms = {a.args[0] for q in network.equations for a in q.right.atoms(log)}
        if any(isinstance(argument, Add) for argument in logarithms):
            self.compiler.context.dps = FINE_DIGITS
        self._equations = [self._compiled(q) for q in network.equations]
        self._cost = self._compiled(network.cost)
        over, apart = by_samples(network.cost.right)
        self._over_samples = self._compiled(replace(network.cost, right=over))
        self._penalty = self._compiled(replace(network.cost, right=apart))
        kinds = {Role.VALUE, Role.COST} | ({Role.PARAMETER} if parameters else set())
        self._wanted = {n for n, v in network.variables.items() if v.role in kinds}

    def _compiled(self, equation: Equation) -> Compiled:
        terms = self.compiler.terms(equation.right)
        return Compiled(equation.variable, equation.indices, terms)

    def forward(self, sizes: Sizes, params: Blocks, X: Array, D: Array) -> Truth:
        """Return only J and the values, by the network's own equations.

        Args:
            sizes: N_0, …, N_M by name.
            params: W1, b1, … by name.
            X: inputs, (N, N_0).
            D: desired outputs, (N, N_M).
        """
        places = self._places(sizes, len(X))
        samples = list(self._samples(places, params, X, D))
        cost = self._total(self._all(samples), places)
        return Truth(float(cost), self._values(samples, places), {}, {}, {}, {})

    def backward(self, sizes: Sizes, params: Blocks, X: Array, D: Array) -> Truth:
        """Return J, the sensitivities and the gradient; arguments as `forward` takes them."""
        places = self._places(sizes, len(X))
        samples = list(self._samples(places, params, X, D))
        everything = self._all(samples)
        outer = Adjoints()
        outer.exact[self._cost.variable.name, ()] = self.compiler.context.mpf(1)
        self._pull(self._cost, everything, places, outer)
        inner = [self._sample_adjoints(values, places) for values in samples]
        return Truth(
            float(self._total(everything, places)),
            self._values(samples, places),
            self._sensitivities(inner, places),
            *self._gradient(outer, inner, places),
            self._scales(outer, inner),
        )

    def loss_curvature(
        self,
        sizes: Sizes,
        cut: Variable,
        Y: Array,
        D: Array,
        V: Array,
        params: Blocks | None = None,
    ) -> Array:
        """Return ∂²J/∂y∂yᵀ v of every sample by central differences of ∂E/∂y, (N, N_M).

        Args:
            sizes: N_0, …, N_M by name.
            cut: y, the output or a value that it is a function of.
            Y: its values, (N, N_M).
            D: desired outputs, (N, N_M).
            V: directions, (N, N_M).
            params: W1, b1, … by name, where the loss reads some.
        """
        places = self._places(sizes, len(Y))
        number = self.compiler.context.mpf
        step = number(10) ** -DIFFERENCE_DIGITS
        behind = partial(self._behind, cut, self._shared(params or {}), places)
        here = [behind(y, d, 0 * y) for y, d in zip(Y, D, strict=True)]
        outer = Adjoints()
        outer.exact[self._cost.variable.name, ()] = number(1)
        self._pull(self._over_samples, self._all(here), places, outer)
        rows = []
        for n, (y, d, v) in enumerate(zip(Y, D, V, strict=True), 1):
            up, down = (
                self._cut_slopes(cut, behind(y, d, sign * step * v), places) for sign in (1, -1)
            )
            factor = outer.exact[self._equations[-1].variable.name, (n,)] / (2 * step)
            difference = {c: a - down[c] for c, a in up.items()}
            rows.append(as_array(difference, cut, places, factor))
        return np.array(rows)

    def penalty_curvature(self, sizes: Sizes, params: Blocks, V: Blocks) -> Blocks:
        """Return what V times the second derivatives of J's own terms of parameters is.

        By central differences of their derivatives; arguments as those of `along`.
        """
        places = self._places(sizes, 1)
        number = self.compiler.context.mpf
        step = number(10) ** -DIFFERENCE_DIGITS
        here: dict[Component, Value] = {}
        moves: dict[Component, Value] = {}
        for name, array in params.items():
            here |= self._numbers(name, array)
            moves |= self._numbers(name, V[name])
        up, down = (
            self._penalty_slopes({c: v + h * moves[c] for c, v in here.items()}, places)
            for h in (step, -step)
        )
        change = {c: (up[c] - down[c]) / (2 * step) for c in {*up, *down}}
        return {p.name: as_array(change, p, places) for p in self.network.parameters}

    def penalty_slopes(self, sizes: Sizes, params: Blocks) -> Blocks:
        """Return the derivatives of J's own terms of parameters."""
        places = self._places(sizes, 1)
        here: dict[Component, Value] = {}
        for name, array in params.items():
            here |= self._numbers(name, array)
        found = self._penalty_slopes(here, places)
        return {p.name: as_array(found, p, places) for p in self.network.parameters}

    def _penalty_slopes(
        self, values: dict[Component, Value], places: Places
    ) -> Mapping[Component, Value]:
        slopes = Adjoints()
        slopes.exact[self._cost.variable.name, ()] = self.compiler.context.mpf(1)
        self._pull(self._penalty, values, places, slopes)
        return slopes.exact

    def along(
        self, sizes: Sizes, params: Blocks, V: Blocks, X: Array, D: Array, name: str
    ) -> Array:
        """Return the derivative of a value along V by complex step, (N, N_m).

        Args:
            sizes: N_0, …, N_M by name.
            params: W1, b1, … by name.
            V: a direction of each of them.
            X: inputs, (N, N_0).
            D: desired outputs, (N, N_M).
            name: of the value.
        """
        places, context = self._places(sizes, len(X)), self.compiler.context
        shared: dict[Component, Value] = {}
        for parameter, array in params.items():
            slopes = self._numbers(parameter, V[parameter])
            for component, number in self._numbers(parameter, array).items():
                shared[component] = context.mpc(number, self.compiler.step * slopes[component])
        variable = self.network.variables[name]
        rows = []
        for x, d in zip(X, D, strict=True):
            values = self._sample(shared, places, x, d)
            moved = {c: context.im(v) for c, v in values.items() if c[0] == name}
            rows.append(as_array(moved, variable, places, 1 / self.compiler.step))
        return np.array(rows)

    def _behind(
        self, cut: Variable, known: Known, places: Places, y: Array, d: Array, v: Array
    ) -> dict[Component, Value]:
        """Return the values of what comes behind the cut, at y + v, beside those known."""
        values = {**known, **self._numbers(self.network.target.name, d)}
        for component, number in self._numbers(cut.name, y).items():
            values[component] = number + v[tuple(k - 1 for k in component[1])]
        for equation in self._after(cut):
            for component, here in equation.components(places):
                values[component] = evaluated(equation.terms, values.__getitem__, here)
        return values

    def _after(self, cut: Variable) -> list[Compiled]:
        names = [q.variable.name for q in self._equations]
        return self._equations[names.index(cut.name) + 1 :]

    def _cut_slopes(
        self, cut: Variable, values: dict[Component, Value], places: Places
    ) -> dict[Component, Value]:
        """Return ∂E/∂y_k for every node of the cut, at these values."""
        adjoints = Adjoints()
        adjoints.exact[self._equations[-1].variable.name, ()] = self.compiler.context.mpf(1)
        for equation in reversed(self._after(cut)):
            self._pull(equation, values, places, adjoints)
        ranges = (range(1, places[n] + 1) for n in cut.shape)
        return {(cut.name, k): adjoints.exact[cut.name, k] for k in product(*ranges)}

    def _places(self, sizes: Sizes, samples: int) -> Places:
        return {**{s: sizes[s.name] for s in self.network.layers}, SAMPLES: samples}

    def _samples(
        self, places: Places, params: Blocks, X: Array, D: Array
    ) -> Iterator[dict[Component, Value]]:
        """Yield the value of every component, sample by sample."""
        shared = self._shared(params)
        for x, d in zip(X, D, strict=True):
            yield self._sample(shared, places, x, d)

    def _shared(self, params: Blocks) -> Known:
        return {c: v for name, a in params.items() for c, v in self._numbers(name, a).items()}

    def _sample(self, shared: Known, places: Places, x: Array, d: Array) -> dict[Component, Value]:
        """Return the value of every component of one sample."""
        values = dict(shared)
        values.update(self._numbers(self.network.input.name, x))
        values.update(self._numbers(self.network.target.name, d))
        for equation in self._equations:
            for component, here in equation.components(places):
                values[component] = evaluated(equation.terms, values.__getitem__, here)
        return values

    def _numbers(self, name: str, array: Array) -> dict[Component, Value]:
        number = self.compiler.context.mpf
        return {
            (name, tuple(k + 1 for k in entry)): number(float(array[entry]))
            for entry in np.ndindex(array.shape)
        }

    def _all(self, samples: list[dict[Component, Value]]) -> dict[Component, Value]:
        """Return the values that J reads: E(1), …, E(N), and the parameters."""
        result: dict[Component, Value] = {}
        for n, values in enumerate(samples, 1):
            for (name, numbers), value in values.items():
                sampled = self.network.variables[name].per_sample
                keep = self.network.variables[name].role is not Role.PARAMETER and sampled
                result[name, (*numbers, n) if keep else numbers] = value
        return result

    def _total(self, everything: dict[Component, Value], places: Places) -> Value:
        return evaluated(self._cost.terms, everything.__getitem__, places)

    def _sample_adjoints(self, values: dict[Component, Value], places: Places) -> Adjoints:
        """Return ∂E/∂(every component) of one sample: the recursion itself."""
        adjoints = Adjoints()
        last = (self._equations[-1].variable.name, ())
        adjoints.exact[last] = self.compiler.context.mpf(1)
        for equation in reversed(self._equations):
            self._pull(equation, values, places, adjoints)
        return adjoints

    def _pull(
        self,
        equation: Compiled,
        values: dict[Component, Value],
        places: Places,
        adjoints: Adjoints,
    ) -> None:
        """Add ∂E/∂w_i · ∂w_i/∂v_k to ∂E/∂v_k for every v_k that `equation` (of w) reads."""
        for component, here in equation.components(places):
            exact, variance = adjoints.exact[component], adjoints.variance[component]
            if not exact and not variance:
                continue
            for term in equation.terms:
                least = 1 if term.bends else 0
                for there in term.places(here):
                    for target, slope in self._slopes(equation, term, there, values):
                        adjoints.exact[target] += exact * slope
                        rounding = exact * max(abs(slope), least)
                        adjoints.variance[target] += slope**2 * variance + rounding**2

    def _slopes(
        self, equation: Compiled, term: Term, places: Places, values: dict[Component, Value]
    ) -> Iterator[tuple[Component, Value]]:
        """Yield ∂term/∂v_k for every v_k that the term reads, by complex step."""
        seen: dict[Component, None] = {}

        def recording(component: Component) -> Value:
            seen[component] = None
            return values[component]

        term.value(recording, places)
        context, step = self.compiler.context, self.compiler.step
        for target in seen:
            if target[0] in self._wanted and (equation.variable.name, target[0]) not in self.cut:
                moved = {**{c: values[c] for c in seen}, target: context.mpc(values[target], step)}
                yield target, context.im(term.value(moved.__getitem__, places)) / step

    def _values(self, samples: list[dict[Component, Value]], places: Places) -> Blocks:
        wanted = [v for v in self.network.variables.values() if v.role is Role.VALUE]
        return {
            v.name: np.array([as_array(values, v, places) for values in samples]) for v in wanted
        }

    def _sensitivities(self, inner: list[Adjoints], places: Places) -> Blocks:
        wanted = [v for v in self.network.variables.values() if v.role is Role.VALUE]
        return {v.name: np.array([as_array(a.exact, v, places) for a in inner]) for v in wanted}

    def _gradient(
        self, outer: Adjoints, inner: list[Adjoints], places: Places
    ) -> tuple[Blocks, Blocks]:
        """Return ∂J/∂w = Σ_n ∂J/∂E(n) · ∂E(n)/∂w + (where J reads w itself) that term."""
        cost = self._equations[-1].variable.name
        gradient, contributions = {}, {}
        for v in self.network.parameters:
            each = [
                as_array(a.exact, v, places, outer.exact[cost, (n,)])
                for n, a in enumerate(inner, 1)
            ]
            contributions[v.name] = np.array(each)
            gradient[v.name] = np.sum(each, axis=0) + as_array(outer.exact, v, places)
        return gradient, contributions

    def _scales(self, outer: Adjoints, inner: list[Adjoints]) -> Mapping[str, float]:
        cost = self._equations[-1].variable.name
        parameters = {v.name for v in self.network.parameters}
        variances: dict[Component, Value] = defaultdict(int, outer.variance)
        for n, adjoints in enumerate(inner, 1):
            factor = outer.exact[cost, (n,)] ** 2
            for (name, numbers), variance in adjoints.variance.items():
                if name in parameters:
                    variances[name, numbers] += factor * variance
                else:
                    variances[name, numbers] = max(variances[name, numbers], variance)
        scales: dict[str, float] = {}
        for (name, _), variance in variances.items():
            scales[name] = max(scales.get(name, 0.0), as_float(variance**0.5))
        return scales
