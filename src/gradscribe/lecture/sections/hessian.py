"""The Hessian: the matrix, Newton's step, its blocks, and where its indefiniteness comes from."""

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr

from gradscribe.derivation import rules
from gradscribe.equation import Equation
from gradscribe.lecture.display import (
    Atom,
    Chain,
    Glyph,
    Minus,
    Plus,
    Product,
    Ratio,
    Transposed,
    Whole,
    equal,
)
from gradscribe.lecture.layering import Group, moved
from gradscribe.lecture.matrices import NoMatrixFormError
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.sections.cost import ENDS, entries, parameter_count
from gradscribe.lecture.teller import Teller, display, general, in_group
from gradscribe.symbols import ScalarFunction

SHOWN = 5  # formulas of single layers
SQUARES = ("mse", "sse")  # losses whose own curvature is never negative and comes first


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on the Hessian."""
    yield matrix(teller)
    yield newton(teller)
    yield definite(teller)


def block_frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on the blocks of the Hessian, from a derivation of second order."""
    count = teller.layering.count
    yield from curvature_of_output(teller, count)
    yield from curvature_of_hidden(teller, count)
    yield from blocks(teller, count)
    curvature = teller.derivation.by_name.get(f"ddelta{count}_du{count}")
    if count > 1 or curvature is None or bends(curvature):
        yield indefinite(teller)


def matrix(teller: Teller) -> Frame:
    """Show the matrix of all second derivatives."""
    grid = entries("d2J_dw_dw", ENDS, ENDS)
    return teller.frame(
        "hessian_matrix",
        teller.sentence("hessian_matrix.all"),
        display(Line(equal(Whole("d2J_dw_dw"), grid))),
        teller.remark("hessian_matrix.symmetric", count=parameter_count(teller)),
    )


def newton(teller: Teller) -> Frame:
    """Show Newton's step: the minimum of the quadratic model."""
    p, gradient, hessian = Glyph("step"), Whole("dJ_dw"), Whole("d2J_dw_dw")
    half = Ratio(Glyph("one"), Glyph("two"))
    model = Plus((
        Glyph("cost_now"),
        Product((Transposed(gradient), p)),
        Product((half, Transposed(p), hessian, p)),
    ))  # fmt: skip
    step = Product((Glyph("rate"), Glyph("inverse_hessian_now"), Glyph("gradient_now")))
    rule = Chain((Glyph("w_next"), Plus((Glyph("w_now"), Minus(step)))), ("<-",))
    return teller.frame(
        "newton",
        teller.sentence("newton.model"),
        display(Line(Chain((Glyph("taylor_left"), model), ("approx",)))),
        teller.sentence("newton.minimum", step=2, p=p),
        display(Line(Chain((Product((hessian, p)), Minus(gradient)), ("=",)), step=2)),
        display(Line(rule, step=3), boxed=True),
    )


def definite(teller: Teller) -> Frame:
    """Say what Newton's step demands of the Hessian, and what to do where it fails."""
    z = Glyph("z")
    form = Product((Transposed(z), Glyph("hessian"), z))
    condition = Chain((form, Glyph("naught")), (">",))
    return teller.frame(
        "definite",
        teller.sentence("definite.demand"),
        display(Line(condition, hint=teller.pieces("definite.every", z=Glyph("every_z")))),
        teller.points(
            teller.pieces("definite.downhill"),
            teller.pieces("definite.saddle"),
            teller.pieces("definite.remedy", shifted=Glyph("shifted")),
        ),
        teller.remark("definite.quasi"),
    )


# -- curvature between layers --


def index_line(equation: Equation, teller: Teller, group: Group, step: int = 1) -> Line:
    """Return an equation in index notation."""
    formula = equal(Atom(equation.left), teller.tree(equation.right))
    return Line(in_group(formula, group), step=step)


