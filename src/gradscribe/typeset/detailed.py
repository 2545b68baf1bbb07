"""A layer with all its parts: each weight, the sum, the bias fed by 1, u, the function and y."""

from gradscribe.typeset.columns import Column, Ends, Row, edge_start
from gradscribe.typeset.labels import fits
from gradscribe.typeset.scene import Form, Label, Shape, Symbol, Text, Thing, Tint, Wire

# Lengths in points.
_CHIP, _TO_SUM, _ROUND, _TO_FUNCTION, _BOX, _TO_OUTPUT = 20.0, 8.0, 15.0, 18.0, 19.0, 12.0
_CHIP_PITCH = 14.0
_BIAS_DROP = 23.0
WIDTH = 100.0  # without the wires that lead to it
MIN_WIRE, MAX_WIRE = 20.0, 60.0
MAX_INPUTS = 4


def pitch_of(inputs: int, *, bias: bool) -> float:
    """Return the least distance of two nodes with so many inputs."""
    up, down = reach_of(inputs, bias=bias)
    return up + down + 5.0


def reach_of(inputs: int, *, bias: bool) -> tuple[float, float]:
    """Return how far the frame of a node reaches above its centre, and below."""
    half = max(_CHIP_PITCH * inputs / 2, 10.0) + 3
    return half, max(half, _BIAS_DROP + 11.0) if bias else half


def detailed_layer(
    column: Column, below: Column, starts: Ends, x: float, wire: float
) -> tuple[list[Thing], Ends]:
    """Return a layer whose wires begin at x, and the points where wires may leave it."""
    wires: list[Thing] = []
    parts: list[Thing] = []
    ends: Ends = {}
    for row in column.nodes:
        wires += _weights(column, below, starts, row, x + wire)
        node, ends[row.index] = _node(column, below, row, x + wire)
        parts += node
    return [*wires, *parts], ends


def _weights(column: Column, below: Column, starts: Ends, row: Row, x: float) -> list[Thing]:
    """Return the weights of a node, one below the other, and the wires through them."""
    assert column.layer is not None
    summed = x + _CHIP + _TO_SUM + _ROUND / 2
    things: list[Thing] = []
    for place, source in enumerate(below.nodes):
        y = row.y + ((len(below.nodes) - 1) / 2 - place) * _CHIP_PITCH
        label: Label = (Symbol(column.layer.weights, (row.index, source.index)),)
        chip = Shape(
            Form.BOX, x + _CHIP / 2, y, _CHIP, 12, label, Tint.WEIGHT, small=True
        )  # fmt: skip
        to_sum = edge_start((summed, row.y), (x + _CHIP, y), _ROUND / 2)
        things += [Wire(starts[source.index], (x, y)), Wire((x + _CHIP, y), to_sum), chip]
    return things


def _node(
    column: Column, below: Column, row: Row, x: float
) -> tuple[list[Thing], tuple[float, float]]:
    """Return sum, bias, function and output of a node, and the point where wires leave it."""
    layer = column.layer
    assert layer is not None
    summed = x + _CHIP + _TO_SUM + _ROUND / 2
    function = summed + _ROUND / 2 + _TO_FUNCTION + _BOX / 2
    output = function + _BOX / 2 + _TO_OUTPUT
    half, low = reach_of(len(below.nodes), bias=layer.bias is not None)
    frame = Shape(
        Form.GROUP, (x + function + _BOX / 2) / 2, row.y + (half - low) / 2,
        function + _BOX / 2 - x + 8, half + low, tint=Tint.MUTED,
    )  # fmt: skip
    name: Label = (Symbol(layer.activation, (row.index,)),)
    things: list[Thing] = [
        frame,
        Shape(Form.CIRCLE, summed, row.y, _ROUND, _ROUND, ("Σ",), small=True),
        *_bias(layer.bias, row, summed),
        Text((summed + function) / 2 - 1, row.y + 7.5, name, small=True),
    ]
    start = summed + _ROUND / 2
    if layer.function is None:
        things.append(Wire((start, row.y), (output - 7, row.y)))
    else:
        label: Label = (Symbol(layer.function),)
        small = not fits(label, _BOX - 3)
        things += [
            Wire((start, row.y), (function - _BOX / 2, row.y)),
            Shape(Form.BOX, function, row.y, _BOX, 15, label, Tint.SLOPE, small=small),
            Wire((function + _BOX / 2, row.y), (output - 6, row.y), arrow=False),
        ]
    result: Label = (Symbol(layer.output, (row.index,)),)
    things.append(Shape(Form.CHIP, output, row.y, 14, 11, result, small=True))
    return things, (output + 8, row.y)


def _bias(name: str | None, row: Row, x: float) -> list[Thing]:
    if name is None:
        return []
    low = row.y - _BIAS_DROP
    label: Label = (Symbol(name, (row.index,)),)
    return [
        Shape(Form.CIRCLE, x, low, 15.5, 15.5, label, Tint.WEIGHT, small=True),
        Wire((x, low + 7.8), (x, row.y - _ROUND / 2)),
        Text(x + 24, low, ("1",), small=True),
        Wire((x + 20, low), (x + 7.8, low)),
    ]
