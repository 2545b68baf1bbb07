"""A sequence of layers as other libraries have them, one after the other, becomes a stack."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradscribe.importing.stack import (
    Array,
    Dense,
    Predict,
    Trained,
    checked,
    refused,
    scaled_input,
    scaled_output,
)

TAKEN = "dense layers with an activation function each; dropout and flattening are left out"


@dataclass(frozen=True)
class Item:
    """One layer of the source.

    Attributes:
        name: what the source calls it.
        kind: "dense", "function", "nothing", or "affine" for factor · y + shift; "" for others.
        W: the weights of a dense layer, (N_m, N_{m-1}).
        b: its biases, or None.
        function: the function's name here, or a formula in u.
        factor: of an affine layer.
        shift: of an affine layer.
        why: why it cannot be taken over.
    """

    name: str
    kind: str = ""
    W: Array | None = None
    b: Array | None = None
    function: str = "linear"
    factor: Array | None = None
    shift: Array | None = None
    why: str = "no such layer is known here"


@dataclass
class Sequence:
    """Puts items together.

    Attributes:
        origin: what they are read from.
    """

    origin: str
    layers: list[Dense] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    waiting: Item | None = None  # an affine map of what the next dense layer reads
    scaling: tuple[Array, Array] | None = None  # that of the input

    def stack(self, items: Iterable[Item], predict: Predict | None = None) -> Trained:
        """Return the stack of all items.

        Raises:
            InputError: some cannot be taken over; all of them are named.
        """
        for item in items:
            self.take(item)
        if self.waiting is not None:
            text = "it is behind the last activation function, where nothing can take it in"
            self.reasons.append((self.waiting.name, text))
        if self.reasons:
            raise refused(self.origin, self.reasons, TAKEN)
        return checked(
            Trained(
                tuple(self.layers),
                self.origin,
                predict=predict,
                notes=tuple(self.notes),
                scaling=self.scaling,
            )
        )

    def take(self, item: Item) -> None:
        """Add one item, or note why it cannot be."""
        try:
            if item.kind == "dense":
                self.dense(item)
            elif item.kind == "function":
                self.function(item)
            elif item.kind == "affine":
                self.affine(item)
            elif item.kind != "nothing":
                self.reasons.append((item.name, item.why))
        except ValueError as error:  # arrays that do not fit each other
            self.reasons.append((item.name, str(error)))

    def dense(self, item: Item) -> None:
        """Add a dense layer, an affine map of the input before it folded in."""
        assert item.W is not None
        layer = Dense(item.W, item.b, item.function, item.name)
        if self.waiting is not None:
            factor, shift = (_wide(a, layer.W.shape[1]) for a in _maps(self.waiting))
            if not self.layers:
                self.scaling = factor, shift
            layer = scaled_input((layer,), factor, shift)[0]
            self.waiting = None
        self.layers.append(layer)

    def function(self, item: Item) -> None:
        """Put a function behind the last dense layer."""
        if item.function == "linear":
            return
        if not self.layers or self.waiting is not None:
            self.reasons.append((item.name, "a function that is not behind a dense layer"))
        elif self.layers[-1].activation != "linear":
            text = f"a second function behind {self.layers[-1].activation}"
            self.reasons.append((item.name, text))
        else:
            self.layers[-1] = replace(self.layers[-1], activation=item.function)

    def affine(self, item: Item) -> None:
        """Fold an affine map into the layer before it, or keep it for the one behind it."""
        factor, shift = _maps(item)
        if self.layers and self.layers[-1].activation == "linear" and self.waiting is None:
            last = self.layers[-1]
            own = (_wide(a, len(last.W)) for a in (factor, shift))
            self.layers[-1] = scaled_output((last,), *own)[0]
        elif self.waiting is not None:
            before, moved = _maps(self.waiting)
            item = replace(item, factor=factor * before, shift=factor * moved + shift)
            self.waiting = item
        else:
            self.waiting = item
        self.notes.append(f"{item.name} is folded into the weights beside it")


def _maps(item: Item) -> tuple[Array, Array]:
    """Return factor and shift of an affine item."""
    assert item.factor is not None
    assert item.shift is not None
    return item.factor, item.shift


def _wide(values: Array, count: int) -> Array:
    """Return one value a node, of one for all.

    Raises:
        ValueError: there are others.
    """
    if values.size not in (1, count):
        raise ValueError(f"{values.size} values for {count} nodes")
    return np.broadcast_to(values.reshape(-1), (count,))


def sloped(slope: Any) -> str:
    """Return leaky_relu of a slope: by its name, or as a formula."""
    return "leaky_relu" if float(slope) == 0.01 else f"where(u>0,u,{float(slope)!r}*u)"
