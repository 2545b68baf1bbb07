"""The worked example: the numbers forward and backward, each put in where its symbol stood."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sympy import Piecewise

from gradscribe.catalog.activations import U
from gradscribe.equation import Equation, Role, Variable
from gradscribe.lecture.display import (
    Atom,
    Call,
    Chain,
    Grid,
    Node,
    Strong,
    Transposed,
    Whole,
    equal,
)
from gradscribe.lecture.example import LARGE, Example, parameter_count
from gradscribe.lecture.model import Frame, Line, Picture, Piece, Remark, Rows, Sentence
from gradscribe.lecture.sections.network import is_layered
from gradscribe.lecture.substitution import formula_of
from gradscribe.lecture.teller import Teller, display
from gradscribe.notation import split
from gradscribe.symbols import ScalarFunction, component, names

WIDE, HIGH = 6, 4  # columns and rows of the largest matrix that is shown as one
TOGETHER = 6  # lines that appear one after the other; more appear at once
ACROSS = 5  # components in a row of a table

Cell = tuple[Piece, ...]


@dataclass(frozen=True)
class Worked:
    """An example and who tells of it.

    Attributes:
        teller: tells of the example's network.
        example: its numbers.
    """

    teller: Teller
    example: Example


def worked(teller: Teller, setting: str, example: Example) -> Worked:
    """Return an example with a teller in the language and the style of another one."""
    return Worked(Teller(example.derivation, teller.words, teller.style, setting), example)


def frames(of: Worked, *, own: bool = True) -> Iterator[Frame]:
    """Yield the frames of the worked example.

    Args:
        of: the example.
        own: whether it is the lecture's main one; another one has no frames of its gradient.
    """
    told, example = of.teller, of.example
    drawn = (example.reduced or not own) and is_layered(told)
    if drawn:
        yield picture(told, example)
    yield data(told, example, () if drawn else remarks(told, example))
    yield from forward(told, example)
    yield from backward(told, example)
    if own:
        yield gradients(told, example)
        yield result(told, example)


def picture(told: Teller, example: Example) -> Frame:
    """Show the network of the example, node by node."""
    return told.frame(
        "example_network",
        told.sentence("example_network.every"),
        Picture(example.network, "nodes"),
        *remarks(told, example),
        sizes=sizes_of(example),
    )


def large(teller: Teller) -> Frame:
    """Say that a network is too large to be worked out, and show one node of it."""
    first = teller.derivation.equations[:2]
    lines = [Line(equal(Atom(q.left), teller.tree(q.right)), k) for k, q in enumerate(first, 1)]
    return teller.frame(
        "example_large",
        teller.sentence("example_large.many", limit=str(LARGE)),
        display(*lines),
    )


# -- the data --


def data(told: Teller, example: Example, said: Sequence[Remark]) -> Frame:
    """Show the sample, the parameters and the functions."""
    return told.frame(
        "example_data",
        sample_sentence(told, example),
        data_table(example),
        *said,
        sizes=sizes_of(example),
    )


def sizes_of(example: Example) -> str:
    """Return the sizes of the example's network, shortened where they are many."""
    texts = [str(n) for n in example.network.sizes or ()]
    return "–".join(texts if len(texts) <= 8 else [*texts[:3], "⋯", *texts[-2:]])


def remarks(told: Teller, example: Example) -> list[Remark]:
    """Return what has to be said of the example's network."""
    found = []
    if example.reduced and example.original.sizes is None:
        found.append(told.remark("example_data.symbolic", sizes=sizes_of(example)))
    elif example.reduced:
        count = str(parameter_count(example.original))
        found.append(told.remark("example_data.reduced", count=count, sizes=sizes_of(example)))
    if example.assumed:
        functions = ", ".join(split(f).stem + split(f).layer for f in example.assumed)
        found.append(told.remark("example_data.assumed", functions=functions))
    return found


def sample_sentence(told: Teller, example: Example) -> Sentence:
    """Return the sentence with the sample's input and desired output."""
    x, d = (vector(example, v) for v in (example.network.input, example.network.target))
    return told.sentence("example_data.sample", x=x, d=d)


def vector(example: Example, variable: Variable) -> Node:
    """Return a vector with its numbers, as a transposed row; a single component by itself."""
    places = list(example.places_of(variable))
    if len(places) == 1:
        (at,) = places
        return equal(Atom(component(variable.name, at)), example.exact(variable.name, at))
    if len(places) > WIDE:
        return Whole(variable.name)  # its numbers stand in the table
    row = tuple(example.exact(variable.name, at) for at in places)
    return equal(Whole(variable.name), Transposed(Grid((row,))))


