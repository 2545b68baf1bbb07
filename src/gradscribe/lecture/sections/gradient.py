"""The gradient: as matrices, over all samples, and the whole algorithm."""

from collections.abc import Iterator

from gradscribe.equation import Equation
from gradscribe.lecture.display import Atom, Node, Whole, equal, transpose
from gradscribe.lecture.layering import Group
from gradscribe.lecture.model import Frame, Line
from gradscribe.lecture.sections.network import SHOWN, members
from gradscribe.lecture.teller import Teller, display, general, in_group


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames on ∂E/∂W, ∂J/∂W and the algorithm."""
    yield from by_matrices(teller, "matrix_gradient", "E")
    yield from by_matrices(teller, "batch", "J")
    yield algorithm(teller)


def parameters(teller: Teller) -> list[tuple[list[str], Group]]:
    """Return the parameters whose derivatives are shown, by groups of layers."""
    layers = teller.layering
    found: list[tuple[list[str], Group]] = []
    own = {p.name for p in teller.network.parameters}
    named: set[str] = set()
    groups = layers.hidden or (layers.last,)
    if layers.hidden and len(layers.hidden) == 1:
        names = [n for n in (f"W{groups[0].shown}", f"b{groups[0].shown}") if n in own]
        every = {f"{s}{m}" for s in "Wb" for m in range(1, layers.count + 1)}
        if names and own <= every and same_last(teller, names, layers.count):
            count = layers.count
            members_ = tuple(range(1, count + 1))
            names_of = {**groups[0].layers, str(count): "M"}
            if groups[0].shown + 1 == count:
                names_of[str(count)] = "M"
            return [(names, Group(groups[0].shown, members_, names_of))]
    for name in own:
        named.add(name)
    rest = [p.name for p in teller.network.parameters if p.name in named][:SHOWN]
    found.append((rest, layers.last if layers.count == 1 else Group(0, (), {})))
    return found


def same_last(teller: Teller, names: list[str], count: int) -> bool:
    """Whether the derivatives by the last layer's parameters have the same matrix form."""
    stems = [n[0] for n in names]
    return all(f"dE_d{stem}{count}" in teller.derivation.by_name for stem in stems)


def by_matrices(teller: Teller, key: str, of: str) -> Iterator[Frame]:
    """Show the derivatives of E or J by whole matrices, the results of this part."""
    lines: list[Line] = []
    name_of_frame = key
    if of == "E" and teller.style.layout == "numerator":
        key = f"{key}_numerator"
    for names, group in parameters(teller):
        for name in names:
            equation = teller.derivation[f"d{of}_d{name}"]
            line = matrix_line(teller, equation)
            if line is None and of == "J" and teller.network.penalties:
                line = component_line(teller, equation)
            if line is not None:
                hint = (members(teller, group),) if group.members and len(lines) == 0 else ()
                lines.append(Line(in_group(line, group), step=len(lines) + 1, hint=hint))
    if lines:
        yield teller.frame(
            key,
            teller.sentence(f"{key}.same"),
            display(*lines, boxed=True),
            teller.sentence(f"{key}.then", step=2),
            teller.remark(f"{key}.layout" if of == "E" else f"{key}.factor"),
            name=name_of_frame,
        )


def matrix_line(teller: Teller, equation: Equation) -> Node | None:
    """Return a derivative by a whole matrix, in the layout of the style."""
    found = teller.matrix(equation)
    if found is None:
        return None
    if teller.style.layout == "numerator":
        return equal(Whole(equation.name, numerator=True), transpose(found))
    return equal(Whole(equation.name), found)


def component_line(teller: Teller, equation: Equation) -> Node:
    """Return a derivative by one parameter: |w| has none that is a product of matrices."""
    return equal(Atom(equation.left), teller.tree(equation.right))


def algorithm(teller: Teller) -> Frame:
    """Say the algorithm in steps."""
    several = teller.layering.count > 1
    return teller.frame(
        "algorithm",
        teller.points(
            teller.pieces("algorithm.start"),
            teller.pieces("algorithm.forward", u=general("u"), y=general("y")),
            teller.pieces("algorithm.output", delta=general("delta", last=True)),
            *([teller.pieces("algorithm.back", delta=general("delta"))] if several else []),
            teller.pieces("algorithm.gradient"),
            teller.pieces("algorithm.update"),
        ),
    )
