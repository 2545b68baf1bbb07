"""PyTorch: a live nn.Sequential, or the state_dict of one in a file of tensors.

A state_dict has no activation functions in it; a live model has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradscribe.errors import InputError
from gradscribe.importing.sequence import Item, sloped
from gradscribe.importing.sequence import Sequence as Layers
from gradscribe.importing.stack import Array, Predict, Trained
from gradscribe.model.stack import one_a_layer

_PLAIN = {
    "ReLU": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "SELU": "selu", "Softsign": "softsign",
    "SiLU": "silu", "Mish": "mish", "Hardsigmoid": "hard_sigmoid", "LogSigmoid": "",
}  # fmt: skip
_NOTHING = ("Identity", "Dropout", "Flatten", "AlphaDropout")
_LAYER = re.compile(r"(.*?)(weight|bias)")


def is_torch(model: object) -> bool:
    """Whether an object is a module of PyTorch."""
    return any(c.__module__.split(".")[0] == "torch" for c in type(model).__mro__)


def from_torch(model: Any) -> Trained:
    """Return the stack of a live nn.Sequential, which may have others in it.

    Raises:
        InputError: something in it cannot be taken over.
    """
    import torch

    origin = f"PyTorch {torch.__version__} {type(model).__name__}"
    return Layers(origin).stack(_items(model, ""), _predict(model))


def _predict(model: Any) -> Predict:
    import torch

    def predict(X: Array) -> Array:
        dtype = next(model.parameters()).dtype
        modes = {module: module.training for module in model.modules()}
        model.eval()
        try:
            with torch.no_grad():
                found: Array = model(torch.from_numpy(X).to(dtype)).double().numpy()
        finally:
            for module, training in modes.items():
                module.training = training
        return found

    return predict


def _items(module: Any, name: str) -> Iterator[Item]:
    """Yield the layers of a module, of containers one after the other."""
    kind = type(module).__name__
    if any(c.__name__ == "Sequential" for c in type(module).__mro__):
        for inner, child in module._modules.items():  # the same one may stand there twice
            yield from _items(child, f"{name}.{inner}" if name else inner)
        return
    yield _item(module, kind, f"{name} {kind}".strip())


def _item(module: Any, kind: str, name: str) -> Item:
    if kind == "Linear":
        return Item(name, "dense", array_of(module.weight), array_of(module.bias))
    if kind == "Flatten" and module.start_dim != 1:
        return Item(name, why="it joins the samples")
    if kind in _NOTHING:
        return Item(name, "nothing")
    if kind == "BatchNorm1d":
        return _batch_norm(module, name)
    function = _PLAIN.get(kind) or _with_options(module, kind)
    if function:
        return Item(name, "function", function=function)
    return Item(name, why=_why(module, kind))


def array_of(tensor: Any) -> Array | None:
    """Return a tensor as an array; of half precision as 32 bits, which hold it."""
    if tensor is None:
        return None
    found = tensor.detach().cpu()
    return np.array((found.float() if found.element_size() < 4 else found).numpy())


def _with_options(module: Any, kind: str) -> str:
    """Return the function of a module with options, or nothing where they are others."""
    match kind:
        case "LeakyReLU":
            return sloped(module.negative_slope)
        case "ELU":
            return "elu" if module.alpha == 1 else ""
        case "Softplus":
            return "softplus" if module.beta == 1 else ""
        case "GELU":
            return "gelu_tanh" if module.approximate == "tanh" else ""
        case "Hardtanh":
            return "hard_tanh" if (module.min_val, module.max_val) == (-1, 1) else ""
        case "ReLU6":
            return "min(max(u,0),6)"
        case "Softmax" | "LogSoftmax":
            known = "softmax" if kind == "Softmax" else "log_softmax"
            return known if module.dim in (1, -1, None) else ""
        case "PReLU":
            return sloped(module.weight.item()) if module.weight.numel() == 1 else ""
    return ""


def _why(module: Any, kind: str) -> str:
    if kind == "GELU":
        return "GELU with erf, which NumPy has not; approximate='tanh' can be taken"
    if kind in ("ELU", "Softplus", "Hardtanh", "Softmax", "LogSoftmax", "PReLU"):
        return f"{module} has other options than the usual ones"
    return f"no layer {kind} is known here"


def _batch_norm(module: Any, name: str) -> Item:
    """Return a normalisation with its fixed mean and variance, as it is after training."""
    if module.running_mean is None:
        return Item(name, why="it has no running mean")
    spread = np.sqrt(array_of(module.running_var) + module.eps)
    gain = np.ones_like(spread) if module.weight is None else array_of(module.weight)
    shift = np.zeros_like(spread) if module.bias is None else array_of(module.bias)
    factor = gain / spread
    mean = array_of(module.running_mean)
    return Item(name, "affine", factor=factor, shift=shift - factor * mean)


def from_state(
    tensors: Mapping[str, Array],
    origin: str,
    functions: Sequence[str] | None,
    *,
    in_order: bool = False,
) -> Trained:
    """Return the stack of the weights and biases of a state_dict.

    Args:
        tensors: the arrays by name, in the model's order or numbered.
        origin: where they come from.
        functions: the activation functions: one for all layers, two for hidden and output, or
            one a layer; None where the user has not said.
        in_order: whether the arrays come in the model's order; else the numbers in their names
            say it.

    Raises:
        InputError: there are other arrays, their order is not known, or no functions were given.
    """
    layers: dict[str, dict[str, Array]] = {}
    for name, array in tensors.items():
        found = _LAYER.fullmatch(name)
        layers.setdefault(found[1].rstrip(".") if found else name, {})[
            found[2] if found else ""
        ] = array
    items = [
        Item(name, "dense", found["weight"], found.get("bias"))
        if set(found) <= {"weight", "bias"} and "weight" in found and found["weight"].ndim == 2
        else Item(name, why=f"arrays of shapes {[a.shape for a in found.values()]}")
        for name, found in layers.items()
    ]
    if not in_order:
        kinds = {re.sub(r"\d+", "0", item.name) for item in items if item.kind}
        if len(kinds) > 1:
            raise InputError(
                "the names of the arrays do not say their order",
                where=origin,
                received=", ".join(item.name for item in items),
                allowed="names that differ by numbers: 0.weight, 2.weight; W1, W2",
            )
        items.sort(key=lambda item: _order(item.name))
    return with_functions(Layers(origin).stack(items), functions)


def _order(name: str) -> list[tuple[bool, int, str]]:
    """Return the place of a layer by the numbers in its name."""
    return [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in re.split(r"(\d+)", name)]


def with_functions(model: Trained, functions: Sequence[str] | None) -> Trained:
    """Return a stack with the activation functions that the user names.

    Raises:
        InputError: none are named, or another number.
    """
    count = len(model.layers)
    if functions is None:
        raise InputError(
            "the file has weights only, and no activation functions",
            where=model.origin,
            allowed="--activations tanh,linear: for the hidden and the output layers, or one a "
            f"layer ({count} layers)",
        )
    names = one_a_layer(tuple(functions), count)
    if names is None:
        raise InputError(
            f"{len(functions)} activation functions for {count} layers",
            where="--activations",
            received=",".join(functions),
            allowed=f"1, 2 or {count} names",
        )
    layers = [replace(x, activation=f) for x, f in zip(model.layers, names, strict=True)]
    return replace(model, layers=tuple(layers))
