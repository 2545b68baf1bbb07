"""The direct chain: every path from a parameter to the cost, a product of factors on each.

A path follows the network's equations from one that reads the parameter to the cost. Its factors
are the partial derivatives of these equations, which SymPy finds; the derivative by the
parameter is the sum over all paths. The recursion is not used, so both can be compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from sympy import Add, Derivative, Expr, Indexed, Integer, Mul, Sum, Symbol

from gradscribe.derivation.rules import by_component
from gradscribe.lecture.display import Atom, Brace, Node, Product, Quotient, Tone, Toned
from gradscribe.lecture.shown import Shower, name_of
from gradscribe.model.network import Network
from gradscribe.symbols import ScalarFunction, component


@dataclass(frozen=True)
class Factor:
    """A factor of a path: the derivative of one component by the one before it.

    Attributes:
        above: what is differentiated.
        below: by what.
        value: what SymPy finds.
        total: whether `above` is a function of `below` alone.
    """

    above: Expr
    below: Expr
    value: Expr
    total: bool


@dataclass(frozen=True)
class Pathway:
    """A path from a parameter to the cost.

    Attributes:
        factors: its factors, from the cost down to the parameter.
    """

    factors: tuple[Factor, ...]

    @property
    def components(self) -> tuple[Expr, ...]:
        """The components that it goes through, from the parameter's own equation to the last."""
        return tuple(f.above for f in reversed(self.factors))[:-1]


@dataclass(frozen=True)
class Pathways:
    """The paths of a network.

    Attributes:
        network: the network.
        sizes: the number that each size is.
    """

    network: Network
    sizes: Mapping[Symbol, int]

    @cached_property
    def rights(self) -> dict[Expr, Expr]:
        """What each component is equal to, its sums written out."""
        found = {}
        for equation in self.network.equations:
            for at in product(*(range(1, self.sizes[s] + 1) for s in equation.variable.shape)):
                numbers = tuple(map(Integer, at))
                left = component(equation.name, numbers)
                found[left] = self.expanded(equation.at(numbers))
        return found

    @cached_property
    def readers(self) -> dict[Expr, list[Expr]]:
        """The components that read each component, in the order of the equations."""
        found: dict[Expr, list[Expr]] = {}
        for left, right in self.rights.items():
            for read in right.atoms(Indexed) | right.atoms(Symbol):
                found.setdefault(read, []).append(left)
        return found

    def expanded(self, expr: Expr) -> Expr:
        """Return an expression with its sums written out."""
        if isinstance(expr, Sum):
            ((k, _, last), *rest) = expr.limits
            inner = expr.func(expr.function, *rest) if rest else expr.function
            terms = (inner.xreplace({k: Integer(n)}) for n in range(1, self.sizes[last] + 1))
            return Add(*map(self.expanded, terms))
        if isinstance(expr, Indexed) or not expr.args:
            return expr
        return expr.func(*map(self.expanded, expr.args))

    def count(self, start: Expr) -> int:
        """Return how many paths there are, without following each."""
        counts: dict[Expr, int] = {component("E", ()): 1}
        for left in [*reversed(self.rights), start]:
            if left not in counts:
                counts[left] = sum(counts[reader] for reader in self.readers.get(left, ()))
        return counts[start]

    def of(self, start: Expr) -> Iterator[Pathway]:
        """Yield every path from a component to the cost."""
        for factors in self._from(start):
            yield Pathway(tuple(reversed(factors)))

    def _from(self, below: Expr) -> Iterator[list[Factor]]:
        if below == component("E", ()):
            yield []
        for above in self.readers.get(below, ()):
            factor = self.factor(above, below)
            for rest in self._from(above):
                yield [factor, *rest]

    def factor(self, above: Expr, below: Expr) -> Factor:
        """Return the derivative of a component by one that its equation reads."""
        right = self.rights[above]
        return Factor(above, below, by_component(right, below), isinstance(right, ScalarFunction))


@dataclass(frozen=True)
class PathShower:
    """Turns paths into displayed formulas.

    Attributes:
        shower: of the network.
    """

    shower: Shower

    def tone(self, factor: Factor) -> Tone | None:
        """Return the role of a factor: the error's where it is of the output or after it."""
        if name_of(factor.below) in self.shower.after_output:
            return Tone.ERROR
        tones = [self.shower.tone(f) for f in Mul.make_args(factor.value) if not f.is_Number]
        return next((t for t in tones if t is not None), None)

    def brace(self, factor: Factor) -> Brace:
        """Return a factor in Leibniz notation over what it is equal to."""
        return Brace(self.quotient(factor), self.shower.tree(factor.value))

    def quotient(self, factor: Factor) -> Node:
        """Return a factor in Leibniz notation."""
        quotient = Quotient(Atom(factor.above), Atom(factor.below), total=factor.total)
        tone = self.tone(factor)
        return Toned(tone, quotient) if tone else quotient

    def factors(self, factors: Sequence[Factor]) -> Node:
        """Return what factors are equal to, in the order of the path, their numbers in front."""
        number = prod((f.value.as_coeff_Mul()[0] for f in factors), start=Integer(1))
        nodes: list[Node] = []
        for factor in factors:
            rest = factor.value.as_coeff_Mul()[1]
            if rest != 1:
                nodes.append(self.own(factor, rest))
        if number == 1 and nodes:
            return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))
        if nodes and isinstance(nodes[0], Toned):
            first = Toned(nodes[0].tone, Product((Atom(number), nodes[0].body)))
            return Product((first, *nodes[1:])) if nodes[1:] else first
        return Product((Atom(number), *nodes)) if nodes else Atom(number)

    def own(self, factor: Factor, rest: Expr) -> Node:
        """Return a factor without its number, in the colour of its role."""
        tree = self.shower.tree(rest)
        tone = self.tone(factor)
        return tree if isinstance(tree, Toned) or tone is None else Toned(tone, tree)

    def derivative(self, start: Expr) -> Derivative:
        """Return ∂E by a component, as it is written."""
        return Derivative(component("E", ()), start, evaluate=False)


def common(paths: Sequence[Pathway]) -> tuple[int, int]:
    """Return how many factors at the beginning and at the end all paths have in common."""
    if len(paths) < 2:
        return 0, 0
    lists = [p.factors for p in paths]
    least = min(map(len, lists))
    first = next((k for k in range(least) if len({f[k] for f in lists}) > 1), least)
    last = next((k for k in range(least - first) if len({f[-1 - k] for f in lists}) > 1), 0)
    return first, last
