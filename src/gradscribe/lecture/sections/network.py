"""The network: its picture, its notation, its equations, its mapping, its functions."""

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr, Symbol

from gradscribe.lecture.display import (
    Applied,
    Atom,
    Brace,
    Glyph,
    Layers,
    Node,
    Plus,
    Product,
    Toned,
    Whole,
    equal,
)
from gradscribe.lecture.layering import Group
from gradscribe.lecture.model import Frame, Legend, Line, Picture, Piece, Rows
from gradscribe.lecture.teller import Teller, display, general, in_group, plain
from gradscribe.notation import split
from gradscribe.symbols import scalar_function

NESTED = 4  # layers up to which the mapping is written with nested braces
SHOWN = 6  # layers up to which each has a line of its own
U = Symbol("u", real=True)
ANY = Group(5, (), {"4": "m-1", "5": "m"})
LAST = Group(5, (), {"5": "M"})
# The input as the output of a layer 0, a definition.
START = equal(in_group(Whole("x"), Group(0, (), {"0": "0"})), Whole("x"), first=":=")


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on the network itself."""
    if is_stack(teller):
        yield blocks(teller)
        if teller.network.sizes is not None:
            yield nodes(teller)
    yield notation(teller)
    yield from forward(teller)
    yield from mapping(teller)
    yield functions(teller)


def is_layered(teller: Teller) -> bool:
    """Whether a network is a stack of layers with the same equations."""
    return is_stack(teller) and len(teller.layering.forward) == 1


def is_stack(teller: Teller) -> bool:
    """Whether a network is a stack of layers W, b, f, each read by the next alone."""
    count = teller.layering.count
    numbers = range(1, count + 1)
    own = [q.name for q in teller.network.equations if q.name not in ("e", "E")]
    parameters = [p.name for p in teller.network.parameters]
    return own == [n for m in numbers for n in (f"u{m}", f"y{m}")] and parameters == [
        n for m in numbers for n in (f"W{m}", f"b{m}")
    ]


def sizes_text(teller: Teller) -> str:
    """Return the sizes of a network: 2–2–1, or how many layers it has."""
    sizes = teller.network.sizes
    if sizes is None:
        return ""
    texts = [str(n) for n in sizes]
    return "–".join(texts if len(texts) <= 8 else [*texts[:3], "…", *texts[-2:]])


def blocks(teller: Teller) -> Frame:
    """Show the layers as a chain of blocks."""
    return teller.frame("blocks", Picture(teller.network, "blocks"), teller.remark("blocks.input"))


def nodes(teller: Teller) -> Frame:
    """Show the network node by node."""
    return teller.frame(
        "nodes",
        Picture(teller.network, "nodes"),
        teller.remark("nodes.indices", w=general("W", "i", "j")),
        sizes=sizes_text(teller),
    )


def notation(teller: Teller) -> Frame:
    """List the symbols, what they mean and their shapes."""
    count, inputs = sizes_of_layer()
    square = Product((count, inputs), "times")
    rows = [
        (general("W", "i", "j"), "weight", general("W"), square),
        (general("b", "i"), "bias", general("b"), count),
        (general("u", "i"), "activation", general("u"), count),
        (general("y", "i"), "output", general("y"), count),
        (plain("d", "k"), "desired", plain("d"), in_group(Atom(Symbol("N_5")), LAST)),
        (general("delta", "i"), "sensitivity", general("delta"), count),
    ]
    table = tuple(
        ((symbol,), teller.pieces(f"notation.{key}", **LETTERS[key]), (vector,), (shape,))
        for symbol, key, vector, shape in rows
    )
    head = tuple(teller.pieces(f"notation.{k}") for k in ("symbol", "meaning", "vector", "shape"))
    powers = teller.remark("notation.powers", w=general("W", "i", "j"))
    return teller.frame("notation", Rows(head, table), Legend(), powers)


LETTERS: dict[str, dict[str, Piece]] = {
    "weight": {"i": Glyph("index_i"), "j": Glyph("index_j")},
    "desired": {"k": Glyph("index_k")},
    **{k: {"i": Glyph("index_i")} for k in ("bias", "activation", "output", "sensitivity")},
}


def sizes_of_layer() -> tuple[Node, Node]:
    """Return N_m and N_{m-1}."""
    return in_group(Atom(Symbol("N_5")), ANY), in_group(Atom(Symbol("N_4")), ANY)


def forward(teller: Teller) -> Iterator[Frame]:
    """Show how a layer computes: by nodes and as a whole, for each kind of layer."""
    square = Product(sizes_of_layer(), "times")
    groups = teller.layering.forward[:SHOWN]
    for position, group in enumerate(groups):
        lines, wholes = forward_lines(teller, group)
        any_layer = bool(group.layers)
        frame = teller.frame(
            "forward",
            teller.sentence("forward.start", y=START) if any_layer and not position else None,
            teller.sentence("forward.nodes", head=True, layers=members(teller, group)),
            display(*lines),
            teller.sentence("forward.layers", head=True, step=2),
            display(*wholes),
            teller.remark("forward.shapes", w=general("W"), shape=square) if any_layer else None,
            name="forward" if position == 0 else f"forward-{group.shown}",
        )
        one = teller.pieces("forward.one", m=str(group.shown))
        yield frame if len(groups) == 1 else replace(frame, title=one)


def forward_lines(teller: Teller, group: Group) -> tuple[list[Line], list[Line]]:
    """Return a layer's equations by nodes, and those of the whole layer."""
    layer = str(group.shown)
    names = [n for q in teller.network.equations if split(n := q.name).layer == layer]
    lines, wholes = [], []
    for name in names:
        equation = teller.derivation[name]
        line = equal(Atom(equation.left), teller.tree(equation.right))
        lines.append(Line(in_group(line, group)))
        matrix = teller.matrix(equation)
        if matrix is not None:
            wholes.append(Line(in_group(equal(Whole(name), matrix), group), step=2))
    return lines, wholes


