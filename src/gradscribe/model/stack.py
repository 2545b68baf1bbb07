"""A stack of layers of one kind: sizes and activation functions, one a layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from sympy import Symbol

from gradscribe.catalog.activations import Activation
from gradscribe.catalog.layers import Layer, Place
from gradscribe.equation import Equation, Variable
from gradscribe.model.blueprint import Blueprint, Settings, input_variable, parameter, vector
from gradscribe.model.source import Field, Source
from gradscribe.notation import size
from gradscribe.table import Table

Entry = TypeVar("Entry")

DEFAULT_LAYER = "dense"
MAX_SIZE = 10**8
MAX_PARAMETERS = 2**40
MAX_LAYERS = 500
SIZES_ALLOWED = f"integers from 1 to {MAX_SIZE}"


@dataclass(frozen=True)
class Stack:
    """A checked stack.

    Attributes:
        sizes: N_0 … N_M, or None where they stay symbolic.
        activations: f¹ … f^M.
        layers: the kind of each layer.
    """

    sizes: tuple[int, ...] | None
    activations: tuple[Activation, ...]
    layers: tuple[Layer, ...]

    def spec(self, settings: Settings) -> str:
        """Return the one line that says this stack with these settings."""
        assert self.sizes is not None  # only formulas have symbolic sizes
        names = tuple(entry.name for entry in self.activations)
        words = ["-".join(map(str, self.sizes)), ",".join(abbreviated(names))]
        kinds = abbreviated(tuple(layer.name for layer in self.layers))
        if kinds != (DEFAULT_LAYER,):
            words.append(f"layer={','.join(kinds)}")
        return " ".join([*words, settings.text])


def abbreviated(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shortest list that means the same: all, or hidden and output, or each.

    >>> abbreviated(("tanh", "tanh", "linear"))
    ('tanh', 'linear')
    """
    if len(set(names)) == 1:
        return names[:1]
    if len(set(names[:-1])) == 1:
        return (names[0], names[-1])
    return names


def sizes_of(fields: Sequence[tuple[Field, int]], whole: Field) -> tuple[int, ...]:
    """Return N_0 … N_M, checked.

    Args:
        fields: each size with the word it was written as.
        whole: all sizes as they were written, for messages about their number.

    Raises:
        InputError: too few or too many layers, a size outside 1 … 10⁸, or more
            parameters than 2⁴⁰.
    """
    if len(fields) < 2:
        raise whole.error(
            "a network needs at least an input and one layer", allowed="two sizes or more: 4-3"
        )
    if len(fields) - 1 > MAX_LAYERS:
        raise whole.error(f"{len(fields) - 1} layers are too many", allowed=f"1 to {MAX_LAYERS}")
    for field, value in fields:
        if not 1 <= value <= MAX_SIZE:
            raise field.error("a size is out of range", allowed=SIZES_ALLOWED)
    sizes = tuple(value for _, value in fields)
    count = sum(n * (below + 1) for below, n in pairwise(sizes))
    if count > MAX_PARAMETERS:
        raise whole.error(
            f"{count} parameters are too many", allowed=f"at most {MAX_PARAMETERS} (2**40)"
        )
    return sizes


def one_a_layer(given: tuple[Entry, ...], count: int) -> tuple[Entry, ...] | None:
    """Return one a layer of one for all, of two for hidden and output, or of one a layer.

    None for another number of them.

    >>> one_a_layer(("tanh", "linear"), 3)
    ('tanh', 'tanh', 'linear')
    """
    if len(given) == count:
        return given
    if len(given) == 1:
        return given * count
    if len(given) == 2 and count > 2:
        return (*given[:1] * (count - 1), given[1])
    return None


