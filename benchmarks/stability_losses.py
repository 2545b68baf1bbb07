"""The digits of losses and of softmax: see `stability`."""

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import product
from typing import Any

import mpmath
import numpy as np
from sympy import Rational, lambdify
from sympy.core.relational import Relational

import gradscribe
from gradscribe.catalog.losses import LOSSES, D, Y
from measuring import table

DIGITS = 400
PLACES = np.array(
    [s * v for v in (1000.0, 50.0, 1e-8, 1e-300) for s in (1, -1)]
    + [0.0, *(np.linspace(-20, 20, 81) + 0.0625)]
)
PROBABILITIES = np.array(
    [1e-300, 1e-150, 1e-8, *np.linspace(0.05, 0.95, 19), 1 - 1e-8, 1 - 2.0**-53]
)
NODES = (
    (1000.0, -1000.0, 0.5), (50.0, -50.0, 1e-8), (1e-300, 0.0, -1e-300), (3.0, 2.0, -7.0),
    (-1000.0, -1001.0, -1002.0),
)  # fmt: skip
OF_PROBABILITIES = ("bce", "cross_entropy")
OF_CLASSES = ("bce", "bce_logits", "cross_entropy", "nll")
LARGEST, SMALLEST = float(np.finfo(float).max), float(np.finfo(float).tiny)
Found = tuple[Any, Any, Any]  # the loss and its two derivatives, at all places


def places_of(name: str) -> Any:
    """Return the y at which a loss is looked at."""
    return PROBABILITIES if name in OF_PROBABILITIES else PLACES


def desired_of(name: str) -> tuple[float, ...]:
    """Return the d at which a loss is looked at."""
    if name in OF_CLASSES:
        return (0.0, 1.0, 0.25)
    return (-1.0, 1.0) if "hinge" in name else (0.0, 1.5, -3.0)


def ours(name: str, d: float, places: Any) -> Found:
    """Return a loss and its derivatives by a network y = b: ∂E/∂b = ∂E/∂y, and so on."""
    module = gradscribe.compile(f"linear(W1 x + b1) loss={name} emit=hessian")
    found = []
    for y in places:
        params = module.initialize((1, 1))._replace(W1=np.zeros((1, 1)), b1=np.array([y]))
        X, T = np.zeros((1, 1)), np.array([[d]])
        cost, gradient = module.cost_and_gradient(params, X, T)
        second = module.hessian_block(params, X, T, "b1", "b1")[0, 0]
        found.append((cost, gradient.b1[0], second))
    first, *rest = (np.array(values) for values in zip(*found, strict=True))
    return first, *rest


def torchs(name: str, d: float, places: Any) -> Found | None:
    """Return those of torch, by autograd."""
    import torch

    f = torch.nn.functional
    known: dict[str, Callable[[Any, Any], Any]] = {
        "mse": lambda y, t: f.mse_loss(y, t, reduction="none"),
        "sse": lambda y, t: f.mse_loss(y, t, reduction="none"),
        "mae": lambda y, t: f.l1_loss(y, t, reduction="none"),
        "huber": lambda y, t: f.huber_loss(y, t, reduction="none"),
        "gaussian": lambda y, t: f.gaussian_nll_loss(y, t, torch.ones_like(y), reduction="none"),
        "bce_logits": lambda y, t: f.binary_cross_entropy_with_logits(y, t, reduction="none"),
        "bce": lambda y, t: f.binary_cross_entropy(y, t, reduction="none"),
        "poisson": lambda y, t: f.poisson_nll_loss(y, t, reduction="none"),
        "hinge": lambda y, t: torch.clamp(1 - t * y, min=0),
        "squared_hinge": lambda y, t: torch.clamp(1 - t * y, min=0) ** 2,
        "log_cosh": lambda y, t: torch.log(torch.cosh(y - t)),
        "cross_entropy": lambda y, t: -t * torch.log(y),
        "nll": lambda y, t: -t * y,
        "pinball": lambda y, t: torch.maximum((t - y) / 2, (y - t) / 2),
    }
    if name not in known:
        return None
    y = torch.tensor(places, requires_grad=True)
    value = known[name](y, torch.full_like(y, d).detach())
    (first,) = torch.autograd.grad(value.sum(), y, create_graph=True)
    second = np.zeros(len(y))
    if first.requires_grad:
        second = torch.autograd.grad(first.sum(), y)[0].numpy(force=True)
    return value.detach().numpy(), first.numpy(force=True), second


def jaxs(name: str, d: float, places: Any) -> Found | None:
    """Return those of JAX, of the formulas as they are usually written with it."""
    import jax

    jax.config.update("jax_enable_x64", True)
    np_, nn = jax.numpy, jax.nn
    known: dict[str, Callable[[Any], Any]] = {
        "mse": lambda y: (d - y) ** 2,
        "sse": lambda y: (d - y) ** 2,
        "mae": lambda y: np_.abs(d - y),
        "huber": lambda y: np_.where(np_.abs(d - y) <= 1, (d - y) ** 2 / 2, np_.abs(d - y) - 0.5),
        "gaussian": lambda y: (d - y) ** 2 / 2,
        "log_cosh": lambda y: np_.logaddexp(d - y, y - d) - np_.log(2.0),
        "bce_logits": lambda y: -d * nn.log_sigmoid(y) - (1 - d) * nn.log_sigmoid(-y),
        "bce": lambda y: -d * np_.log(y) - (1 - d) * np_.log1p(-y),
        "cross_entropy": lambda y: -d * np_.log(y),
        "nll": lambda y: -d * y,
        "poisson": lambda y: np_.exp(y) - d * y,
        "hinge": lambda y: np_.maximum(0, 1 - d * y),
        "squared_hinge": lambda y: np_.maximum(0, 1 - d * y) ** 2,
        "pinball": lambda y: np_.maximum((d - y) / 2, (y - d) / 2),
    }
    if name not in known:
        return None
    first = jax.grad(known[name])
    value, slope, curved = (
        np.asarray(jax.vmap(f)(places)) for f in (known[name], first, jax.grad(first))
    )
    return value, slope, curved


