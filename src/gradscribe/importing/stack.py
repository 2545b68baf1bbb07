"""A trained stack of layers, wherever it comes from, and what has to be folded into it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError, shortened
from gradscribe.model.blueprint import DEFAULT_LOSS

Array = npt.NDArray[Any]
Predict = Callable[[Array], Array]

# What a network with this last activation function was most likely trained with.
_LOSSES = {"softmax": "cross_entropy", "log_softmax": "nll", "sigmoid": "bce"}
LONGEST = 80  # characters of an origin where it is shown


@dataclass(frozen=True)
class Dense:
    """y = f(W y + b).

    Attributes:
        W: the weights, (N_m, N_{m-1}).
        b: the biases, (N_m,), or None where there are none.
        activation: f, by its name in the catalog or as a formula in u.
        name: what the source calls the layer.
    """

    W: Array
    b: Array | None
    activation: str = "linear"
    name: str = ""


@dataclass(frozen=True)
class Trained:
    """A trained stack.

    Attributes:
        layers: from the input to the output.
        origin: what it was read from, for messages: "scikit-learn 1.9.1 MLPClassifier".
        loss: what it was trained with; "" where the source does not say.
        classes: the labels of the outputs, where it is a classifier.
        predict: the source's own output, where it can be had.
        notes: what was done to the layers on the way.
        scaling: factor and shift of factor · x + shift, which the source does to the input first.
    """

    layers: tuple[Dense, ...]
    origin: str
    loss: str = ""
    classes: tuple[Any, ...] = ()
    predict: Predict | None = None
    notes: tuple[str, ...] = ()
    scaling: tuple[Array, Array] | None = None

    @property
    def title(self) -> str:
        """The origin in one printable line."""
        return " ".join(shortened(self.origin, LONGEST).split())

    @property
    def sizes(self) -> tuple[int, ...]:
        """N_0 … N_M."""
        return (self.layers[0].W.shape[1], *(layer.W.shape[0] for layer in self.layers))

    @property
    def dtype(self) -> str:
        """The type of the parameters: float32 where none of them has more digits."""
        arrays = [a for layer in self.layers for a in (layer.W, layer.b) if a is not None]
        return "float32" if all(a.dtype.itemsize <= 4 for a in arrays) else "float64"

    @property
    def precision(self) -> float:
        """The last digit of the source's numbers, relative to 1."""
        return float(max(np.finfo(layer.W.dtype).eps for layer in self.layers))

    @property
    def parameters(self) -> dict[str, Array]:
        """W1, b1, … by name, in order."""
        found: dict[str, Array] = {}
        for m, layer in enumerate(self.layers, 1):
            found[f"W{m}"] = np.ascontiguousarray(layer.W, self.dtype)
            if layer.b is not None:
                found[f"b{m}"] = np.ascontiguousarray(layer.b, self.dtype)
        return found

    def with_output(self, activation: str) -> "Trained":
        """Return the stack with a function behind its last layer.

        Raises:
            InputError: there is one already.
        """
        *before, last = self.layers
        if last.activation != "linear":
            raise InputError(
                "the last layer has an activation function",
                where="--output-activation",
                received=activation,
                allowed=f"none: it is {last.activation}",
            )
        return replace(self, layers=(*before, replace(last, activation=activation)), predict=None)

    def chosen_loss(self) -> str:
        """Return the loss: the source's, or the one that goes with the last function."""
        return self.loss or _LOSSES.get(self.layers[-1].activation, DEFAULT_LOSS)

    def spec(self, name: str, loss: str) -> str:
        """Return the network as a TOML file.

        Args:
            name: what it is called.
            loss: the loss.
        """
        words = {a: a for a in (layer.activation for layer in self.layers)}
        formulas = {
            a: f"g{k}" for k, a in enumerate((a for a in words if "u" in a and "(" in a), 1)
        }
        functions = [formulas.get(layer.activation, layer.activation) for layer in self.layers]
        lines = [f"# Read from {self.title}.", f"name = {json.dumps(name)}", ""]
        lines += ["[network]"]
        if all(layer.b is not None for layer in self.layers):
            lines += [f"sizes = {list(self.sizes)}", f"activations = {json.dumps(functions)}"]
        else:
            text = "x"
            for m, layer in enumerate(self.layers, 1):
                bias = f" + b{m}" if layer.b is not None else ""
                text = f"f{m}(W{m} {text}{bias})"
            lines += [f"formula = {json.dumps(text)}", "", "[network.functions]"]
            lines += [f"f{m} = {json.dumps(word)}" for m, word in enumerate(functions, 1)]
        lines += ["", "[loss]", f"name = {json.dumps(loss)}"]
        lines += ["", "[emit]", f"dtype = {json.dumps(self.dtype)}"]
        for formula, word in formulas.items():
            lines += ["", f"[activation.{word}]", f"formula = {json.dumps(formula)}"]
        return "\n".join([*lines, ""])


