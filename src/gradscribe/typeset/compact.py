"""A layer in which each node is one circle Σ|f."""

from gradscribe.typeset.columns import Column, Ends, Row, edge_start
from gradscribe.typeset.labels import fits
from gradscribe.typeset.scene import Form, Label, Shape, Symbol, Text, Thing, Tint, Wire

# Lengths in points.
_RADIUS, _NAME = 11.0, 22.0
PLAIN, NAMED = 2 * _RADIUS, 2 * _RADIUS + _NAME
MIN_WIRE, MAX_WIRE = 32.0, 84.0
_MANY_WIRES = 8
_BIAS_PITCH = 44.0
# By how much a node with its bias is higher than its centre.
BIAS_LIFT = 9.0


def compact_layer(
    column: Column, below: Column | None, starts: Ends, x: float, wire: float, *, named: bool
) -> tuple[list[Thing], Ends]:
    """Return a layer whose wires begin at x, and the points where wires may leave it.

    Args:
        column: the layer.
        below: the column that it reads; None where ⋯ stands in its place.
        starts: where wires leave that column.
        x: where the wires begin.
        wire: how long they are.
        named: whether each output has its name.
    """
    centre = x + wire + _RADIUS
    things = _stubs(column, x, centre) if below is None else _wires(column, below, starts, centre)
    if below is not None:
        things += _names(column, below, starts, centre, wire)
    ends: Ends = {}
    for row in column.rows:
        if not row.is_node:
            things.append(Text(centre, row.y, ("⋮",), Tint.MUTED))
            continue
        things += _node(column, row, centre)
        ends[row.index] = (centre + _RADIUS, row.y)
        if named:
            things.append(_output(column, row, centre))
            ends[row.index] = (centre + _RADIUS + _NAME, row.y)
    return things, ends


def _stubs(column: Column, x: float, centre: float) -> list[Thing]:
    """Return the ends of wires whose beginnings are left out."""
    return [Wire((x, row.y), (centre - _RADIUS, row.y)) for row in column.nodes]


def _wires(column: Column, below: Column, starts: Ends, centre: float) -> list[Thing]:
    pairs = [(starts[s.index], row) for row in column.nodes for s in below.nodes]
    faint = len(pairs) > _MANY_WIRES
    return [Wire(start, edge_start((centre, row.y), start, _RADIUS), faint) for start, row in pairs]


def _names(column: Column, below: Column, starts: Ends, centre: float, wire: float) -> list[Thing]:
    """Return the names of the topmost and of the lowest weight, on their wires."""
    assert column.layer is not None
    found: list[Thing] = []
    ends = ((column.nodes[0], below.nodes[0]), (column.nodes[-1], below.nodes[-1]))
    for row, source in dict.fromkeys(ends):
        label: Label = (Symbol(column.layer.weights, (row.index, source.index)),)
        if fits(label, wire - 8, small=True):
            a, b = starts[source.index]
            x, y = (a + centre - _RADIUS) / 2 - 2, (b + row.y) / 2
            found.append(Shape(Form.CHIP, x, y, wire - 12, 10, label, Tint.WEIGHT, small=True))
    return found


def _node(column: Column, row: Row, x: float) -> list[Thing]:
    """Return one node, with its bias where there is room below it."""
    layer = column.layer
    assert layer is not None
    circle = Shape(Form.CIRCLE, x, row.y, 2 * _RADIUS, 2 * _RADIUS)
    if layer.function is None:
        parts: list[Thing] = [circle, Text(x, row.y, ("Σ",), small=True)]
    else:
        parts = [
            circle,
            Wire((x, row.y - _RADIUS), (x, row.y + _RADIUS), faint=True, arrow=False),
            Text(x - 5.2, row.y, ("Σ",), small=True),
            Text(
                x + 4.6,
                row.y,
                (Symbol(layer.function.rstrip("0123456789")),),
                Tint.SLOPE,
                small=True,
            ),
        ]
    if layer.bias is None or not shows_bias(column.pitch):
        return parts
    label: Label = (Symbol(layer.bias, (row.index,)),)
    low = row.y - 22
    return [
        *parts,
        Shape(Form.CIRCLE, x, low, 14, 14, label, Tint.WEIGHT, small=True),
        Wire((x, low + 7), (x, row.y - _RADIUS)),
        Text(x + 20, low, ("1",), small=True),
        Wire((x + 16, low), (x + 7, low)),
    ]


def shows_bias(pitch: float) -> bool:
    """Return whether there is room for biases between rows."""
    return pitch >= _BIAS_PITCH


def _output(column: Column, row: Row, x: float) -> Shape:
    assert column.layer is not None
    label: Label = (Symbol(column.layer.output, (row.index,)),)
    return Shape(Form.CHIP, x + _RADIUS + _NAME / 2, row.y, _NAME - 2, 11, label, small=True)
