"""The direct chain: one term for each path from a weight to the cost, and their sum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mpmath
from sympy import Expr, Integer

from gradscribe.lecture.display import (
    Atom,
    Brace,
    Chain,
    Decimal,
    Minus,
    Node,
    Plus,
    Product,
    Strong,
    Word,
    equal,
)
from gradscribe.lecture.example import Example
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.pathways import PathShower, Pathway, Pathways, common
from gradscribe.lecture.sample import weight_of
from gradscribe.lecture.sections.example import rounded, teller_of
from gradscribe.lecture.shown import name_of
from gradscribe.lecture.substitution import decimal, positive, subtracted
from gradscribe.lecture.teller import Teller, display
from gradscribe.lecture.world import DIGITS

SHOWN = 4  # paths that have a frame of their own
SUMMED = 40  # paths that are summed in numbers
FACTORED = 3  # paths whose sum is also shown with common factors in front


@dataclass(frozen=True)
class _Chain:
    """The paths of one weight in an example.

    Attributes:
        told: who tells.
        example: the numbers.
        start: the weight.
        paths: all its paths.
    """

    told: Teller
    example: Example
    start: Expr
    paths: Sequence[Pathway]

    @property
    def shower(self) -> PathShower:
        """Turns paths into formulas."""
        return PathShower(self.example.shower)

    @property
    def left(self) -> Node:
        """∂E by the weight."""
        return self.example.shower.tree(self.shower.derivative(self.start))

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
        result = self.example.result(equation.left.xreplace(dict(zip(equation.indices, at, strict=True))))
        chain = self.example.line(equation, at, Strong(result))
        return Line(chain, step=4, hint=self.told.pieces("path_sum.recursion"))

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


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on the paths of one weight."""
    example = teller.example
    if example is None:
        return
    network = example.network
    shapes = [example.shape(p) for p in network.parameters]
    start = weight_of(teller.style.weight, network, shapes)
    ways = Pathways(network, example.world.sizes)
    count = ways.count(start)
    if not 0 < count <= SUMMED:
        return
    chain = _Chain(teller_of(teller, example), example, start, tuple(ways.of(start)))
    if count == 1:
        yield single(chain)
        return
    for number, path in enumerate(chain.paths[:SHOWN], 1):
        yield one_of(chain, number, path)
    yield path_sum(chain)


def single(chain: _Chain) -> Frame:
    """Show the one path of a weight, and that the recursion gives the same."""
    (path,) = chain.paths
    symbols = chain.symbols(path)
    found = chain.value(symbols)
    lines = (
        Line(equal(chain.left, chain.shower.braced(path))),
        Line(equal(chain.left, symbols), step=2, continued=True),
        Line(
            equal(chain.left, chain.example.numbers(symbols, found), Strong(found)),
            step=3,
            continued=True,
            hint=chain.told.pieces("path_sum.chain"),
        ),
        chain.recursion,
    )
    return chain.told.frame(
        "path_single",
        display(*lines),
        rounded(chain.told),
        w=Atom(chain.start),
    )


def one_of(chain: _Chain, number: int, path: Pathway) -> Frame:
    """Show one path of several."""
    symbols = chain.symbols(path)
    found = chain.value(symbols)
    left = Product((Word("path"), Atom(Integer(number))))
    lines = (
        Line(equal(left, chain.shower.braced(path))),
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


def path_sum(chain: _Chain) -> Frame:
    """Show the sum over all paths, and that the recursion gives the same."""
    told, example = chain.told, chain.example
    terms = tuple(chain.symbols(p) for p in chain.paths)
    symbols = Plus((terms[0], *(subtracted(t) for t in terms[1:])))
    found = chain.value(symbols)
    lines = [Line(equal(chain.left, factored(chain) or symbols))]
    lines.append(Line(equal(chain.left, numbers_of(chain, terms, found), Strong(found)), 2, True,
                      hint=told.pieces("path_sum.chain")))  # fmt: skip
    lines.append(chain.recursion)
    return told.frame(
        "path_sum",
        told.sentence("path_sum.sum", count=str(len(chain.paths))),
        display(*lines),
        rounded(told),
        w=Atom(chain.start),
    )


def numbers_of(chain: _Chain, terms: Sequence[Node], found: Decimal) -> Node:
    """Return the sum of the paths' numbers, with so many places that it gives the result."""
    with mpmath.workdps(DIGITS):
        values = [chain.example.evaluator.value(t) for t in terms]
        whole = chain.example.evaluator.value(found)
        for places in range(chain.example.places, 30):
            numbers = [decimal(v, places) for v in values]
            total = Plus((numbers[0], *(subtracted(n) for n in numbers[1:])))
            if abs(chain.example.evaluator.value(total) - whole) < mpmath.mpf(10) ** -found.places:
                return total
    return total


def factored(chain: _Chain) -> Node | None:
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
