"""A sequence of layers as other libraries have them, one after the other, becomes a stack."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradscribe.importing.stack import Array, Dense, Predict, Trained, checked, refused

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
    waiting: tuple[Array, Array] | None = None  # an affine map of the input

    def stack(self, items: Iterable[Item], predict: Predict | None = None) -> Trained:
        """Return the stack of all items.

        Raises:
            InputError: some cannot be taken over; all of them are named.
        """
        for item in items:
            self.take(item)
        if self.reasons:
            raise refused(self.origin, self.reasons, TAKEN)
        return checked(
            Trained(tuple(self.layers), self.origin, predict=predict, notes=tuple(self.notes))
        )

    def take(self, item: Item) -> None:
        """Add one item, or note why it cannot be."""
        if item.kind == "dense":
            self.dense(item)
        elif item.kind == "function":
            self.function(item)
        elif item.kind == "affine":
            self.affine(item)
        elif item.kind != "nothing":
            self.reasons.append((item.name, item.why))

    def dense(self, item: Item) -> None:
        """Add a dense layer, an affine map of the input before it folded in."""
        assert item.W is not None
        layer = Dense(item.W, item.b, item.function, item.name)
        if self.waiting is not None:
            factor, shift = self.waiting
            b = np.zeros(len(layer.W), layer.W.dtype) if layer.b is None else layer.b
            layer = replace(layer, W=layer.W * factor, b=layer.W @ shift + b)
            self.waiting = None
        self.layers.append(layer)

    def function(self, item: Item) -> None:
        """Put a function behind the last dense layer."""
        if item.function == "linear":
            return
        if not self.layers:
            self.reasons.append((item.name, "a function before the first dense layer"))
        elif self.layers[-1].activation != "linear":
            text = f"a second function behind {self.layers[-1].activation}"
            self.reasons.append((item.name, text))
        else:
            self.layers[-1] = replace(self.layers[-1], activation=item.function)

    def affine(self, item: Item) -> None:
        """Fold an affine map into the layer before it, or keep it for the one behind it."""
        assert item.factor is not None
        assert item.shift is not None
        factor, shift = item.factor, item.shift
        if self.layers and self.layers[-1].activation == "linear":
            last = self.layers[-1]
            b = np.zeros(len(last.W), last.W.dtype) if last.b is None else last.b
            self.layers[-1] = replace(last, W=factor[:, None] * last.W, b=factor * b + shift)
        else:
            before = self.waiting
            if before is not None:
                factor, shift = factor * before[0], factor * before[1] + shift
            self.waiting = (factor, shift)
        self.notes.append(f"{item.name} is folded into the weights beside it")


def sloped(slope: Any) -> str:
    """Return leaky_relu of a slope: by its name, or as a formula."""
    return "leaky_relu" if float(slope) == 0.01 else f"max(u,{float(slope)!r}*u)"
