"""The worked example: every number put in, by the recursion and by the chain rule directly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Integer

from gradscribe.lecture.display import (
    Atom,
    Brace,
    Glyph,
    Grid,
    Minus,
    Node,
    Plus,
    Product,
    Strong,
    Toned,
    Whole,
    equal,
    transpose,
)
from gradscribe.lecture.model import Block, Display, Frame, Line, Piece, Remark, Setting
from gradscribe.lecture.numeric import Numbers
from gradscribe.lecture.routes import MOST_PATHS, Path, Routes, leibniz, product_of, values
from gradscribe.lecture.sections.functions import function_words
from gradscribe.lecture.sections.network import U, sizes_text
from gradscribe.lecture.teller import Teller, display
from gradscribe.lecture.world import World
from gradscribe.notation import split
from gradscribe.symbols import component, scalar_function


@dataclass(frozen=True)
class Example:
    """A network with numbers.

    Attributes:
        teller: of the network.
        setting: its numbers.
    """

    teller: Teller
    setting: Setting

    @cached_property
    def numbers(self) -> Numbers:
        """The numbers, and how many places are shown."""
        world = World(self.setting.derivation, 0, self.setting.values)
        return Numbers(world, self.teller.style.places)

    @cached_property
    def routes(self) -> Routes:
        """Finds the paths from a parameter to the cost."""
        return Routes(self.teller.shower)

    @property
    def sizes(self) -> str:
        """The sizes for titles: 2–2–1."""
        return sizes_text(self.teller)

    def line(self, left: Node, *formulas: Node, step: int = 1) -> Line:
        """Return left = formulas = the last one with numbers in it = the result."""
        filled, result = self.numbers.put_in(formulas[-1])
        numbers = [filled] if filled != result else []
        return Line(equal(left, *formulas, *numbers, Strong(result)), step=step)

    def matrix_form(self, name: str) -> tuple[Node, Node] | None:
        """Return the left side and the matrix form of an equation, in the layout of the style."""
        found = self.teller.matrix(self.teller.derivation[name])
        if found is None:
            return None
        if self.teller.style.layout == "numerator" and name.startswith("dE_d"):
            return Whole(name, numerator=True), transpose(found)
        return Whole(name), found

    def matrix_line(self, name: str, step: int) -> Line | None:
        """Return the matrix form of an equation with numbers put in."""
        formula = self.matrix_form(name)
        return None if formula is None else self.line(*formula, step=step)

    def lines(self, names: list[str]) -> list[Line]:
        """Return matrix forms with numbers, each appearing after the one before."""
        found: list[Line] = []
        for name in names:
            line = self.matrix_line(name, len(found) + 1)
            if line is not None:
                found.append(line)
        return found


def frames(example: Example) -> Iterator[Frame]:
    """Yield the frames of the worked example."""
    yield data(example)
    for key, names in tasks(example):
        yield computed(example, f"example_{key}", names)
    yield from first_node(example)
    yield from direct(example)


def data(example: Example) -> Frame:
    """Show the weights, the biases and the sample."""
    teller = example.teller
    names = [*(p.name for p in teller.network.parameters), "x", "d"]
    pairs = [equal(Whole(n), example.numbers.result(Whole(n))) for n in names]
    lines = [Line(beside(pairs[k : k + 2])) for k in range(0, len(pairs), 2)]
    return teller.frame(
        "example_data",
        teller.sentence("example_data.given"),
        display(*lines),
        Remark((*teller.pieces("example_data.functions"), *function_pieces(teller))),
        sizes=example.sizes,
    )


def function_pieces(teller: Teller) -> Iterator[Piece]:
    """Yield which function is which: f¹ = f²: the logistic function."""
    found: dict[str, list[str]] = {}
    for stem, entry in teller.network.functions.items():
        if entry is not None:
            found.setdefault(function_words(teller, entry), []).append(stem)
    for position, (words, stems) in enumerate(found.items()):
        for k, stem in enumerate(stems):
            if position or k:
                yield ", "
            yield Atom(scalar_function(stem)(U))
        yield f": {words}"
    yield "."


def beside(chains: Sequence[Node]) -> Node:
    """Return equations beside each other."""
    return Product(tuple(chains), "quad")


def computed(example: Example, key: str, names: list[str]) -> Frame:
    """Show matrix forms with their numbers."""
    teller = example.teller
    blocks: list[Block] = [display(line) for line in example.lines(names)]
    return teller.frame(
        key,
        teller.sentence(f"{key}.each"),
        *merged(blocks),
        teller.remark(f"{key}.places", places=str(teller.style.places)),
        sizes=example.sizes,
    )


def merged(blocks: list[Block]) -> list[Block]:
    """Return displays of single lines as one display."""
    lines = [line for b in blocks if isinstance(b, Display) for line in b.lines]
    return [display(*lines)] if lines else []


def frames_of_exercise(example: Example) -> Iterator[Frame]:
    """Yield the data and the formulas with places for the answers."""
    yield data(example)
    for key, names in tasks(example):
        lines = []
        for name in names:
            formula = example.matrix_form(name)
            if formula is not None:
                lines.append(Line(equal(*formula, Glyph("blank"))))
        yield example.teller.frame(
            f"exercise_{key}",
            example.teller.sentence(f"exercise_{key}.task"),
            display(*lines),
            sizes=example.sizes,
        )


def tasks(example: Example) -> Iterator[tuple[str, list[str]]]:
    """Yield what is computed, in order: forward, back, the gradient."""
    network = example.teller.network
    yield "forward", [q.name for q in network.equations if q.name != "E"]
    count = example.teller.layering.count
    yield "backward", [f"delta{m}" for m in range(count, 0, -1)]
    matrices = [p for p in reversed(network.parameters) if len(p.shape) == 2]
    yield "gradient", [f"dE_d{p.name}" for p in matrices]


def first_node(example: Example) -> Iterator[Frame]:
    """Show the derivatives by all that enters node 1 of layer 1, as one vector."""
    teller = example.teller
    components = entering(example)
    ways = [example.routes.paths(c) for c in components]
    if not components or any(len(way) != 1 for way in ways):
        return
    left = Grid(tuple((Atom(derivative(c)),) for c in components))
    factors = [values(teller.shower, way[0]) for way in ways]
    shared = factors[0][:-1]
    lasts = [f[-1] if len(f) > len(shared) else Atom(Integer(1)) for f in factors]
    column = Grid(tuple((last,) for last in lasts))
    product = Product((*shared, column))
    numbers, result = example.numbers.put_in(product)
    yield teller.frame(
        "example_node",
        teller.sentence("example_node.shared"),
        display(
            Line(equal(left, product)),
            Line(equal(left, numbers, Strong(result)), step=2, continued=True),
        ),
        teller.remark("example_node.one"),
        sizes=example.sizes,
    )


def derivative(expr: Expr) -> Expr:
    """Return ∂E/∂ of a component of a parameter."""
    return component(f"dE_d{expr.base.name}", expr.indices)


def entering(example: Example) -> list[Expr]:
    """Return the weights and the bias of node 1 of layer 1."""
    network = example.teller.network
    assert network.sizes is not None
    own = {p.name for p in network.parameters}
    if not {"W1", "b1"} <= own:
        return []
    weights = [component("W1", (Integer(1), Integer(j + 1))) for j in range(network.sizes[0])]
    return [*weights, component("b1", (Integer(1),))]


def direct(example: Example) -> Iterator[Frame]:
    """Show the chain rule from the first weight to the cost, along all paths."""
    components = entering(example)
    for start in components[:1]:
        found = example.routes.paths(start)
        if not found or len(found) > MOST_PATHS:
            return
        if len(found) == 1:
            yield one_path(example, start, found[0])
        else:
            yield from several_paths(example, start, found)
    rest = components[1:]
    ways = [example.routes.paths(c) for c in rest]
    if rest and all(len(w) == 1 for w in ways):
        yield rest_of_node(example, rest, [w[0] for w in ways])


def nested(example: Example, path: Path) -> Node:
    """Return the quotients of a path with what δ of each layer is of them under braces."""
    nodes = leibniz(example.teller.shower, path)
    body: Node = nodes[0]
    over = True
    for node, below in zip(nodes[1:], path.components[1:], strict=True):
        parts = body.factors if isinstance(body, Product) else (body,)
        body = Product((*parts, node))
        if split(str(below.base.name)).stem == "u":
            delta = component(f"delta{split(str(below.base.name)).layer}", below.indices)
            body = Brace(body, Atom(delta), over=over)
            over = not over
    return body


def one_path(example: Example, start: Expr, path: Path) -> Frame:
    """Show the one product of quotients, its factors and its numbers."""
    teller = example.teller
    left = Atom(derivative(start))
    factors = product_of(values(teller.shower, path))
    filled, result = example.numbers.put_in(factors)
    return teller.frame(
        "direct",
        teller.sentence("direct.one"),
        display(
            Line(equal(left, nested(example, path))),
            Line(equal(left, factors), step=2, continued=True),
            Line(equal(left, filled, Strong(result)), step=3, continued=True),
        ),
        teller.remark("direct.same"),
        sizes=example.sizes,
        w=Atom(start),
    )


def rest_of_node(example: Example, rest: list[Expr], ways: list[Path]) -> Frame:
    """Show the same for the other weights of the node and its bias."""
    teller = example.teller
    lines = []
    for step, (start, path) in enumerate(zip(rest, ways, strict=True), 1):
        quotients = product_of(leibniz(teller.shower, path))
        result = Strong(example.numbers.result(Atom(derivative(start))))
        lines.append(Line(equal(Atom(derivative(start)), quotients, result), step=step))
    return teller.frame(
        "direct_rest",
        teller.sentence("direct_rest.last"),
        display(*lines),
        sizes=example.sizes,
    )


def several_paths(example: Example, start: Expr, found: list[Path]) -> Iterator[Frame]:
    """Show one product for each path, their sum and the numbers."""
    teller = example.teller
    left = Atom(derivative(start))
    products = [product_of(values(teller.shower, p)) for p in found]
    total = Plus((products[0], *map(subtracted, products[1:])))
    filled, result = example.numbers.put_in(total)
    quotients = Plus(tuple(product_of(leibniz(teller.shower, p)) for p in found))
    recursion = teller.tree(at_component(example, start))
    numbers, _ = example.numbers.put_in(recursion)
    yield teller.frame(
        "paths_sum",
        teller.sentence("paths_sum.several", w=Atom(start), count=str(len(found))),
        display(
            Line(equal(left, quotients)),
            Line(equal(left, total), step=2, continued=True),
            Line(equal(left, filled, Strong(result)), step=3, continued=True),
        ),
        teller.sentence("paths_sum.recursion", step=4),
        display(Line(equal(left, recursion, numbers, Strong(result)), step=4)),
        sizes=example.sizes,
    )


def subtracted(term: Node) -> Node:
    """Return a term that begins with a negative number as one that is subtracted."""
    if not isinstance(term, Product):
        return term
    first, *rest = term.factors
    inner = first.body if isinstance(first, Toned) else first
    if isinstance(inner, Product) and isinstance(inner.factors[0], Atom):
        number = inner.factors[0].expr
        if number.is_Number and number < 0:
            body = Product((Atom(-number), *inner.factors[1:]))
            head = Toned(first.tone, body) if isinstance(first, Toned) else body
            return Minus(Product((head, *rest)))
    return term


def at_component(example: Example, start: Expr) -> Expr:
    """Return ∂E/∂w = δ y at a component."""
    equation = example.teller.derivation[f"dE_d{start.base.name}"]
    return equation.right.xreplace(dict(zip(equation.indices, start.indices, strict=True)))
