"""scikit-learn: MLPRegressor and MLPClassifier, in a Pipeline of scalers or by themselves.

Nothing of scikit-learn is imported here: its objects say what they are.
"""

from typing import Any

import numpy as np

from gradscribe.errors import InputError
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

_FUNCTIONS = {
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
    "exp": "exp(u)",
}
_NONE = np.ones(1), np.zeros(1)  # factor and shift of what does nothing
_MODELS = ("MLPRegressor", "MLPClassifier")
_TAKEN = (
    "MLPRegressor, MLPClassifier, a Pipeline that ends with one, a TransformedTargetRegressor; "
    "StandardScaler, MinMaxScaler and MaxAbsScaler before them"
)


def is_sklearn(model: object) -> bool:
    """Whether an object is one of scikit-learn's."""
    return type(model).__module__.split(".")[0] == "sklearn"


def from_sklearn(model: Any) -> Trained:
    """Return the stack of a fitted model.

    Raises:
        InputError: it is not fitted, or something in it cannot be taken over.
    """
    origin = _origin(model)
    whole = model
    back = None
    if type(model).__name__ == "TransformedTargetRegressor":
        _fitted(model, "regressor_", origin)
        back, model = model.transformer_, model.regressor_
    steps = _steps(model, origin)
    (name, network), scalers = steps[-1], steps[:-1]
    if back is None and type(network).__name__ == "TransformedTargetRegressor":
        _fitted(network, "regressor_", origin)
        back = network.transformer_
        more = _steps(network.regressor_, origin)
        (name, network), scalers = more[-1], [*scalers, *more[:-1]]
    if type(network).__name__ not in _MODELS:
        raise refused(origin, [(name, f"a {type(network).__name__}")], _TAKEN)
    _fitted(network, "coefs_", origin)
    reasons = [(n, _why(s)) for n, s in scalers if _scaling(s) is None]
    reasons += [] if back is None or _scaling(back) else [("transformer", _why(back))]
    functions = (network.activation, network.out_activation_)
    reasons += [(name, f"the function {f!r}") for f in functions if f not in _FUNCTIONS]
    if reasons:
        raise refused(origin, reasons, _TAKEN)
    layers = _layers(network)
    notes: list[str] = []
    scaling: tuple[Array, Array] | None = None
    for n, scaler in scalers:
        factor, shift = _scaling(scaler) or _NONE  # the others are refused above
        before = scaling or _NONE
        scaling = factor * before[0], factor * before[1] + shift
        notes.append(f"{n} ({type(scaler).__name__}) is folded into W1 and b1")
    if scaling is not None:
        wide = (np.broadcast_to(a, (layers[0].W.shape[1],)) for a in scaling)
        layers = scaled_input(layers, *wide)
    if back is not None:
        factor, shift = (np.broadcast_to(a, len(layers[-1].W)) for a in _scaling(back) or _NONE)
        layers = scaled_output(layers, 1 / factor, -shift / factor)
        notes.append(f"the target's {type(back).__name__} is folded into the last layer")
    classes = tuple(c.item() if hasattr(c, "item") else c for c in _classes(network))
    return checked(
        Trained(
            layers, origin, _loss(network), classes, _predict(whole, network), tuple(notes), scaling
        )
    )


def _origin(model: Any) -> str:
    import sklearn

    return f"scikit-learn {sklearn.__version__} {type(model).__name__}"


def _fitted(model: Any, attribute: str, origin: str) -> None:
    if not hasattr(model, attribute):
        raise InputError("the model is not fitted", where=origin, allowed="after model.fit(X, y)")


def _steps(model: Any, origin: str) -> list[tuple[str, Any]]:
    """Return the steps of a pipeline, pipelines in it opened, without those that do nothing."""
    if type(model).__name__ != "Pipeline":
        return [(type(model).__name__, model)]
    found: list[tuple[str, Any]] = []
    for name, step in model.steps:
        if step is None or isinstance(step, str):
            continue  # "passthrough"
        found += _steps(step, origin) if type(step).__name__ == "Pipeline" else [(name, step)]
    if not found:
        raise InputError("the pipeline is empty", where=origin, allowed=_TAKEN)
    return found


def _scaling(scaler: Any) -> tuple[Array, Array] | None:
    """Return factor and shift of factor · x + shift; None for what is no such scaler."""
    kind = type(scaler).__name__
    if kind == "StandardScaler" and hasattr(scaler, "n_features_in_"):
        count = scaler.n_features_in_
        scale = np.ones(count) if scaler.scale_ is None else scaler.scale_
        mean = np.zeros(count) if scaler.mean_ is None or not scaler.with_mean else scaler.mean_
        return 1 / scale, -mean / scale
    if kind == "MinMaxScaler" and hasattr(scaler, "scale_") and not scaler.clip:
        return scaler.scale_, scaler.min_
    if kind == "FunctionTransformer" and scaler.func is None and scaler.inverse_func is None:
        return np.ones(1), np.zeros(1)
    if kind == "MaxAbsScaler" and hasattr(scaler, "scale_") and not getattr(scaler, "clip", False):
        return 1 / scaler.scale_, np.zeros(len(scaler.scale_))
    return None


def _why(scaler: Any) -> str:
    kind = type(scaler).__name__
    return f"a {kind} with clip=True" if getattr(scaler, "clip", False) else f"a {kind}"


def _layers(network: Any) -> tuple[Dense, ...]:
    count = len(network.coefs_)
    if len(network.intercepts_) != count:
        raise InputError("coefs_ and intercepts_ do not belong together", where="scikit-learn")
    hidden, output = _FUNCTIONS[network.activation], _FUNCTIONS[network.out_activation_]
    return tuple(
        Dense(np.asarray(W).T, np.asarray(b), output if m == count else hidden, f"coefs_[{m - 1}]")
        for m, (W, b) in enumerate(zip(network.coefs_, network.intercepts_, strict=True), 1)
    )


def _classes(network: Any) -> list[Any]:
    found = getattr(network, "classes_", [])
    return [] if network.out_activation_ == "logistic" and len(found) != 2 else list(found)


def _loss(network: Any) -> str:
    if type(network).__name__ == "MLPRegressor":
        return "poisson" if getattr(network, "loss", "") == "poisson" else "mse"
    return "cross_entropy" if network.out_activation_ == "softmax" else "bce"


def _predict(whole: Any, network: Any) -> Predict:
    """Return the model's output: numbers, or a probability for each node of the last layer."""

    def predict(X: Array) -> Array:
        if type(network).__name__ == "MLPRegressor":
            return np.asarray(whole.predict(X)).reshape(len(X), -1)
        found = np.asarray(whole.predict_proba(X))
        return found[:, 1:] if network.n_outputs_ == 1 else found

    return predict
