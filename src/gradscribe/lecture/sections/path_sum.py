"""The direct chain: one term for each path from a weight to the cost, and their sum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import mpmath
from sympy import Expr, Integer

from gradscribe.lecture.display import (
    Atom,
    Brace,
    Chain,
    Decimal,
    Gap,
    Minus,
    Named,
    Node,
    Plus,
    Product,
    Strong,
    Word,
    equal,
)
from gradscribe.lecture.evaluation import agree
from gradscribe.lecture.example import MOST_PLACES, Example
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.pathways import PathShower, Pathway, Pathways, common
from gradscribe.lecture.rounding import within
from gradscribe.lecture.sample import weight_of
from gradscribe.lecture.sections.example import Worked, rounded
from gradscribe.lecture.shown import name_of
from gradscribe.lecture.substitution import decimal, positive, subtracted
from gradscribe.lecture.teller import Teller, display
from gradscribe.lecture.world import DIGITS
from gradscribe.notation import split
from gradscribe.symbols import component

LONG = 8  # factors that stand in one line; longer chains are broken and have no braces above
SHOWN = 4  # paths that have a frame of their own
SUMMED = 40  # paths that are summed in numbers
FACTORED = 3  # paths whose sum is also shown with common factors in front


@dataclass(frozen=True)
class PathChain:
    """The paths of one weight in an example.

    Attributes:
        told: who tells.
        example: the numbers.
        start: the weight.
        ways: the paths of its network.
        paths: all its paths.
    """

    told: Teller
    example: Example
    start: Expr
    ways: Pathways
    paths: Sequence[Pathway]

    @property
    def shower(self) -> PathShower:
        """Turns paths into formulas."""
        return PathShower(self.example.shower)

    @property
    def derivative(self) -> Expr:
        """∂E by the weight, by its name."""
        return component(f"dE_d{name_of(self.start)}", getattr(self.start, "indices", ()))

    @property
    def left(self) -> Node:
        """∂E by the weight."""
        return self.example.shower.tree(self.shower.derivative(self.start))

    def braced(self, path: Pathway) -> Node:
        """Return a path in Leibniz notation, what is a δ of it under a brace."""
        deltas = [self.sensitivity(f.below) for f in path.factors]
        known = [k for k, delta in enumerate(deltas) if delta is not None]
        nodes: list[Node] = []
        for position, (factor, delta) in enumerate(zip(path.factors, deltas, strict=True)):
            nodes.append(self.shower.brace(factor))
            # More than two braces, one above the other, are too high for a slide.
            marked = len(deltas) <= LONG and position in (known[:1] + known[-1:])
            if delta is not None and marked:
                nodes = [Brace(Product(tuple(nodes)), delta, over=True)]
        return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))

    def name(self, position: int) -> Node:
        """Return "path 1" for what the first path is."""
        label = Product((Word("path"), Atom(Integer(position + 1))))
        return Named(label, self.symbols(self.paths[position]))

    def open_factors(self, path: Pathway, numbers: Sequence[int]) -> Node:
        """Return a path with a place left open below each factor."""
        factors = []
        for factor, number in zip(path.factors, numbers, strict=True):
            brace = self.shower.brace(factor)
            answer = self.value(brace.body)
            factors.append(
                replace(brace, label=Named(Gap(number, answer, narrow=True), brace.label))
            )
        return Product(tuple(factors))

    def closed_factors(self, path: Pathway) -> Node:
        """Return a path with the number of each factor below it."""
        factors = []
        for factor in path.factors:
            brace = self.shower.brace(factor)
            factors.append(replace(brace, label=Named(self.value(brace.body), brace.label)))
        return Product(tuple(factors))

    @property
    def weight(self) -> Node:
        """The weight itself."""
        return Atom(self.start)

    def sensitivity(self, at: Expr) -> Node | None:
        """Return δ at an activation that acts on the cost along one path only."""
        name = split(name_of(at))
        delta = f"delta{name.layer}"
        if name.stem != "u" or self.ways.count(at) != 1:
            return None
        known = delta in self.example.derivation.by_name
        return Atom(component(delta, at.indices)) if known else None

    def symbols(self, path: Pathway) -> Node:
        """Return what a path's factors are equal to."""
        return self.shower.factors(path.factors)

    def value(self, node: Node) -> Decimal:
        """Return what a formula gives, rounded."""
        with mpmath.workdps(DIGITS):
            return decimal(self.example.evaluator.value(node), self.example.places)

    @property
    def recursion(self) -> Line:
        """The same derivative by the recursion."""
        equation = self.example.derivation.by_name[f"dE_d{name_of(self.start)}"]
        at = tuple(getattr(self.start, "indices", ()))
        result = self.example.result(
            equation.left.xreplace(dict(zip(equation.indices, at, strict=True)))
        )
        chain = self.example.line(equation, at, Strong(result))
        return Line(chain, step=4)

    def differing(self, path: Pathway) -> list[Expr]:
        """Return the activations through which this path goes and not all others do."""
        others = [set(p.components) for p in self.paths]
        shared = set.intersection(*others)
        after = self.example.shower.after_output
        totals = {f.above for f in path.factors if f.total}
        return [
            c for c in path.components
            if c not in shared and c not in totals and name_of(c) not in after
        ]  # fmt: skip

    def way(self, path: Pathway) -> Node:
        """Return the activations by which a path differs, with arrows between them."""
        nodes = tuple(Atom(c) for c in self.differing(path) or path.components[:1])
        return Chain(nodes, ("to",) * (len(nodes) - 1)) if len(nodes) > 1 else nodes[0]