def refused(origin: str, reasons: Iterable[tuple[str, str]], allowed: str) -> InputError:
    """Return the error that names each layer that cannot be taken over.

    Args:
        origin: the model.
        reasons: layers and why.
        allowed: what can be.
    """
    listed = "; ".join(f"{layer}: {why}" for layer, why in reasons)
    return InputError(f"these layers cannot be taken over: {listed}", where=origin, allowed=allowed)


def checked(model: Trained) -> Trained:
    """Return a stack whose layers fit each other and are finite.

    Raises:
        InputError: one does not.
    """
    reasons = []
    below = None
    for layer in model.layers:
        reason = _unfit(layer, below)
        if reason:
            reasons.append((layer.name or "layer", reason))
        below = layer.W.shape[0] if layer.W.ndim == 2 else None
    if not model.layers:
        raise InputError("there is no layer with weights", where=model.origin)
    if reasons:
        raise refused(model.origin, reasons, "finite weights (N_m, N_m-1) and biases (N_m,)")
    return model


def _unfit(layer: Dense, below: int | None) -> str:
    """Return why a layer cannot follow one of so many nodes, or nothing."""
    if layer.W.ndim != 2 or 0 in layer.W.shape:
        return f"weights of shape {layer.W.shape}"
    if below is not None and layer.W.shape[1] != below:
        return f"weights of shape {layer.W.shape} behind {below} nodes"
    if layer.b is not None and layer.b.shape != layer.W.shape[:1]:
        return f"biases of shape {layer.b.shape} beside weights of shape {layer.W.shape}"
    arrays = [layer.W] if layer.b is None else [layer.W, layer.b]
    if any(a.dtype.kind != "f" for a in arrays):
        return f"numbers of type {next(a.dtype for a in arrays if a.dtype.kind != 'f')}"
    return "" if all(np.isfinite(a).all() for a in arrays) else "NaN or infinity in it"


def scaled_input(layers: tuple[Dense, ...], factor: Array, shift: Array) -> tuple[Dense, ...]:
    """Return the layers of f(factor · x + shift) as layers of x: W diag(factor), W shift + b."""
    first, *others = layers
    W, b = _doubles(first)
    return (_typed(first, W * factor, W @ shift + b, factor), *others)


def scaled_output(layers: tuple[Dense, ...], factor: Array, shift: Array) -> tuple[Dense, ...]:
    """Return the layers of factor · y + shift; the last one is linear.

    Raises:
        InputError: it is not.
    """
    *others, last = layers
    if last.activation != "linear":
        raise InputError(f"the output cannot be scaled back behind {last.activation}")
    W, b = _doubles(last)
    return (*others, _typed(last, factor[:, None] * W, factor * b + shift, factor))


def _doubles(layer: Dense) -> tuple[Array, Array]:
    """Return weights and biases in double precision."""
    b = np.zeros(len(layer.W)) if layer.b is None else layer.b.astype(float)
    return layer.W.astype(float), b


def _typed(layer: Dense, W: Array, b: Array, factor: Array) -> Dense:
    """Return a layer with other weights and biases, of the widest type of what they come from."""
    dtype = np.result_type(layer.W, factor)
    return replace(layer, W=W.astype(dtype), b=b.astype(dtype))
