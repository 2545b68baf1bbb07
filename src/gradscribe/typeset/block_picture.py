"""The block diagram of a network: x → W¹ → Σ → u¹ → f¹ → y¹ → …, a frame around each layer."""

from itertools import pairwise

from gradscribe.model.network import Network
from gradscribe.typeset.labels import fits, size_label, symbols_of
from gradscribe.typeset.layers import DrawnLayer, layers_of, shown_layers, sizes_of
from gradscribe.typeset.scene import (
    Form,
    Label,
    Scene,
    Shape,
    Symbol,
    Text,
    Thing,
    Tint,
    Wire,
)

# Lengths in points. A layer is a wire that leads to it, and its frame.
_WIRE, _FRAME_MIN, _FRAME_MAX = 21.0, 88.0, 124.0
_INPUT, _OUTPUT, _DOTS = 12.0, 30.0, 26.0
_BOX, _ROUND, _EDGE = 20.0, 15.0, 5.0
_HEIGHT, _AXIS, _BIAS, _MIDDLE = 112.0, 66.0, 36.0, 56.0


def block_scene(network: Network, width: float = 398.0) -> Scene:
    """Return the block diagram of a network, at most `width` points wide.

    Layers that do not fit are left out: the first ones, ⋯ and the last one remain, and the
    captions of each say its number and its size.

    Raises:
        InputError: the network is no chain of layers.
    """
    layers = layers_of(network)
    shown = shown_layers(len(layers), width - _INPUT - _OUTPUT, _WIRE + _FRAME_MIN, _DOTS)
    gaps = sum(b != a + 1 for a, b in pairwise(shown))
    room = (width - _INPUT - _OUTPUT - gaps * _DOTS) / len(shown) - _WIRE
    frame = min(_FRAME_MAX, room)
    sizes = [
        size_label(s, n)
        for s, n in zip(symbols_of(network, layers), sizes_of(network, layers), strict=True)
    ]
    things: list[Thing] = [
        Text(0, _AXIS, (Symbol(network.input.name, whole=True),), Tint.INPUT, "west"),
        Text(0, 6, sizes[0], Tint.MUTED, "west", small=True),
    ]
    x = _INPUT
    for place, number in enumerate(shown):
        below = layers[number - 1].output if number else None
        if place and number != shown[place - 1] + 1:
            things += _gap(layers[shown[place - 1]].output, x)
            x, below = x + _DOTS, None
        things += _layer(layers[number], below, x, frame)
        middle = x + _WIRE + frame / 2
        things.append(Text(middle, 101, ("m", "=", str(number + 1)), Tint.MUTED))
        things.append(Text(middle, 6, sizes[number + 1], Tint.MUTED, small=True))
        x += _WIRE + frame
    things.append(Wire((x, _AXIS), (x + 12, _AXIS)))
    things.append(Text(x + 14, _AXIS, (Symbol(layers[-1].output, whole=True),), anchor="west"))
    return Scene(x + _OUTPUT, _HEIGHT, tuple(things), f"Block diagram of {network.spec}")


def _layer(layer: DrawnLayer, below: str | None, x: float, frame: float) -> list[Thing]:
    """Return one layer and the wire to it, which begins at x."""
    left, right = x + _WIRE, x + _WIRE + frame
    matrix, summed = left + _EDGE + _BOX / 2, left + _EDGE + _BOX + 9 + _ROUND / 2
    things: list[Thing] = [
        Shape(Form.GROUP, (left + right) / 2, _MIDDLE, frame, 76, tint=Tint.MUTED),
        Wire((x if below else x + 2, _AXIS), (matrix - _BOX / 2, _AXIS)),
        _box(matrix, layer.weights, Tint.WEIGHT),
        Wire((matrix + _BOX / 2, _AXIS), (summed - _ROUND / 2, _AXIS)),
        Shape(Form.CIRCLE, summed, _AXIS, _ROUND, _ROUND, ("Σ",), small=True),
    ]
    if below is not None:
        things.append(Text(x + _WIRE / 2, _AXIS + 8, (Symbol(below, whole=True),), small=True))
    return [*things, *_bias(layer, summed), *_function(layer, summed, right)]


def _box(x: float, name: str, tint: Tint) -> Shape:
    label: Label = (Symbol(name, whole=True),)
    return Shape(Form.BOX, x, _AXIS, _BOX, _BOX, label, tint, small=not fits(label, _BOX - 2))


def _bias(layer: DrawnLayer, x: float) -> list[Thing]:
    if layer.bias is None:
        return []
    size = _ROUND + 2
    label: Label = (Symbol(layer.bias, whole=True),)
    return [
        Shape(Form.CIRCLE, x, _BIAS, size, size, label, Tint.WEIGHT, small=True),
        Wire((x, _BIAS + size / 2), (x, _AXIS - _ROUND / 2)),
        Text(x - 24, _BIAS, ("1",), small=True),
        Wire((x - 20, _BIAS), (x - size / 2, _BIAS)),
    ]


def _function(layer: DrawnLayer, summed: float, right: float) -> list[Thing]:
    start = summed + _ROUND / 2
    if layer.function is None:
        return [Wire((start, _AXIS), (right, _AXIS), arrow=False)]
    function = right - _EDGE - _BOX / 2
    middle = (start + function - _BOX / 2) / 2
    return [
        Wire((start, _AXIS), (function - _BOX / 2, _AXIS)),
        Text(middle, _AXIS + 8, (Symbol(layer.activation, whole=True),), small=True),
        _box(function, layer.function, Tint.SLOPE),
        Wire((function + _BOX / 2, _AXIS), (right, _AXIS), arrow=False),
    ]


def _gap(output: str, x: float) -> list[Thing]:
    """Return ⋯ in the place of the layers that are left out."""
    return [
        Wire((x, _AXIS), (x + 10, _AXIS), arrow=False),
        Text(x + 8, _AXIS + 8, (Symbol(output, whole=True),), small=True),
        Text(x + 18, _AXIS, ("⋯",)),
    ]
