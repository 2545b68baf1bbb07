"""A worked example: a small network with numbers like a lecture's, and everything computed.

The parameters have one decimal and come from a seed: of many draws, the first in which no
function is saturated and no derivative is nearly zero, so that every number can be followed.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import mpmath
from sympy import Expr, Integer, Piecewise, Symbol

from gradscribe.catalog.activations import ACTIVATIONS, Activation
from gradscribe.derivation.steps import Derivation, derive
from gradscribe.equation import Equation, Variable
from gradscribe.errors import InputError
from gradscribe.lecture.display import Atom, Chain, Decimal, Grid, Node, Strong, equal
from gradscribe.lecture.evaluation import Evaluator, NoValueError, agree
from gradscribe.lecture.model import Setting
from gradscribe.lecture.rounding import within
from gradscribe.lecture.sample import sample_of
from gradscribe.lecture.shown import Shower
from gradscribe.lecture.style import PLACES
from gradscribe.lecture.substitution import Substitution, decimal, instantiated, shown
from gradscribe.lecture.world import DIGITS, World
from gradscribe.lecture.writing import bare, decimal_digits
from gradscribe.model.network import Network, assemble
from gradscribe.notation import split
from gradscribe.symbols import ScalarFunction, component

LARGE = 30  # parameters up to which every number is shown
MOST_PLACES = PLACES.stop
NODES = 2  # of a layer of the example, where the network's own are too many
DEEP_SIZES = (2, 2, 2, 1)  # of the example of a network of many layers
STAND_IN = "sigmoid"  # what an abstract function is in the example
_DRAWS = 120
_INPUTS = ("1", "2", "0.5", "-1")
_SLOPE, _STEEP = 0.15, 1.6  # least f′, greatest |u|
_ERROR = (0.2, 1.2)  # least and greatest |e|
_DELTA = 0.01  # least |δ|
BEST = 2  # of `worth`
_KINK, _FLAT = 0.05, 1e-9  # least |u|; the f′ of a ramp that is off


@dataclass(frozen=True)
class Example:
    """A network with numbers.

    Attributes:
        derivation: the network's own, or that of one with the same layers of fewer nodes.
        values: the numbers of x, d and the parameters as decimal fractions, by name.
        places: decimal places that are shown.
        original: the network that it stands for.
        assumed: the functions that are abstract in the network and bound in the example.
    """

    derivation: Derivation
    values: Mapping[str, tuple[str, ...]]
    places: int
    original: Network
    assumed: tuple[str, ...]

    @property
    def network(self) -> Network:
        """The network of the example."""
        return self.derivation.network

    @property
    def reduced(self) -> bool:
        """Whether its network has other sizes than the one it stands for."""
        return self.network.sizes != self.original.sizes

    @property
    def setting(self) -> Setting:
        """What its formulas are verified with."""
        return Setting(self.derivation, self.values)

    @cached_property
    def world(self) -> World:
        """Everything that follows from its numbers."""
        return World(self.derivation, 0, self.values)

    @cached_property
    def shower(self) -> Shower:
        """Turns expressions into displayed formulas."""
        return Shower(self.network, self.derivation.by_name)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Evaluates formulas whose indices are numbers."""
        return Evaluator(self.world, self.world.binding({}))

    def value(self, expr: Expr) -> Any:
        """Return the value of a component."""
        with mpmath.workdps(DIGITS):
            return self.evaluator.value(Atom(expr))

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """Return the sizes of a variable."""
        return tuple(self.world.sizes[s] for s in variable.shape)

    def places_of(self, variable: Variable) -> Iterator[tuple[Integer, ...]]:
        """Yield the indices of a variable's components, from 1."""
        for at in product(*(range(1, n + 1) for n in self.shape(variable))):
            yield tuple(map(Integer, at))

    def exact(self, name: str, at: tuple[Integer, ...]) -> Decimal:
        """Return a given number, all its decimals shown."""
        with mpmath.workdps(DIGITS):
            return decimal(self.value(component(name, at)), 10)

    def result(self, expr: Expr, places: int = 0) -> Decimal:
        """Return the value of a component, rounded."""
        with mpmath.workdps(DIGITS):
            return decimal(self.value(expr), places or self.places)

    # -- lines --

    def symbols(self, expr: Expr, values: Mapping[Symbol, Integer]) -> Node:
        """Return an expression at certain indices, its sums written out."""
        return instantiated(self.shower.tree(expr), values, self.world.sizes)

    def numbers(self, node: Node, result: Node) -> Node:
        """Return a formula with numbers, of so many places that it gives the result shown.

        What is computed from the numbers that are shown differs from the result that is shown,
        and from the exact one, by less than one unit in its last place; where four places do not
        suffice, more are shown.
        """
        with mpmath.workdps(DIGITS):
            value, bound = self.evaluator.value(result), within(result)
            try:
                exact = self.evaluator.value(node)
            except NoValueError:
                exact = value
            for places in range(self.places, MOST_PLACES):
                found = Substitution(self.network, self.evaluator.value, places).numbers(node)
                computed = self.computed(found)
                if agree(computed, value, bound) and agree(computed, exact, bound):
                    return found
        return found

    def computed(self, node: Node) -> Any:
        """Return what a formula of numbers gives."""
        try:
            return self.evaluator.value(node)
        except NoValueError:
            return mpmath.inf

    def line(
        self, equation: Equation, at: tuple[Integer, ...], result: Node | None = None
    ) -> Chain:
        """Return left = symbols = numbers = result for one component of an equation."""
        values = dict(zip(equation.indices, at, strict=True))
        left = self.shower.tree(equation.shown_left.xreplace(values))
        symbols = self.symbols(equation.right, values)
        return self.chain(left, equation.left.xreplace(values), symbols, result)

    def chain(self, left: Node, expr: Expr, symbols: Node, result: Node | None = None) -> Chain:
        """Return left = symbols = numbers = result, without what would be said twice."""
        found = self.result(expr)
        numbers = self.numbers(symbols, found)
        middle = [n for n in dict.fromkeys((symbols, numbers)) if not self.says(n, found)]
        if isinstance(symbols, Atom) and symbols.expr.has(Piecewise):
            middle = []  # its cases stand with the function
        parts = (left, *middle, result or found)
        return Chain(parts, ("=",) * (len(parts) - 1))

    def matrix_chain(self, left: Node, symbols: Node) -> Chain:
        """Return left = matrices by their names = the same with numbers = the result."""
        with mpmath.workdps(DIGITS):
            found = shown(self.evaluator.value(symbols), self.places)
        return equal(left, symbols, self.numbers(symbols, found), strong(found))

    def says(self, node: Node, number: Decimal) -> bool:
        """Whether a formula is nothing but this number."""
        node = bare(node)
        if isinstance(node, Atom) and node.expr.is_Number:
            return bool(number.exact and self.computed(node) == self.computed(number))
        return isinstance(node, Decimal) and decimal_digits(node) == decimal_digits(number)