def activations_of(
    fields: Sequence[Field], count: int, table: Table[Activation], whole: Field
) -> tuple[Activation, ...]:
    """Return f¹ … f^M from one name for all, two for hidden and output, or one a layer.

    Raises:
        InputError: an unknown name, or another number of names.
    """
    found = tuple(field.find(table) for field in fields)
    each = one_a_layer(found, count)
    if each is not None:
        return each
    counts = {1: "1 name", 2: "1 or 2 names"}.get(count, f"1, 2 or {count} names")
    raise whole.error(
        f"{len(found)} activation functions for {count} layer{'s' * (count > 1)}",
        allowed=f"{counts}: for all layers"
        + ", for the hidden and the output layers" * (count > 1)
        + ", or for each" * (count > 2),
    )


def layers_of(
    field: Field, table: Table[Layer], sizes: tuple[int, ...], whole: Field
) -> tuple[Layer, ...]:
    """Return the kind of each layer, from one for all, two for hidden and output, or one each.

    Raises:
        InputError: an unknown kind, another number of kinds, or sizes that a kind cannot have.
    """
    words = [Field(word.strip(), field.source, field.at) for word in field.word.split(",")]
    found, count = tuple(word.find(table) for word in words), len(sizes) - 1
    each = one_a_layer(found, count)
    if each is None:
        raise field.error(
            f"{len(found)} kinds for {count} layers",
            allowed="one for all, two for the hidden and the output layers, or one for each",
        )
    check_widths(each, sizes, whole)
    return each


def check_widths(layers: Sequence[Layer], sizes: tuple[int, ...], whole: Field) -> None:
    """Check that sizes stay the same where the kind of layer needs that.

    Raises:
        InputError: N_m differs from N_{m-1}.
    """
    for m, layer in enumerate(layers, 1):
        if layer.keeps_width and sizes[m] != sizes[m - 1]:
            raise whole.error(
                f"a layer of kind '{layer.name}' keeps the size, but layer {m} goes "
                f"from {sizes[m - 1]} to {sizes[m]}",
                allowed="equal sizes",
            )


def stack_blueprint(stack: Stack, settings: Settings) -> Blueprint:
    """Return the blueprint of a stack; layer m has W^m, b^m and f^m."""
    below = input_variable()
    equations: list[Equation] = []
    parameters: list[Variable] = []
    sizes = [size(0)]
    for m, layer in enumerate(stack.layers, 1):
        # A layer that keeps the width has the size of the one below, not one of its own.
        sizes.append(sizes[-1] if layer.keeps_width else size(m))
        place = _place(m, below, sizes[m], layer)
        equations += layer.equations(place)
        parameters += (place.W, place.b, *place.vectors.values())
        below = equations[-1].variable
    return Blueprint(
        equations=tuple(equations),
        parameters=tuple(parameters),
        input=input_variable(),
        functions={f"f{m}": entry for m, entry in enumerate(stack.activations, 1)},
        layers=tuple(sizes),
        sizes=stack.sizes,
        settings=settings,
        spec=stack.spec(settings) if stack.sizes else "",
    )


def _place(m: int, below: Variable, nodes: Symbol, layer: Layer) -> Place:
    return Place(
        m=m,
        below=below,
        W=parameter(f"W{m}", (nodes, *below.shape), m),
        b=parameter(f"b{m}", (nodes,), m),
        function=f"f{m}",
        vectors={
            stem: vector(f"{stem}{m}", nodes, f"{meaning} of layer {m}", start)
            for stem, meaning, start in layer.vectors
        },
    )


def size_field(word: str, source: Source, at: int | None) -> tuple[Field, int]:
    """Return a size and the word it was written as.

    Raises:
        InputError: the word is not a number of ASCII digits.
    """
    field = Field(word, source, at)
    if not (word.isascii() and word.isdigit()):
        what = "a size is missing" if not word else "a size is not an integer"
        raise field.error(what, allowed=f"{SIZES_ALLOWED}, joined by '-': 4-8-3")
    # int() of thousands of digits is refused by Python; every such number is too large.
    return field, int(word) if len(word) < 20 else MAX_SIZE + 1
