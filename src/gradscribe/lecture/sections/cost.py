"""The cost, what is looked for, and why one sample is enough."""

from collections.abc import Iterator

from sympy import Expr, Integer, Symbol

from gradscribe.derivation.reverse import with_sample
from gradscribe.lecture.display import (
    Atom,
    Chain,
    Glyph,
    Grid,
    Minus,
    Node,
    Plus,
    Product,
    Whole,
    equal,
)
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.teller import Teller, display, general, in_group
from gradscribe.notation import SAMPLE
from gradscribe.symbols import component

K = Symbol("K", integer=True, positive=True)
Places = tuple[Expr | None, ...]
ENDS: Places = (Integer(1), Integer(2), None, K)


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames from the cost to the derivative that is looked for."""
    yield cost(teller)
    yield goal(teller)
    yield gradient_vector(teller)
    yield update(teller)
    yield linearity(teller)


def cost(teller: Teller) -> Frame:
    """Show J, E(n) and the error."""
    network = teller.network
    last = teller.layering.last
    sampled = {v.name for v in network.variables.values() if v.per_sample}
    by_name = teller.derivation.by_name
    whole = by_name["E"]
    right = with_sample(whole.right, sampled)
    inner: list[Line] = [
        Line(in_group(equal(Atom(component("E", (SAMPLE,))), teller.tree(right)), last), step=2)
    ]
    if "e" in by_name:
        error = by_name["e"]
        left = with_sample(error.left, sampled)
        value = with_sample(error.right, sampled)
        inner.append(Line(in_group(equal(Atom(left), teller.tree(value)), last), step=2))
    j = network.cost
    top = Line(in_group(equal(Atom(Symbol("J")), teller.tree(j.right)), last))
    return teller.frame(
        "cost",
        display(top),
        teller.sentence("cost.penalty") if network.penalties else None,
        teller.sentence("cost.sample", step=2),
        display(*inner),
        teller.remark("cost.factor", loss=teller.loss_words),
    )


def goal(teller: Teller) -> Frame:
    """Say what is looked for: the derivative of J by every weight."""
    derivative = general("dJ_dW#", "i", "j")
    return teller.frame(
        "goal",
        display(Line(Glyph("minimise"))),
        teller.points(
            teller.pieces("goal.local"),
            teller.pieces("goal.every", derivative=derivative),
            teller.pieces("goal.inside", w=general("W", "i", "j")),
        ),
    )


def entries(name: str, rows: Places, columns: Places = ()) -> Grid:
    """Return a vector or a matrix of derivatives by the parameters w_1 … w_K, with dots."""
    across = columns or (Integer(1),)
    cells = tuple(tuple(_cell(name, r, c, bool(columns)) for c in across) for r in rows)
    return Grid(cells, rows, across)


def _cell(name: str, row: Expr | None, column: Expr | None, matrix: bool) -> Node:
    if row is None or column is None:
        dots = "vdots" if column is not None else "cdots" if row is not None else "ddots"
        return Glyph(dots)
    return Atom(component(name, (row, column) if matrix else (row,)))


def gradient_vector(teller: Teller) -> Frame:
    """Show the gradient as the vector of all partial derivatives."""
    grid = entries("dJ_dw", ENDS)
    return teller.frame(
        "gradient_vector",
        teller.sentence("gradient_vector.all"),
        display(Line(equal(Whole("dJ_dw"), grid))),
        teller.remark("gradient_vector.order", count=parameter_count(teller)),
    )


def parameter_count(teller: Teller) -> str:
    """Return how many parameters there are, as text."""
    network = teller.network
    if network.sizes is None:
        return "K"
    values = dict(zip(network.layers, network.sizes, strict=True))
    total = 0
    for parameter in network.parameters:
        count = 1
        for size in parameter.shape:
            count *= values[size]
        total += count
    return f"K = {total}"


def update(teller: Teller) -> Frame:
    """Show gradient descent."""
    step = Product((Glyph("rate"), Glyph("gradient_now")))
    rule = Chain((Glyph("w_next"), Plus((Glyph("w_now"), Minus(step)))), ("<-",))
    return teller.frame(
        "update",
        teller.sentence("update.against"),
        display(Line(rule), boxed=True),
        teller.points(
            teller.pieces("update.rate", alpha=Glyph("rate")),
            teller.pieces("update.minima"),
        ),
    )


def linearity(teller: Teller) -> Frame:
    """Show that the derivative of J is the sum of those of the samples."""
    equation, group = teller.gradient
    left = Atom(equation.left)
    # Of a penalty, the sum over an index in a Kronecker delta is done at once.
    shown = equation.steps[-2] if len(equation.steps) > 2 else equation.steps[0]
    line = equal(left, teller.tree(shown.after))
    return teller.frame(
        "linearity",
        teller.sentence("linearity.sum"),
        display(Line(in_group(line, group))),
        teller.sentence("linearity.penalty") if teller.network.penalties else None,
        teller.sentence("linearity.one", step=2, sample=Atom(component("E", (SAMPLE,)))),
        teller.remark("linearity.factor"),
        note=teller.rules_of(equation)[:1],
    )