def strong(result: Node) -> Node:
    """Return a result in bold; a matrix as it is."""
    return result if isinstance(result, Grid) else Strong(result)


# -- choosing the network and its numbers --


def example_of(network: Network, sample: str = "", places: int = 4) -> Example | None:
    """Return the worked example of a network; None where even its smallest form is too large.

    Args:
        network: the network.
        sample: the input and the desired output, "1,2;1"; "" for the usual ones.
        places: decimal places.

    Raises:
        InputError: the sample cannot be taken.
    """
    small = small_network(network)
    if small is None:
        if sample:
            raise InputError(
                "the worked example of this network has no numbers, as there are too many",
                where="sample",
                received=sample,
                allowed=f"a network whose layers can be shown with {LARGE} parameters",
            )
        return None
    assumed = small.abstract_functions
    bound = {f: entry or ACTIVATIONS[STAND_IN] for f, entry in small.functions.items()}
    small = replace(small, functions=bound)
    derivation = derive(small, 1)
    counts = [_count(small, v) for v in (small.input, small.target)]
    given = sample_of(sample, *counts) if sample else None
    values = chosen(derivation, given)
    return Example(derivation, values, places, network, assumed)


def small_network(network: Network) -> Network | None:
    """Return a network whose parameters can all be shown: itself, or one of 2-2-…-1 nodes."""
    if network.sizes is not None and parameter_count(network) <= LARGE:
        return network
    layered = {split(q.name).stem for q in network.equations} <= {"u", "y", "e", "E"}
    if layered and len(network.equations) - 2 > 2 * len(DEEP_SIZES[1:]):
        return similar(network, DEEP_SIZES)
    last, first = network.output.shape[0], network.input.shape[0]
    nodes = outputs(list(network.bindings.values()))
    sizes = tuple(nodes if s == last and s != first else NODES for s in network.layers)
    small = replace(network, sizes=sizes)
    return small if parameter_count(small) <= LARGE else None


def outputs(entries: list[Activation | None]) -> int:
    """Return how many outputs an example has: softmax of one alone is 1, whatever it learns."""
    last = entries[-1] if entries else None
    return NODES if last is not None and last.joins_nodes else 1