def curvature_of_output(teller: Teller, count: int) -> Iterator[Frame]:
    """Show how δ of the output layer changes with its own activations."""
    equation = teller.derivation.by_name.get(f"ddelta{count}_du{count}")
    if equation is None:
        return
    last = teller.layering.last
    found = teller.matrix(equation)
    lines = [index_line(equation, teller, last)]
    boxed = [] if found is None else [
        Line(in_group(equal(Whole(equation.name), found), last), step=2)
    ]  # fmt: skip
    yield teller.frame(
        "curvature_output",
        teller.sentence("curvature_output.product"),
        display(*lines),
        teller.sentence("curvature_output.matrix", step=2) if boxed else None,
        display(*boxed, boxed=True) if boxed else None,
        teller.remark("curvature_output.split")
        if bends(equation) and teller.network.loss.name in SQUARES
        else None,
        note=teller.rules_of(equation),
    )


def bends(equation: Equation) -> bool:
    """Whether a second derivative of a function is in an equation."""
    return any(place.order > 1 for place in equation.right.atoms(ScalarFunction))


def curvature_of_hidden(teller: Teller, count: int) -> Iterator[Frame]:
    """Show the recursion of the curvature, within a layer and between layers."""
    if count < 2:
        return
    within, across = same_layer(teller, count), two_layers(teller, count)
    lines: list[Line] = []
    for equation, group in (*within[:SHOWN], *across[:SHOWN]):
        found = teller.matrix(equation)
        if found is not None:
            formula = in_group(equal(Whole(equation.name), found), group)
            lines.append(Line(formula, step=len(lines) + 1))
    if within:
        equation, group = within[0]
        yield teller.frame(
            "curvature_hidden",
            teller.sentence("curvature_hidden.product"),
            display(index_line(joined(teller, equation), teller, group)),
            teller.remark("curvature_hidden.terms"),
            note=teller.rules_of(equation),
        )
    if lines:
        yield teller.frame(
            "curvature_matrices",
            teller.sentence("curvature_matrices.back"),
            display(*lines, boxed=True),
            teller.remark("curvature_matrices.start", l=Glyph("l"), m=Glyph("m")),
        )


def joined(teller: Teller, equation: Equation) -> Equation:
    """Return the curvature of a layer with that between it and the next one put in."""
    right = equation.right
    by_name = teller.derivation.by_name
    for name in sorted(n for n in by_name if n.startswith("ddelta")):
        other = by_name[name]
        if name != equation.name and not rules.is_plain_product(other.right):
            below = equation.name.split("_d")[0][1:]
            if name.startswith(f"d{below}_d"):
                right = rules.substitute(right, other)
    tidied = rules.tidy(right, equation.indices, ("k", "l", "s", "p", "v"))
    return replace(equation, right=tidied)


def same_layer(teller: Teller, count: int) -> list[tuple[Equation, Group]]:
    """Return ∂δ^m/∂u^m of the hidden layers: one for all where they are the same."""
    by_name = teller.derivation.by_name
    found = [
        joined(teller, by_name[f"ddelta{m}_du{m}"])
        for m in range(1, count)
        if f"ddelta{m}_du{m}" in by_name
    ]
    pairs = [(q, m) for m, q in enumerate(found, 1)]
    if not pairs:
        return []
    first, m = pairs[min(1, len(pairs) - 1)]
    if all(same(first, q, {str(m): str(k), str(m + 1): str(k + 1)}) for q, k in pairs):
        names = {str(m): "m", str(m + 1): "m+1"}
        return [(first, Group(m, tuple(range(1, count)), names))]
    return [(q, Group(0, (), {})) for q, _ in pairs]