def truth(name: str, d: float) -> tuple[Any, list[list[Any]]]:
    """Return the places at which a loss and its derivatives are numbers, and these there."""
    loss = LOSSES[name]
    whole = loss.whole.xreplace({c.symbol: c.value for c in loss.learned})
    whole = whole.xreplace({D: Rational(d)})
    borders = [lambdify(Y, r.lhs - r.rhs, "mpmath") for r in whole.atoms(Relational)]
    functions = [lambdify(Y, whole.diff(Y, order), "mpmath") for order in range(3)]
    places, found = [], []
    for y in places_of(name):
        place = mpmath.mpf(float(y))
        if any(border(place) == 0 for border in borders):
            continue
        values = [function(place) for function in functions]
        if all(abs(v) <= LARGEST for v in values):
            places.append(y)
            found.append(values)
    return np.array(places), [list(row) for row in zip(*found, strict=True)]


def errors(computed: Any, true: list[Any]) -> tuple[float, float]:
    """Return the largest errors in units of 1 or more, and of the value; infinite for NaN."""
    near_one, relative = 0.0, 0.0
    for value, t in zip(computed, true, strict=True):
        if not np.isfinite(value):
            return np.inf, np.inf
        error, size = float(abs(mpmath.mpf(float(value)) - t)), abs(float(t))
        near_one = max(near_one, error / np.spacing(max(size, 1.0)))
        if size > SMALLEST:
            relative = max(relative, error / np.spacing(size))
    return near_one, relative


def measured(name: str, compute: Callable[[str, float, Any], Found | None]) -> str:
    """Return the errors of a loss and its derivatives over all d, as text."""
    worst = [[0.0, 0.0] for _ in range(3)]
    warned = False
    for d in desired_of(name):
        places, true_values = truth(name, d)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = compute(name, d, places)
        if found is None:
            return "–"
        warned |= any(issubclass(w.category, RuntimeWarning) for w in caught)
        for entry, values, true in zip(worst, found, true_values, strict=True):
            entry[:] = np.maximum(entry, errors(values, true))
    text = ", ".join(f"{_short(a)} ({_short(b)})" for a, b in worst)
    return text + (" warns" if warned else "")


def _short(error: float) -> str:
    if np.isinf(error):
        return "NaN"
    return f"{error:.1f}" if error < 1000 else f"{error:.0e}"


def over_nodes() -> Iterator[list[str]]:
    """Yield the largest errors of softmax and of its logarithm, and of their Jacobians."""
    rows = np.array(NODES)
    for name in ("softmax", "log_softmax"):
        module = gradscribe.compile(f"3-3 {name} emit=input_jacobian")
        params = module.Parameters(np.eye(3), np.zeros(3))
        values, slopes = module.forward(params, rows), module.input_jacobian(params, rows)
        found = [values, slopes]
        cells = [name]
        for library in (None, "torch", "jax"):
            if library is not None:
                found = _peers(library, name, rows)
            cells.append(_over_nodes(name, rows, found) if found else "–")
        yield cells


def _peers(library: str, name: str, rows: Any) -> list[Any] | None:
    """Return values and Jacobians of a library."""
    if not find_spec(library):
        return None
    if library == "torch":
        import torch

        function = getattr(torch, name)
        own = [torch.tensor(row) for row in rows]
        jacobian = torch.autograd.functional.jacobian
        return [
            np.array([function(u, 0).numpy() for u in own]),
            np.array([jacobian(lambda u: function(u, 0), u).numpy() for u in own]),
        ]
    import jax

    function = getattr(jax.nn, name)
    return [np.asarray(jax.vmap(function)(rows)), np.asarray(jax.vmap(jax.jacrev(function))(rows))]


def _over_nodes(name: str, rows: Any, found: list[Any]) -> str:
    values, slopes = found
    worst = [[0.0, 0.0], [0.0, 0.0]]
    for row, value, slope in zip(rows, values, slopes, strict=True):
        exact = [mpmath.exp(mpmath.mpf(u) - max(row)) for u in row.tolist()]
        shares = [e / mpmath.fsum(exact) for e in exact]
        true = shares if name == "softmax" else [mpmath.log(s) for s in shares]
        if name == "softmax":
            pairs = product(enumerate(shares), repeat=2)
            jacobian = [s * ((i == j) - t) for (i, s), (j, t) in pairs]
        else:
            jacobian = [(i == j) - t for i in range(len(row)) for j, t in enumerate(shares)]
        for entry, computed, expected in zip(
            worst, (value, slope.ravel()), (true, jacobian), strict=True
        ):
            entry[:] = np.maximum(entry, errors(computed, expected))
    return ", ".join(f"{_short(a)} ({_short(b)})" for a, b in worst)


def losses_report() -> str:
    """Return the tables of the losses and of softmax."""
    libraries = {"gradscribe": ours}
    libraries |= {k: f for k, f in {"torch": torchs, "jax": jaxs}.items() if find_spec(k)}
    with mpmath.workdps(DIGITS):
        rows = [[name, *(measured(name, f) for f in libraries.values())] for name in LOSSES]
        nodes = list(over_nodes())
    head = ("loss", *(f"{name}: E, E′, E″" for name in libraries))
    return "\n\n".join(
        (
            "## Losses",
            table(head, iter(rows)),
            "## Over the nodes of a layer: values, Jacobian",
            table(("function", "gradscribe", "torch", "jax"), iter(nodes)),
        )
    )
