"""The sensitivities: of the output layer, of a hidden layer, and as matrices."""

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr, Integer, Mul, Symbol, preorder_traversal

from gradscribe.derivation import rules
from gradscribe.equation import Equation
from gradscribe.lecture.display import (
    Atom,
    Diagonal,
    Glyph,
    Grid,
    Node,
    Slopes,
    Tone,
    Toned,
    Whole,
    equal,
)
from gradscribe.lecture.layering import Group
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.sections.network import elided_layers, form_of, members
from gradscribe.lecture.teller import Teller, display, general, in_group
from gradscribe.symbols import ScalarFunction, component, scalar_function, total


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on δ."""
    yield passes(teller)
    yield output(teller)
    groups = [g for g in teller.layering.hidden if f"delta{g.shown}" in teller.derivation.by_name]
    for group in groups:
        yield paths(teller, group, groups)
        yield hidden(teller, group, groups)
    yield from slopes_matrix(teller)
    yield from matrices(teller, groups)
    yield from recursion(teller)


def passes(teller: Teller) -> Frame:
    """Say the plan: forward, then backward."""
    return teller.frame(
        "passes",
        teller.points(
            teller.pieces("passes.forward"),
            teller.pieces("passes.start", delta=general("delta", last=True)),
            teller.pieces("passes.back", low=general("delta"), high=general("delta", above=1))
            if teller.layering.count > 1
            else teller.pieces("passes.single"),
            teller.pieces("passes.multiply"),
        ),
        teller.sentence("passes.name", step=5),
    )


def chain_lines(teller: Teller, equation: Equation, group: Group, expr: Expr) -> list[Line]:
    """Return left = the chain rule with braces = what came out, line by line."""
    start = Atom(component(f"dE_du{group.shown}", equation.indices))
    first = equal(Atom(equation.left), start, teller.tree(expr, braces=True))
    lines = [Line(in_group(first, group))]
    results = [equation.right]
    written_out = written_error(teller, equation.right)
    if written_out != equation.right:
        results.append(written_out)
    for step, right in enumerate(results, 2):
        chain = equal(Atom(equation.left), teller.tree(right))
        lines.append(Line(in_group(chain, group), step=step, continued=True))
    return lines


def written_error(teller: Teller, expr: Expr) -> Expr:
    """Return an expression with the error written out, e = d − y."""
    error = teller.derivation.by_name.get("e")
    return expr if error is None else rules.substitute(expr, error)


def output(teller: Teller) -> Frame:
    """Show δ of the output layer."""
    group = teller.layering.last
    equation = teller.derivation[f"delta{group.shown}"]
    expr = teller.elementwise(equation)
    by_name = teller.derivation.by_name
    adjoint = by_name.get(f"dE_d{teller.network.output.name}")
    lines = chain_lines(teller, equation, group, expr)
    joined = teller.network.joins(by_name[teller.network.output.name])
    key = "output_delta_joined" if joined else "output_delta"
    y = general("y", "k" if joined else "i", last=True)
    return teller.frame(
        key,
        teller.sentence(f"{key}.through", u=general("u", "i", last=True), y=y),
        display(*lines),
        teller.remark(f"{key}.nodewise"),
        name="output_delta",
        note=teller.rules_of(*[q for q in (adjoint, equation) if q is not None]),
    )  # fmt: skip


def part(groups: list[Group], name: str, group: Group) -> str:
    """Return the key of a frame of one group of layers."""
    return name if len(groups) == 1 else f"{name}-{group.shown}"


def paths(teller: Teller, group: Group, groups: list[Group]) -> Frame:
    """Show why one path becomes a sum: every node above reads y_i."""
    equation = teller.derivation.by_name[f"dE_dy{group.shown}"]
    chain = teller.tree(teller.elementwise(equation), braces=True)
    lines = (
        Line(in_group(equal(Atom(equation.left), chain), group)),
        Line(in_group(equal(Atom(equation.left), teller.tree(equation.right)), group), 2, True),
    )
    return teller.frame(
        "paths",
        teller.sentence("paths.readers", k=Glyph("index_k"), y=general("y", "i")),
        display(*lines),
        teller.sentence("paths.column", step=2, w=general("W", "k", "i", above=1)),
        teller.remark("paths.index", k=Glyph("index_k"), i=Glyph("index_i")),
        name=part(groups, "paths", group),
        note=teller.rules_of(equation)[:1],
    )


def hidden(teller: Teller, group: Group, groups: list[Group]) -> Frame:
    """Show δ of a hidden layer: the sum over all paths times f′."""
    equation = teller.derivation[f"delta{group.shown}"]
    expr = teller.elementwise(equation)
    above = teller.derivation.by_name[f"dE_dy{group.shown}"]
    start = Atom(component(f"dE_du{group.shown}", equation.indices))
    forms = [teller.tree(equation.right)]
    joined = any(step.rule == "output" for step in equation.steps)  # with all nodes of the layer
    if not joined:
        forms.insert(0, teller.tree(put_in(teller, expr, above), braces=True))
    lines = [Line(in_group(equal(Atom(equation.left), start, teller.tree(expr)), group))]
    lines += [Line(in_group(equal(start, f), group), n, True) for n, f in enumerate(forms, 2)]
    return teller.frame(
        "hidden_delta",
        teller.sentence("hidden_delta.range", layers=members(teller, group, hidden=True)),
        display(*lines),
        None if joined else teller.remark("hidden_delta.factor", k=Glyph("index_k")),
        name=part(groups, "hidden_delta", group),
        note=teller.rules_of(equation),
    )


def put_in(teller: Teller, expr: Expr, equation: Equation) -> Expr:
    """Return an expression with an adjoint replaced by its chain rule, all under the sum."""
    chain = teller.elementwise(equation)
    found = rules.occurrences(expr, equation.variable)
    inner = chain.xreplace(dict(zip(equation.indices, found[0].indices, strict=True)))
    factors, limits = rules.flattened(expr.xreplace({found[0]: inner}))
    joined = total(Mul(*factors), limits) if limits else expr
    return rules.tidy(joined, equation.indices, ("k", "l", "s"))


def slopes_matrix(teller: Teller) -> Iterator[Frame]:
    """Show the diagonal matrix of the f′ of a layer."""
    count = teller.layering.count
    found = slopes_of(teller.derivation[f"delta{count}"].right)
    if found is None:
        return
    stem, argument = found
    size = teller.network.variables[argument].shape[0]
    ends = (Integer(1), Integer(2), None, size)
    cells = tuple(tuple(diagonal_cell(stem, argument, r, c) for c in ends) for r in ends)
    left = Toned(Tone.SLOPE, Diagonal(Slopes(stem, argument)))
    group = teller.layering.last if count == 1 else Group(count, (), {str(count): "m"})
    yield teller.frame(
        "slopes_matrix",
        teller.sentence("slopes_matrix.diagonal", f=general_slope()),
        display(Line(in_group(equal(left, Grid(cells, ends, ends)), group))),
        teller.remark("slopes_matrix.product"),
    )


def general_slope() -> Node:
    """Return f′^m."""
    place = scalar_function("f5", 1)(component("u5", (Symbol("i", integer=True),)))
    return in_group(Atom(place), Group(5, (), {"5": "m"}))


def diagonal_cell(stem: str, argument: str, row: Expr | None, column: Expr | None) -> Node:
    """Return an entry of F′: f′(u_i) on the diagonal, 0 beside it, dots between."""
    if row is None or column is None:
        dots = "vdots" if column is not None else "cdots" if row is not None else "ddots"
        return Glyph(dots)
    if row != column:
        return Atom(Integer(0))
    return Atom(scalar_function(stem, 1)(component(argument, (row,))))


def slopes_of(expr: Expr) -> tuple[str, str] | None:
    """Return the function and the argument of the f′ in an expression."""
    for item in preorder_traversal(expr):
        if isinstance(item, ScalarFunction) and item.order == 1:
            return item.stem, str(item.args[0].base.name)
    return None


def matrices(teller: Teller, groups: list[Group]) -> Iterator[Frame]:
    """Show the recursion in matrices, the result of this part."""
    lines = []
    last = teller.layering.last
    for step, group in enumerate([last, *groups], 1):
        equation = teller.derivation[f"delta{group.shown}"]
        found = teller.matrix(equation)
        if found is None:
            continue
        formula = in_group(equal(Whole(equation.name), *written_forms(teller, equation)), group)
        hint = () if group is last else (members(teller, group, hidden=True),)
        lines.append(Line(formula, step=step, hint=hint))
    if not lines:
        return
    yield teller.frame(
        "matrix_deltas",
        teller.sentence("matrix_deltas.same"),
        display(*lines, boxed=True),
        teller.sentence("matrix_deltas.transpose", step=2) if len(lines) > 1 else None,
        teller.remark("matrix_deltas.nodewise"),
    )


def written_forms(teller: Teller, equation: Equation) -> list[Node]:
    """Return the matrix form of an equation, and that with the error written out."""
    forms = [teller.matrix(equation)]
    expr = written_error(teller, equation.right)
    if expr != equation.right:
        forms.append(teller.matrix(replace(equation, right=expr)))
    return list(dict.fromkeys(f for f in forms if f is not None))


def recursion(teller: Teller) -> Iterator[Frame]:
    """Show the recursion layer by layer, from the last to the first."""
    count = teller.layering.count
    if count < 2:
        return
    lines = []
    for step, m in enumerate(reversed(elided_layers(count)), 1):
        if m == 0:
            lines.append(Line(Glyph("vdots"), step=step))
            continue
        lines.append(Line(form_of(teller, f"delta{m}"), step=step))
    yield teller.frame(
        "recursion",
        teller.sentence("recursion.down", count=str(count)),
        display(*lines),
        teller.remark("recursion.cost"),
    )
