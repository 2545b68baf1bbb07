"""The nodes of a network and the wires between them, as large as a slide allows.

Small networks show every weight, bias, sum and function (`detailed`); larger ones a circle
Σ|f for each node (`compact`), and of many nodes or layers the first ones, ⋮ or ⋯ and the last.
"""

from collections.abc import Sequence
from itertools import pairwise

from gradscribe.model.network import Network
from gradscribe.typeset import compact, detailed
from gradscribe.typeset.columns import Column, Ends, indices, rows_of
from gradscribe.typeset.labels import convention, size_label, symbols_of, width_of
from gradscribe.typeset.layers import DrawnLayer, layers_of, shown_layers, sizes_of
from gradscribe.typeset.scene import Form, Label, Scene, Shape, Symbol, Text, Thing, Tint, Wire

# Lengths in points.
_TOP, _BOTTOM, _DOTS = 15.0, 29.0, 30.0
_MIN_PITCH, _MAX_PITCH = 27.0, 46.0
_SQUARE = 5.5
# Half the height of a circle, with a margin.
_HALF_NODE = 12.5


def node_scene(network: Network, width: float = 398.0, height: float = 190.0) -> Scene:
    """Return the picture of the nodes of a network, within a width and a height in points.

    Raises:
        InputError: the network is no chain of layers.
    """
    layers = layers_of(network)
    room = height - _TOP - _BOTTOM
    inputs = _input_width(network, layers)
    columns = _detailed_columns(network, layers, width - inputs, room)
    if columns:
        things, used = _detailed(network, columns, inputs, width)
    else:
        columns = _columns(network, layers, room)
        things, used = _compact(network, columns, inputs, width)
    extent = max(len(c.rows) * c.pitch for c in columns)
    used = max(used, width_of(convention(), small=True) + 2)
    things.append(Text(0, 5, convention(), Tint.MUTED, "west", small=True))
    return Scene(used, extent + _TOP + _BOTTOM, tuple(things), f"Nodes of {network.spec}")


def _input_width(network: Network, layers: Sequence[DrawnLayer]) -> float:
    """Return the room for the names of the inputs."""
    last = indices(sizes_of(network, layers)[0], symbols_of(network, layers)[0], 3)[-1]
    return width_of((Symbol(network.input.name, (last,)),)) + _SQUARE + 5


def _detailed_columns(
    network: Network, layers: Sequence[DrawnLayer], width: float, room: float
) -> list[Column]:
    """Return the columns with all rows, [] if their parts do not fit."""
    sizes = [size or detailed.MAX_INPUTS + 1 for size in sizes_of(network, layers)]
    if (
        len(layers) * (detailed.WIDTH + detailed.MIN_WIRE) > width
        or max(sizes) > detailed.MAX_INPUTS
    ):
        return []
    least = [
        detailed.pitch_of(below, bias=layer.bias is not None)
        for below, layer in zip(sizes, layers, strict=False)
    ]
    pitches = [max(least), *([max(least)] * len(layers))]
    if any(size * pitch > room for size, pitch in zip(sizes[1:], least, strict=True)):
        return []
    pitches = [min(pitch, room / size) for size, pitch in zip(sizes, pitches, strict=True)]
    reaches = [
        detailed.reach_of(below, bias=layer.bias is not None)
        for below, layer in zip(sizes, layers, strict=False)
    ]
    lift = max(0.0, *((down - up) / 2 for up, down in reaches))
    return _placed(network, layers, max(sizes), pitches, lift)