def data_table(example: Example) -> Rows:
    """Return the table of the parameters and functions, a row for each layer."""
    rows: list[tuple[Cell, ...]] = []
    for variable in (example.network.input, example.network.target):
        cells = component_cells(example, variable)
        if len(cells) > WIDE:
            rows += [tuple(cells[k : k + ACROSS]) for k in range(0, len(cells), ACROSS)]
    for parameters in parameters_by_layer(example):
        cells = [cell for p in parameters for cell in parameter_cells(example, p)]
        layer = split(parameters[0].name).layer
        functions = [f for f in example.network.functions if split(f).layer == layer]
        cells += [function_cell(example, f) for f in functions]
        rows += [tuple(cells[k : k + ACROSS]) for k in range(0, len(cells), ACROSS)]
    return padded(rows)


def padded(rows: list[tuple[Cell, ...]]) -> Rows:
    """Return a table whose rows are all as long as the longest."""
    width = max(map(len, rows))
    return Rows((), tuple((*row, *[("",)] * (width - len(row))) for row in rows))


def parameter_cells(example: Example, variable: Variable) -> list[Cell]:
    """Return a parameter with its numbers: as a matrix, or each component where it is large."""
    places = list(example.places_of(variable))
    shape = example.shape(variable)
    if len(shape) == 2 and shape[0] <= HIGH and shape[1] <= WIDE and len(places) > 1:
        cells = [example.exact(variable.name, at) for at in places]
        grid = Grid(tuple(tuple(cells[k : k + shape[1]]) for k in range(0, len(cells), shape[1])))
        return [(equal(Whole(variable.name), grid),)]
    if len(shape) == 1 and 1 < shape[0] <= HIGH:
        grid = Grid(tuple((example.exact(variable.name, at),) for at in places))
        return [(equal(Whole(variable.name), grid),)]
    return component_cells(example, variable)


def component_cells(example: Example, variable: Variable) -> list[Cell]:
    """Return each component with its number."""
    return [
        (equal(Atom(component(variable.name, at)), example.exact(variable.name, at)),)
        for at in example.places_of(variable)
    ]


def function_cell(example: Example, name: str) -> Cell:
    """Return an activation function with its formula."""
    entry = example.network.functions[name]
    assert entry is not None
    formula = None if entry.formula.has(Piecewise) else formula_of(entry.formula, Atom(U))
    return (equal(Call(name, Atom(U)), formula or Atom(entry.formula)),)


def parameters_by_layer(example: Example) -> list[list[Variable]]:
    """Return the parameters, those of a layer together."""
    groups = groupby(example.network.parameters, key=lambda p: split(p.name).layer)
    return [list(group) for _, group in groups]


# -- forward --


def layers(equations: Iterable[Equation]) -> list[tuple[str, list[Equation]]]:
    """Return equations by layer, in their order: "" for what belongs to none."""
    groups = groupby(equations, key=lambda q: split(q.name).layer)
    return [(layer, list(group)) for layer, group in groups]


def stepped(chains: Sequence[Node]) -> list[Line]:
    """Return lines that appear one after the other, or all at once where they are many."""
    few = len(chains) <= TOGETHER
    return [Line(chain, step=k if few else 1) for k, chain in enumerate(chains, 1)]


def forward_chains(example: Example, group: Sequence[Equation]) -> list[Chain]:
    """Return the numbers of equations, node by node: u and y of the first, then of the next."""
    placed = [
        (at, order, example.line(equation, at))
        for order, equation in enumerate(group)
        for at in example.places_of(equation.variable)
    ]
    return [chain for _, _, chain in sorted(placed, key=lambda p: (len(p[0]) == 0, p[0], p[1]))]


def rounded(told: Teller) -> Remark:
    """Return the grey line on what is rounded."""
    return told.remark("example.rounded", places=str(told.style.places))


def packed(groups: list[tuple[str, list[Chain]]]) -> list[tuple[list[str], list[Chain]]]:
    """Return lines layer by layer, short layers together as long as they are few lines."""
    found: list[tuple[list[str], list[Chain]]] = []
    for layer, chains in groups:
        if found and len(found[-1][1]) + len(chains) <= TOGETHER:
            found[-1][0].append(layer)
            found[-1][1].extend(chains)
        else:
            found.append(([layer], list(chains)))
    return found