def count(of: Worked) -> int:
    """Return how many paths the first weight of an example has."""
    return _ways(of)[1].count(_ways(of)[0])


def _ways(of: Worked) -> tuple[Expr, Pathways]:
    """Return the weight that is followed, and the paths of its network."""
    network, example = of.example.network, of.example
    shapes = [example.shape(p) for p in network.parameters]
    start = weight_of(of.teller.style.weight, network, shapes)
    return start, Pathways(network, example.world.sizes)


def chain_from(of: Worked, start: Expr) -> PathChain:
    """Return all paths of a weight."""
    ways = _ways(of)[1]
    return PathChain(of.teller, of.example, start, ways, tuple(ways.of(start)))


def chain_of(of: Worked) -> PathChain | None:
    """Return the paths of the weight that is followed; None where there are too many."""
    start, ways = _ways(of)
    if not 0 < ways.count(start) <= SUMMED:
        return None
    return chain_from(of, start)


def frames(of: Worked) -> Iterator[Frame]:
    """Yield the frames on the paths of one weight."""
    chain = chain_of(of)
    if chain is None:
        return
    if len(chain.paths) == 1:
        yield single(chain)
        return
    for number, path in enumerate(chain.paths[:SHOWN], 1):
        yield one_of(chain, number, path)
    yield path_sum(chain)


def single(chain: PathChain) -> Frame:
    """Show the one path of a weight, and that the recursion gives the same."""
    (path,) = chain.paths
    symbols = chain.symbols(path)
    found = chain.value(symbols)
    numbers = equal(chain.left, chain.example.numbers(symbols, found), Strong(found))
    return chain.told.frame(
        "path_single",
        display(
            Line(equal(chain.left, chain.braced(path))),
            Line(equal(chain.left, symbols), step=2, continued=True),
            Line(numbers, step=3, continued=True),
            replace(chain.recursion, hint=chain.told.pieces("path_single.recursion")),
        ),
        w=Atom(chain.start),
    )


def one_of(chain: PathChain, number: int, path: Pathway) -> Frame:
    """Show one path of several."""
    symbols = chain.symbols(path)
    found = chain.value(symbols)
    left = chain.name(number - 1)
    lines = (
        Line(equal(left, chain.braced(path))),
        Line(equal(left, symbols), step=2, continued=True),
        Line(equal(left, chain.example.numbers(symbols, found), found), step=3, continued=True),
    )
    return chain.told.frame(
        "path_one",
        display(*lines),
        rounded(chain.told),
        name=f"path_one-{number}",
        number=str(number),
        count=str(len(chain.paths)),
        w=Atom(chain.start),
        way=chain.way(path),
    )


def path_sum(chain: PathChain) -> Frame:
    """Show the sum over all paths, and that the recursion gives the same."""
    told = chain.told
    terms = tuple(chain.symbols(p) for p in chain.paths)
    symbols = Plus((terms[0], *(subtracted(t) for t in terms[1:])))
    found = chain.value(symbols)
    numbers = equal(chain.left, numbers_of(chain, terms, found), Strong(found))
    return told.frame(
        "path_sum",
        told.sentence("path_sum.sum", count=str(len(chain.paths))),
        display(
            Line(equal(chain.left, factored(chain) or symbols)),
            Line(numbers, step=2, continued=True),
        ),
        told.sentence("path_sum.recursion", step=3),
        display(replace(chain.recursion, step=3)),
        rounded(told),
        w=Atom(chain.start),
    )


def numbers_of(chain: PathChain, terms: Sequence[Node], found: Decimal) -> Node:
    """Return the sum of the paths' numbers, with so many places that it gives the result."""
    with mpmath.workdps(DIGITS):
        values = [chain.example.evaluator.value(t) for t in terms]
        whole = chain.example.evaluator.value(found)
        for places in range(chain.example.places, MOST_PLACES):
            numbers = [decimal(v, places) for v in values]
            total = Plus((numbers[0], *(subtracted(n) for n in numbers[1:])))
            if agree(chain.example.evaluator.value(total), whole, within(found)):
                return total
    return total


def factored(chain: PathChain) -> Node | None:
    """Return the sum with the factors that all paths share in front and behind, if there are."""
    first, last = common(chain.paths)
    if len(chain.paths) > FACTORED or first + last == 0:
        return None
    terms: list[Node] = []
    for path in chain.paths:
        middle = path.factors[first : len(path.factors) - last]
        if not middle:
            return None
        node = chain.shower.factors(middle)
        negative = positive(node) if terms else None
        label = Product((Word("via"), chain.way(path)))
        terms.append(Minus(Brace(negative, label, True)) if negative else Brace(node, label, True))
    ends = chain.paths[0].factors
    before = [chain.shower.factors(ends[:first])] if first else []
    after = [chain.shower.factors(ends[len(ends) - last :])] if last else []
    return Product((*before, Plus(tuple(terms)), *after))