def _columns(network: Network, layers: Sequence[DrawnLayer], room: float) -> list[Column]:
    """Return the columns with as many rows as fit."""
    most = int(room // _MIN_PITCH)
    counts = [
        len(indices(size, symbol, most))
        for size, symbol in zip(sizes_of(network, layers), symbols_of(network, layers), strict=True)
    ]
    pitches = [min(_MAX_PITCH, room / count) for count in counts]
    biased = any(
        layer.bias and compact.shows_bias(pitch)
        for layer, pitch in zip(layers, pitches[1:], strict=True)
    )
    return _placed(network, layers, most, pitches, compact.BIAS_LIFT if biased else 0.0)


def _placed(
    network: Network, layers: Sequence[DrawnLayer], most: int, pitches: Sequence[float], lift: float
) -> list[Column]:
    """Return the columns around one height, lifted by as much as nodes reach lower than higher.

    A column that needs the whole height stays where it is.
    """
    sizes, symbols = sizes_of(network, layers), symbols_of(network, layers)
    shown = [indices(size, symbol, most) for size, symbol in zip(sizes, symbols, strict=True)]
    extent = max(len(s) * pitch for s, pitch in zip(shown, pitches, strict=True))
    middle = _BOTTOM + extent / 2
    columns = []
    for number, (size, symbol, show, pitch) in enumerate(
        zip(sizes, symbols, shown, pitches, strict=True)
    ):
        above = (extent - len(show) * pitch + pitch) / 2 - _HALF_NODE
        rows = rows_of(show, middle + min(lift, above), pitch)
        columns.append(
            Column(number, layers[number - 1] if number else None, size, symbol, rows, pitch)
        )
    return columns


def _detailed(
    network: Network, columns: Sequence[Column], inputs: float, width: float
) -> tuple[list[Thing], float]:
    """Return all columns with all their parts, and the width that they take."""
    wire = (width - inputs) / (len(columns) - 1) - detailed.WIDTH
    wire = min(detailed.MAX_WIRE, wire)
    things, ends = _inputs(network, columns[0], inputs)
    x = inputs
    for below, column in pairwise(columns):
        layer, ends = detailed.detailed_layer(column, below, ends, x, wire)
        things += [*layer, *_captions(column, columns, x + wire + detailed.WIDTH / 2 - 8)]
        x += wire + detailed.WIDTH
    return things, x


def _compact(
    network: Network, columns: Sequence[Column], inputs: float, width: float
) -> tuple[list[Thing], float]:
    """Return the columns that fit, and the width that they take."""
    room = width - inputs
    count = len(columns) - 1
    named = count * (compact.NAMED + compact.MIN_WIRE) <= room
    plain = not named and count * (compact.PLAIN + compact.MIN_WIRE) + compact.NAMED <= room
    cell = compact.PLAIN if plain else compact.NAMED
    extra = compact.NAMED - cell
    shown = shown_layers(count, room - extra, cell + compact.MIN_WIRE, _DOTS)
    elided = len(shown) < count
    wire = (room - extra - elided * _DOTS) / len(shown) - cell
    wire = min(compact.MAX_WIRE, wire)
    things, ends = _inputs(network, columns[0], inputs)
    x = inputs
    for place, number in enumerate(shown):
        below: Column | None = columns[number]
        if place and number != shown[place - 1] + 1:
            things += _gap(ends, x)
            x, below = x + _DOTS, None
        column = columns[number + 1]
        names = not plain or number == count - 1
        layer, ends = compact.compact_layer(column, below, ends, x, wire, named=names)
        things += [*layer, *_captions(column, columns, x + wire + compact.PLAIN / 2)]
        x += wire + (compact.NAMED if names else cell)
    return things, x


def _inputs(network: Network, column: Column, width: float) -> tuple[list[Thing], Ends]:
    """Return the inputs, each a square with its name, and where wires leave them."""
    things: list[Thing] = [
        Text(0, 17, size_label(column.symbol, column.size), Tint.MUTED, "west", small=True)
    ]
    ends: Ends = {}
    for row in column.rows:
        x = width - _SQUARE / 2
        if not row.is_node:
            things.append(Text(x, row.y, ("⋮",), Tint.MUTED))
            continue
        name: Label = (Symbol(network.input.name, (row.index,)),)
        things.append(Text(width - _SQUARE - 3, row.y, name, Tint.INPUT, "east"))
        things.append(Shape(Form.SQUARE, x, row.y, _SQUARE, _SQUARE))
        ends[row.index] = (width, row.y)
    return things, ends


def _captions(column: Column, columns: Sequence[Column], x: float) -> list[Thing]:
    """Return the number of a layer above it and its size below."""
    extent = max(len(c.rows) * c.pitch for c in columns)
    return [
        Text(x, _BOTTOM + extent + 8, ("m", "=", str(column.number)), Tint.MUTED),
        Text(x, 17, size_label(column.symbol, column.size), Tint.MUTED, small=True),
    ]


def _gap(ends: Ends, x: float) -> list[Thing]:
    """Return ⋯ in the place of the layers that are left out."""
    middle = sum(y for _, y in ends.values()) / len(ends)
    stubs: list[Thing] = [Wire(end, (x + 8, end[1]), arrow=False) for end in ends.values()]
    return [*stubs, Text(x + 19, middle, ("⋯",))]