def passed(
    told: Teller, example: Example, key: str, equations: Iterable[Equation]
) -> Iterator[Frame]:
    """Yield frames with the numbers of equations, layer by layer."""
    groups = [(layer, forward_chains(example, group)) for layer, group in layers(equations)]
    parts = packed(groups)
    for numbers, chains in parts:
        blocks = display(*stepped(chains)), rounded(told)
        name = key if len(parts) == 1 else f"{key}-{numbers[0]}"
        if len(numbers) == 1:
            yield told.frame(key, *blocks, name=name, layer=numbers[0])
        else:
            first, last = numbers[0], numbers[-1]
            yield told.frame(key, *blocks, name=name, title="several", first=first, last=last)


def forward(told: Teller, example: Example) -> Iterator[Frame]:
    """Show the numbers of each layer, then of the error and the cost."""
    layered = [q for q in example.network.equations if split(q.name).layer]
    rest = [q for q in example.network.equations if not split(q.name).layer]
    yield from passed(told, example, "example_forward", layered)
    yield told.frame(
        "example_error",
        told.sentence(f"example_error.{'sample' if 'e' in told.derivation.by_name else 'alone'}"),
        display(*stepped(forward_chains(example, rest))),
        rounded(told),
    )


# -- backward --


def backward_equations(example: Example) -> list[Equation]:
    """Return what the gradient is computed from, last layer first: f′ and δ of each."""
    found: dict[str, Equation] = {}
    wanted = {n for q in gradient_equations(example) for n in names(q.right)}
    slopes = slope_equations(example)
    for equation in reversed(example.derivation.derived):
        if equation.name not in wanted or equation.variable.role is not Role.ADJOINT:
            continue
        wanted |= names(equation.right)
        found[equation.name] = equation
        for used in equation.right.atoms(ScalarFunction):
            if (used.stem, used.order) in slopes:
                found[slopes[used.stem, used.order].name] = slopes[used.stem, used.order]
    return list(reversed(found.values()))


def gradient_equations(example: Example) -> list[Equation]:
    """Return the derivatives of E by the parameters."""
    by_name = example.derivation.by_name
    return [by_name[f"dE_d{p.name}"] for p in example.network.parameters]


def slope_equations(example: Example) -> dict[tuple[str, int], Equation]:
    """Return the equations that say what f′ is, by function and order."""
    found = {}
    for equation in example.derivation.derived:
        left = equation.shown_left
        if isinstance(left, ScalarFunction):
            found[left.stem, left.order] = equation
    return found


def backward(told: Teller, example: Example) -> Iterator[Frame]:
    """Show f′ and δ of each layer's nodes, the last layer first."""
    yield from passed(told, example, "example_backward", backward_equations(example))


# -- the gradient --


def gradient_chains(example: Example, parameters: Sequence[Variable]) -> list[Chain]:
    """Return ∂E by each component of parameters, with numbers."""
    found = []
    for parameter in parameters:
        equation = example.derivation.by_name[f"dE_d{parameter.name}"]
        for at in example.places_of(parameter):
            left = component(equation.name, at)
            found.append(example.line(equation, at, Strong(example.result(left))))
    return found


def gradients(told: Teller, example: Example) -> Frame:
    """Show the derivatives by all weights and biases."""
    chains = gradient_chains(example, example.network.parameters)
    return told.frame("example_gradient", display(*stepped(chains)), rounded(told))


def result(told: Teller, example: Example) -> Frame:
    """Show the whole gradient in the shapes of the parameters."""
    rows = []
    for parameters in parameters_by_layer(example):
        cells = [cell for p in parameters for cell in result_cells(told, example, p)]
        rows += [tuple(cells[k : k + ACROSS]) for k in range(0, len(cells), ACROSS)]
    shapes = "shapes_numerator" if told.style.layout == "numerator" else "shapes"
    return told.frame(
        "example_result", told.sentence(f"example_result.{shapes}"), padded(rows), rounded(told)
    )


def result_cells(told: Teller, example: Example, variable: Variable) -> list[Cell]:
    """Return the derivative by a parameter in its shape."""
    name = f"dE_d{variable.name}"
    places = list(example.places_of(variable))
    cells = [example.result(component(name, at)) for at in places]
    shape = example.shape(variable)
    numerator = told.style.layout == "numerator"
    left: Node = Whole(name, numerator=numerator)
    if len(places) > 1 and all(n <= HIGH for n in shape) and len(shape) in (1, 2):
        width = shape[1] if len(shape) == 2 else 1
        rows = [tuple(cells[k : k + width]) for k in range(0, len(cells), width)]
        return [(equal(left, Grid(tuple(zip(*rows, strict=True) if numerator else rows))),)]
    return [
        (equal(Atom(component(name, at)), cell),) for at, cell in zip(places, cells, strict=True)
    ]