def members(teller: Teller, group: Group, *, hidden: bool = False) -> Piece:
    """Return which layers a group has: m = 1, …, M, or their numbers."""
    count = teller.layering.count
    every = tuple(range(1, count + (not hidden)))
    if group.members == every and len(every) > 1:
        return Glyph("hidden_range" if hidden else "whole_range")
    numbers = [str(m) for m in group.members]
    return Layers(tuple(numbers if len(numbers) <= SHOWN else [*numbers[:3], "", numbers[-1]]))


def mapping(teller: Teller) -> Iterator[Frame]:
    """Show the whole network as one formula, or layer by layer where that is too long."""
    count = teller.layering.count
    output = teller.network.output.name
    nested = nested_mapping(teller) if count <= NESTED else None
    if nested is not None:
        formula = equal(Whole(output), nested)
        yield teller.frame(
            "mapping", teller.sentence("mapping.inside"), display(Line(formula)),
            teller.sentence("mapping.forward", step=2),
        )  # fmt: skip
        return
    lines = [line for m in elided_layers(count) for line in layer_lines(teller, m)]
    yield teller.frame(
        "mapping",
        teller.sentence("mapping.layers", count=str(count)),
        display(*lines),
        title="long",
    )


def elided_layers(count: int) -> list[int]:
    """Return the layers that are shown of so many; 0 stands for dots."""
    return list(range(1, count + 1)) if count <= SHOWN else [1, 2, 3, 0, count - 1, count]


def layer_lines(teller: Teller, m: int) -> list[Line]:
    """Return y^m = f^m(W^m y^{m-1} + b^m) of a layer; dots for 0."""
    if m == 0:
        return [Line(Glyph("vdots"))]
    names = [n for q in teller.network.equations if split(n := q.name).layer == str(m)]
    found = whole_of(teller, names[-1], set(names[:-1])) if names else None
    if found is not None:
        return [Line(equal(Whole(names[-1]), found))]
    return [Line(form_of(teller, name)) for name in names]


def form_of(teller: Teller, name: str) -> Node:
    """Return the equation of a variable in matrices, or by nodes where it has no such form."""
    equation = teller.derivation[name]
    found = teller.matrix(equation)
    if found is None:
        return equal(Atom(equation.left), teller.tree(equation.right))
    return equal(Whole(name), found)


def nested_mapping(teller: Teller) -> Node | None:
    """Return the output as nested functions with what they compute under braces."""
    values: dict[str, Node] = {}
    for equation in teller.network.equations:
        found = teller.matrix(equation)
        if found is None:
            return None
        body = replaced(found, values)
        if equation.name == teller.network.output.name:
            return body
        values[equation.name] = Brace(body, Whole(equation.name))
    return None


def whole_of(teller: Teller, name: str, inside: set[str]) -> Node | None:
    """Return the matrix form of a variable, with some others put in."""
    found = teller.matrix(teller.derivation[name])
    if found is None:
        return None
    values: dict[str, Node] = {}
    known = list(teller.derivation.by_name)
    for other in sorted(inside & set(known), key=known.index):
        inner = teller.matrix(teller.derivation[other])
        if inner is None:
            return None
        values[other] = replaced(inner, values)
    return replaced(found, values)


def replaced(node: Node, values: dict[str, Node]) -> Node:
    """Return a matrix form with whole variables replaced by what they are; no tones."""
    match node:
        case Whole():
            return values.get(node.name, node)
        case Toned():
            inner = replaced(node.body, values)
            return Toned(node.tone, inner) if inner == node.body else inner
        case Applied():
            return Applied(node.function, replaced(node.argument, values))
        case Plus():
            return Plus(tuple(replaced(t, values) for t in node.terms))
        case Product():
            return Product(tuple(replaced(f, values) for f in node.factors), node.sign)
        case _:
            return node


def functions(teller: Teller) -> Frame:
    """Say what each activation function is."""
    lines = []
    for stems, entry in bound_functions(teller):
        left = [Atom(scalar_function(s)(U)) for s in elided_names(stems)]
        if entry is not None:
            lines.append(Line(equal(*left, teller.tree(entry))))
        else:
            lines.append(Line(left[0], hint=teller.pieces("functions.abstract")))
    for equation in teller.network.equations:
        if teller.network.joins(equation):
            line = equal(Atom(equation.left), teller.tree(equation.right))
            lines.append(Line(line))
    every = not any(map(teller.network.joins, teller.network.equations))
    start = teller.sentence("functions.nodewise") if every else None
    return teller.frame("functions", start, display(*lines), teller.remark("functions.apart"))


def elided_names(stems: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first and the last of many names."""
    return stems if len(stems) <= 3 else (stems[0], stems[-1])


def bound_functions(teller: Teller) -> list[tuple[tuple[str, ...], Expr | None]]:
    """Return the formulas of the activation functions, each with the names that it has."""
    found: dict[str, tuple[list[str], Expr | None]] = {}
    for stem, entry in teller.network.functions.items():
        key = entry.name if entry else stem
        formula = entry.formula if entry else None
        found.setdefault(key, ([], formula))[0].append(stem)
    return [(tuple(stems), formula) for stems, formula in found.values()]