def two_layers(teller: Teller, count: int) -> list[tuple[Equation, Group]]:
    """Return ∂δ^m/∂u^l for m < l: one for all where they are the same."""
    by_name = teller.derivation.by_name
    pairs = [
        (by_name[name], a, b)
        for b in range(count, 0, -1)
        for a in range(1, b)
        if (name := f"ddelta{a}_du{b}") in by_name
    ]
    if not pairs:
        return []
    first, m, l = pairs[0]  # noqa: E741  (the lecture's letter)
    if m + 1 == l:
        return [(first, Group(m, (), {str(m): "m", str(l): "m+1"}))]
    numbers = [({str(m): str(a), str(m + 1): str(a + 1), str(l): str(b)}, q) for q, a, b in pairs]
    if all(same(first, q, move) for move, q in numbers):
        return [(first, Group(m, (), {str(m): "m", str(m + 1): "m+1", str(l): "l"}))]
    return [(q, Group(0, (), {})) for q, _, _ in pairs]


def same(first: Equation, other: Equation, numbers: dict[str, str]) -> bool:
    """Whether an equation is another one with other numbers of layers."""
    return bool(moved(first.right, numbers) == other.right)


# -- blocks --


def blocks(teller: Teller, count: int) -> Iterator[Frame]:
    """Show the blocks of the Hessian by two matrices of weights."""
    by_name = teller.derivation.by_name
    lines: list[Line] = []
    own = by_name.get(f"d2E_dW{count}_dW{count}")
    if own is not None:
        lines += block_lines(teller, own, {str(count): "m", str(count - 1): "m-1"}, len(lines))
    if count >= 3 and f"d2E_dW{count}_dW1" in by_name:
        names = {str(count): "m", str(count - 1): "m-1", "1": "l", "0": "l-1"}
        lines += block_lines(teller, by_name[f"d2E_dW{count}_dW1"], names, len(lines))
    elif count == 2 and "d2E_dW2_dW1" in by_name:
        lines += block_lines(teller, by_name["d2E_dW2_dW1"], {}, len(lines))
    if not lines:
        every = [q for n, q in by_name.items() if n.startswith("d2E_dW")][:3]
        lines = [line for q in every for line in block_lines(teller, q, {}, 0)]
    if lines:
        yield teller.frame(
            "blocks_of_hessian",
            teller.sentence("blocks_of_hessian.rows"),
            display(*lines, boxed=True),
            teller.points(
                teller.pieces("blocks_of_hessian.bias"),
                teller.pieces("blocks_of_hessian.batch"),
            ),
            teller.remark("blocks_of_hessian.kronecker"),
            teller.remark("blocks_of_hessian.penalty") if teller.network.penalties else None,
        )


def block_lines(
    teller: Teller, equation: Equation, names: dict[str, str], before: int
) -> list[Line]:
    """Return a block as a sum of Kronecker products, its tangents not put in."""
    right = before_substitution(teller, equation)
    try:
        found = teller.recogniser.form(right, equation.indices)
    except NoMatrixFormError:
        return []
    group = Group(0, (), names)
    hint = (Glyph("l_below_m"),) if "1" in names and names["1"] == "l" else ()
    formula = in_group(equal(Whole(equation.name), found), group)
    return [Line(formula, step=before + 1, hint=hint)]


def before_substitution(teller: Teller, equation: Equation) -> Expr:
    """Return a block with ∂y/∂u by its name, and ∂u/∂W evaluated."""
    kept = [s.after for s in equation.steps if s.rule == "Kronecker delta"]
    if not kept:
        return equation.right
    network = teller.network
    by_name = teller.derivation.by_name
    variables = {v.name: v for v in network.variables.values()}
    return rules.collapse(rules.evaluate_derivatives(kept[-1], by_name, variables))


def indefinite(teller: Teller) -> Frame:
    """Say which terms can make the Hessian indefinite."""
    return teller.frame(
        "indefinite",
        teller.points(
            teller.pieces("indefinite.gauss_newton"),
            teller.pieces("indefinite.curved"),
            teller.pieces("indefinite.coupled", delta=general("delta")),
            teller.pieces("indefinite.small"),
        ),
        teller.remark("indefinite.linear"),
    )