def similar(network: Network, sizes: tuple[int, ...]) -> Network:
    """Return a stack of layers of these sizes with the functions and the loss of a network.

    The last size is what the last function needs.
    """
    formula = "x"
    for m in range(1, len(sizes)):
        formula = f"f{m}(W{m} {formula} + b{m})"
    general = Network.parse(formula)
    entries = list(network.bindings.values()) or [None]
    hidden, output = entries[0], entries[-1]
    functions = dict.fromkeys(general.bindings, hidden) | {list(general.bindings)[-1]: output}
    last = next(p for p, q in enumerate(general.equations) if q.name == general.output.name)
    return assemble(
        general.equations[: last + 1],
        parameters=general.parameters,
        input=general.input,
        functions=functions,
        layers=general.layers,
        sizes=(*sizes[:-1], outputs(entries)),
        loss=network.loss,
        spec=general.spec,
    )


def parameter_count(network: Network) -> int:
    """Return K."""
    return sum(_count(network, p) for p in network.parameters)


def _count(network: Network, variable: Variable) -> int:
    sizes = dict(zip(network.layers, network.sizes or (), strict=True))
    count = 1
    for size in variable.shape:
        count *= sizes[size]
    return count


def chosen(
    derivation: Derivation, given: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> dict[str, tuple[str, ...]]:
    """Return the numbers of an example: of many draws, the first that is good, or the best."""
    network = derivation.network
    inputs, targets = (_count(network, v) for v in (network.input, network.target))
    x = given[0] if given else tuple(_INPUTS[k % len(_INPUTS)] for k in range(inputs))
    d = given[1] if given else tuple(str((k + 1) % 2) for k in range(targets))
    best: tuple[float, dict[str, tuple[str, ...]]] | None = None
    for seed in range(_DRAWS):
        values = {network.input.name: x, network.target.name: d, **_drawn(network, seed)}
        score = worth(World(derivation, 0, values))
        if best is None or score > best[0]:
            best = (score, values)
        if score >= BEST:
            break
    assert best is not None
    return best[1]


def _drawn(network: Network, seed: int) -> dict[str, tuple[str, ...]]:
    """Return parameters between -0.9 and 0.9, each another one as long as there are any left."""
    rng = random.Random(seed)
    every = [k for k in range(-9, 10) if k]
    pool: list[int] = []
    found = {}
    for parameter in network.parameters:
        numbers = []
        for _ in range(_count(network, parameter)):
            if not pool:
                pool = rng.sample(every, len(every))
            numbers.append(f"{pool.pop() / 10:.1f}")
        found[parameter.name] = tuple(numbers)
    return found


def worth(world: World) -> float:
    """Return 1 where nothing is saturated and no derivative vanishes; less the worse it is."""
    with mpmath.workdps(15):
        forward = float(min([1, *_judgements(world)]))
        # Sensitivities are looked at only where the rest is good.
        return forward if forward < 1 else 1 + float(min([1, *_sensitivities(world)]))


def _sensitivities(world: World) -> Iterator[Any]:
    """Yield how good each sensitivity is, those of ramps that are off left out."""
    for equation in world.derivation.derived:
        if split(equation.name).stem == "delta":
            places = product(*map(range, world.shape(equation.name)))
            values = [abs(world.values[equation.name, (0, *at)]) for at in places]
            large = [v for v in values if v > _FLAT]
            yield from (v / _DELTA for v in large or values)


def _judgements(world: World) -> Iterator[Any]:
    """Yield how good each function and each error is, 1 where it is good enough."""
    for equation in world.network.equations:
        places = list(product(*map(range, world.shape(equation.name))))
        values = [world.values[equation.name, (0, *at)] for at in places]
        if equation.name == "e":
            yield from (abs(v) / _ERROR[0] for v in values)
            yield from (_ERROR[1] / max(abs(v), _ERROR[0]) for v in values)
        if isinstance(equation.right, ScalarFunction):
            (argument,) = equation.right.args
            entry = world.network.functions[equation.right.stem]
            assert entry is not None
            at = [world.values[argument.base.name, (0, *k)] for k in places]
            slopes = [abs(world.function(entry, 1, u)) for u in at]
            yield from (_STEEP / max(abs(u), _KINK) for u in at)
            yield from (abs(u) / _KINK for u in at)
            # Of a layer of ramps one may be off, as long as another is on.
            yield from (s / _SLOPE for s in slopes if s > _FLAT or max(slopes) <= _FLAT)
