"""The chain rule, and how it brings every weight's derivative down to a sensitivity."""

from collections.abc import Iterator

from sympy import Derivative, Symbol, exp

from gradscribe.catalog.activations import Activation, U
from gradscribe.derivation import rules
from gradscribe.derivation.slopes import slope
from gradscribe.equation import Equation
from gradscribe.lecture.display import (
    Atom,
    Brace,
    Glyph,
    Node,
    Product,
    Quotient,
    Tone,
    Toned,
    Whole,
    equal,
)
from gradscribe.lecture.layering import Group
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.sections.network import whole_of
from gradscribe.lecture.teller import Teller, display, general, in_group
from gradscribe.symbols import component

X, G = Symbol("x", real=True), Symbol("g", real=True)
# A function of a function, to show the rule on.
OUTER, INNER = Activation("f", exp(U), "outer"), Activation("g", U**2, "inner")


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames from the chain rule to ∂E/∂w = δ y."""
    yield explicit(teller)
    yield leibniz(teller)
    equations = weight_equations(teller)
    if equations is None:
        return
    weight, bias, group = equations
    yield weight_chain(teller, weight, group)
    yield affine(teller, weight, bias, group)
    yield weight_gradient(teller, weight, bias, group)


def explicit(teller: Teller) -> Frame:
    """Say which weights the cost shows and which it hides."""
    network, last = teller.network, teller.layering.last
    cost = teller.derivation["E"]
    error = teller.derivation.by_name.get("e")
    right = cost.right if error is None else rules.substitute(cost.right, error)
    right = rules.tidy(right, ())
    lines = [Line(in_group(equal(Atom(cost.left), teller.tree(right)), last))]
    found = whole_of(teller, network.output.name, {f"u{last.shown}"})
    if found is not None:
        lines.append(Line(in_group(equal(Whole(network.output.name), found), last)))
    return teller.frame(
        "explicit",
        display(*lines),
        teller.points(
            teller.pieces("explicit.output", y=general("y", "k", last=True)),
            teller.pieces("explicit.hidden", w=general("W", "i", "j")),
            teller.pieces("explicit.question"),
        ),
        teller.sentence("explicit.answer", step=4),
    )


def leibniz(teller: Teller) -> Frame:
    """Show the chain rule in Leibniz' notation, and on an example."""
    f, g, x = (Glyph(name) for name in ("f_of_g", "g_of_x", "x"))
    inner = Quotient(g, x, total=True)
    rule = equal(
        Quotient(f, x, total=True),
        Product((Toned(Tone.SLOPE, Quotient(f, g, total=True)), Toned(Tone.WEIGHT, inner))),
    )
    g_of_x = INNER.formula.subs(U, X)
    outer, inside = slope(OUTER).of_u.subs(U, g_of_x), slope(INNER).of_u.subs(U, X)
    f_of_g, whole = OUTER.formula.subs(U, G), OUTER.formula.subs(U, g_of_x)
    example = equal(
        Quotient(Atom(whole), Atom(X), total=True),
        Product((
            Brace(Toned(Tone.SLOPE, Quotient(Atom(f_of_g), Atom(G), total=True)), Atom(outer)),
            Brace(Toned(Tone.WEIGHT, Quotient(Atom(g_of_x), Atom(X), total=True)), Atom(inside)),
        )),
        Product((Atom(inside), Atom(outer))),
    )  # fmt: skip
    return teller.frame(
        "leibniz",
        teller.sentence("leibniz.rule"),
        display(Line(rule), boxed=True),
        teller.sentence("leibniz.example", step=2, g=equal(Atom(G), Atom(g_of_x), first=":=")),
        display(Line(example, step=2)),
    )


def weight_equations(teller: Teller) -> tuple[Equation, Equation | None, Group] | None:
    """Return ∂E/∂W, ∂E/∂b of the layer that stands for all, if it is one with weights W^m."""
    layers = teller.layering
    group = layers.hidden[0] if layers.hidden else layers.last
    by_name = teller.derivation.by_name
    weight = by_name.get(f"dE_dW{group.shown}")
    if weight is None or len(weight.steps) < 2 or weight.steps[0].rule != "chain rule":
        return None
    return weight, by_name.get(f"dE_db{group.shown}"), group


def left_of(equation: Equation) -> Node:
    """Return the left side of an equation."""
    return Atom(equation.left)


def weight_chain(teller: Teller, weight: Equation, group: Group) -> Frame:
    """Show the chain rule for a weight, and name its first factor δ."""
    expr = teller.elementwise(weight)
    delta = component(f"delta{group.shown}", weight.indices[:1])
    derivative = component(f"dE_du{group.shown}", weight.indices[:1])
    lines = (Line(in_group(equal(left_of(weight), teller.tree(expr, braces=True)), group), step=1),)
    definition = in_group(equal(Atom(delta), Atom(derivative), first=":="), group)
    return teller.frame(
        "weight_chain",
        teller.sentence("weight_chain.through", w=general("W", "i", "j"), u=general("u", "i")),
        display(*lines),
        teller.sentence("weight_chain.name", step=2),
        display(Line(definition, step=2), boxed=True),
        teller.remark("weight_chain.one", delta=general("delta", "i")),
        note=teller.rules_of(weight)[:1],
    )


def affine(teller: Teller, weight: Equation, bias: Equation | None, group: Group) -> Frame:
    """Show ∂u/∂w = y and ∂u/∂b = 1, from u = Σ w y + b."""
    u = teller.derivation[f"u{group.shown}"]
    lines = [Line(in_group(equal(Atom(u.left), teller.tree(u.right)), group))]
    for step, equation in enumerate((weight, bias), 2):
        if equation is None:
            continue
        for derivative in sorted(teller.elementwise(equation).atoms(Derivative), key=str):
            quotient = teller.shower.derivative(derivative)
            value = teller.tree(teller.shower.value_of(derivative))
            lines.append(Line(in_group(equal(quotient, value), group), step=step))
    return teller.frame(
        "affine",
        teller.sentence("affine.sum"),
        display(lines[0]),
        teller.sentence("affine.terms", step=2, w=general("W", "i", "j")),
        display(*lines[1:]),
        teller.remark("affine.input"),
    )


def weight_gradient(teller: Teller, weight: Equation, bias: Equation | None, group: Group) -> Frame:
    """Show ∂E/∂w = δ y and ∂E/∂b = δ, the results of this part."""
    lines = []
    for step, equation in enumerate((weight, bias), 1):
        if equation is not None:
            chain = teller.tree(teller.elementwise(equation), braces=False)
            line = equal(left_of(equation), chain, teller.tree(equation.right))
            lines.append(Line(in_group(line, group), step=step))
    return teller.frame(
        "weight_gradient",
        teller.sentence("weight_gradient.product"),
        display(*lines, boxed=True),
        teller.points(
            teller.pieces("weight_gradient.known", y=general("y", "j", above=-1)),
            teller.pieces("weight_gradient.missing", delta=general("delta", "i")),
        ),
        note=teller.rules_of(weight)[1:],
    )
