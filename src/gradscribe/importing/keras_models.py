"""Keras 3: the `.keras` archive of a Sequential, or of layers in a chain."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.errors import InputError
from gradscribe.importing.archive import members
from gradscribe.importing.sequence import Item, Sequence, sloped
from gradscribe.importing.stack import Array, Predict, Trained

_PLAIN = {
    "linear": "linear", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "elu": "elu",
    "selu": "selu", "softplus": "softplus", "softsign": "softsign", "silu": "silu",
    "swish": "silu", "mish": "mish", "hard_sigmoid": "hard_sigmoid", "softmax": "softmax",
    "log_softmax": "log_softmax", "exponential": "exp(u)", "relu6": "min(max(u,0),6)",
    "leaky_relu": "max(u,0.2*u)", "hard_tanh": "hard_tanh",
}  # fmt: skip
_LOSSES = {
    "mse": "mse", "mean_squared_error": "mse", "mae": "mae", "mean_absolute_error": "mae",
    "categorical_crossentropy": "cross_entropy", "binary_crossentropy": "bce",
    "sparse_categorical_crossentropy": "cross_entropy", "log_cosh": "log_cosh",
}  # fmt: skip
_NOTHING = ("InputLayer", "Dropout", "Flatten", "GaussianNoise", "GaussianDropout")


def from_keras(path: Path) -> Trained:
    """Return the stack of an archive.

    Raises:
        InputError: it is no such archive, or something in it cannot be taken over.
    """
    files = members(path, ("config.json", "metadata.json", "model.weights.h5"))
    config = _json(files, "config.json", path)
    metadata = _json(files, "metadata.json", path)
    origin = f"Keras {metadata.get('keras_version', '')} {config.get('class_name', '')}"
    weights = _weights(files["model.weights.h5"], path)
    items = list(_items(config, weights, origin))
    found = Sequence(origin).stack(items, _predict(path))
    loss = _loss(config)
    return Trained(found.layers, origin, loss, (), found.predict, found.notes)


def _json(files: Mapping[str, bytes], name: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} in it is not JSON: {error}", where=str(path)) from error
    if not isinstance(found, dict):
        raise InputError(f"{name} in it is no object", where=str(path))
    return found


def _weights(data: bytes, path: Path) -> dict[str, list[Array]]:
    """Return the arrays of each layer by the name of its group, in their order."""
    import h5py

    found: dict[str, list[Array]] = {}
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            layers = file["layers"]
            for name in layers:
                group = layers[name].get("vars", {})
                numbers = sorted(group, key=int)
                found[name] = [np.array(group[k]) for k in numbers]
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        text = f"model.weights.h5 in it cannot be read: {error}"
        raise InputError(text, where=str(path)) from error
    return found


def _items(
    config: Mapping[str, Any], weights: Mapping[str, list[Array]], origin: str
) -> Iterator[Item]:
    """Yield the layers of a model; the weights of each are under its kind and its count."""
    layers = config.get("config", {}).get("layers")
    if config.get("class_name") not in ("Sequential", "Functional") or not isinstance(layers, list):
        raise InputError(
            "not a chain of layers",
            where=origin,
            received=str(config.get("class_name")),
            allowed="Sequential, or Functional with one layer behind the other",
        )
    counts: dict[str, int] = {}
    before = None
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("config", {}), dict):
            raise InputError("a layer is no object", where=origin, received=str(layer))
        kind, own = str(layer.get("class_name")), layer.get("config", {})
        name = f"{own.get('name', '')} {kind}".strip()
        stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
        count = counts[stem] = counts.get(stem, -1) + 1
        group = f"{stem}_{count}" if count else stem
        if config["class_name"] == "Functional" and not _continues(layer, before):
            yield Item(name, why="it does not continue the chain")
        before = own.get("name")
        yield from _layer(kind, own, weights.get(group, []), name)


def _continues(layer: Mapping[str, Any], before: str | None) -> bool:
    """Whether a layer of a functional model reads the one before it, and no other."""
    names = re.findall(r'"keras_history": \["([^"]+)"', json.dumps(layer.get("inbound_nodes", [])))
    return names == ([before] if before else [])


def _layer(kind: str, own: Mapping[str, Any], arrays: list[Array], name: str) -> Iterator[Item]:
    if kind == "Dense":
        if not arrays or arrays[0].ndim != 2:
            yield Item(name, why="it has no weights in the file")
            return
        b = arrays[1] if own.get("use_bias", True) and len(arrays) > 1 else None
        yield Item(name, "dense", arrays[0].T, b)
        yield _function(own.get("activation"), name)
    elif kind == "Activation":
        yield _function(own.get("activation"), name)
    elif kind in ("ReLU", "LeakyReLU", "ELU", "Softmax"):
        yield _of_layer(kind, own, name)
    elif kind == "BatchNormalization":
        yield _normalised(own, arrays, name)
    elif kind in _NOTHING:
        yield Item(name, "nothing")
    else:
        yield Item(name, why=f"no layer {kind} is known here")


def _function(word: Any, name: str) -> Item:
    if word is None:
        return Item(name, "nothing")
    if isinstance(word, str) and word in _PLAIN:
        return Item(name, "function", function=_PLAIN[word])
    return Item(name, why=f"no activation {word!r} is known here")


def _of_layer(kind: str, own: Mapping[str, Any], name: str) -> Item:
    slope = own.get("negative_slope", 0.0)
    if kind == "LeakyReLU":
        return Item(name, "function", function=sloped(slope))
    if kind == "ReLU" and (own.get("max_value"), slope, own.get("threshold", 0)) == (None, 0, 0):
        return Item(name, "function", function="relu")
    if kind == "ELU" and own.get("alpha", 1) == 1:
        return Item(name, "function", function="elu")
    if kind == "Softmax" and own.get("axis", -1) in (1, -1):
        return Item(name, "function", function="softmax")
    return Item(name, why=f"{kind} has other options than the usual ones")


def _normalised(own: Mapping[str, Any], arrays: list[Array], name: str) -> Item:
    """Return a normalisation with its fixed mean and variance, as it is after training."""
    wanted = 2 + bool(own.get("scale", True)) + bool(own.get("center", True))
    if len(arrays) != wanted:
        return Item(name, why="it has no weights in the file")
    *learned, mean, variance = arrays
    gain = learned.pop(0) if own.get("scale", True) else np.ones_like(mean)
    shift = learned.pop(0) if own.get("center", True) else np.zeros_like(mean)
    factor = gain / np.sqrt(variance + variance.dtype.type(own.get("epsilon", 1e-3)))
    return Item(name, "affine", factor=factor, shift=shift - factor * mean)


def _loss(config: Mapping[str, Any]) -> str:
    compiled = config.get("compile_config") or {}
    loss = compiled.get("loss")
    if isinstance(loss, dict):
        options = loss.get("config", {})
        loss = options.get("name") if not options.get("from_logits") else None
    return _LOSSES.get(loss, "") if isinstance(loss, str) else ""


def _predict(path: Path) -> Predict | None:
    """Return Keras's own output, where it is installed."""
    try:
        import keras
    except Exception:  # its backend may be missing, which it says in its own way
        return None

    def predict(X: Array) -> Array:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        return np.asarray(model(X.astype(np.float32)))

    return predict
