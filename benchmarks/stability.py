"""How many digits f, f′ and f″ of every activation and loss lose, here and in torch and JAX.

    python benchmarks/stability.py [-o FILE]

All compute in float64 at ±1000, ±50, ±1e-8, ±1e-300, 0 and on a grid from -20 to 20; losses of
probabilities at those between 1e-300 and the largest number below 1. The truth has 400 digits. An
error is in units of the last place of the truth, or of 1 where that is larger; of losses, the error
in units of the last place of the truth itself, however small, stands behind it. Places at which a
function changes its formula are left out: what holds there is a matter of definition. So are those
whose true value no number in float64 can be. A warning of NumPy is told as such.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
from sympy import lambdify
from sympy.core.relational import Relational

import gradscribe
from gradscribe.catalog.activations import ACTIVATIONS, U
from gradscribe.derivation.slopes import slope
from measuring import machine, publish, table
from stability_losses import losses_report

GRID = np.array(
    [s * u for u in (1000.0, 50.0, 1e-8, 1e-300) for s in (1, -1)]
    + [0.0, *np.linspace(-20, 20, 401)]
)
DIGITS = 400
SMALL = 2.0**-400  # so that the output is 0 beside d = 1, and ∂²E/∂b∂b is -2 w f″
Values = tuple[Any, Any, Any]
TORCH = {
    "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leaky_relu": "leaky_relu", "elu": "elu",
    "selu": "selu", "softplus": "softplus", "softsign": "softsign", "silu": "silu", "mish": "mish",
    "hard_sigmoid": "hardsigmoid", "hard_tanh": "hardtanh",
}  # fmt: skip
JAX = {
    "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leaky_relu": "leaky_relu", "elu": "elu",
    "selu": "selu", "softplus": "softplus", "softsign": "soft_sign", "silu": "silu", "mish": "mish",
    "gelu_tanh": "gelu", "hard_sigmoid": "hard_sigmoid", "hard_tanh": "hard_tanh",
}  # fmt: skip


def module_of(name: str) -> ModuleType:
    """Return the module of a network of one node a layer with this activation."""
    return gradscribe.compile(
        f"linear(W2 {name}(W1 x + b1) + b2) loss=sse emit=hessian,input_jacobian"
    )


def derivatives(module: ModuleType, places: Any) -> Values:
    """Return f, f′ and f″ at places, as a generated module computes them.

    With W¹ = 1 and b¹ = 0, u is x exactly. The output is w² f(u), the input Jacobian w² f′(u), and
    where w² is so small that the output stays 0 beside d = 1, ∂²E/∂b¹∂b¹ is -2 w² f″(u). A
    power of two for w² puts no error into either.
    """
    one, zero = np.ones((1, 1)), np.zeros(1)
    plain, small = (module.Parameters(one, zero, one * w, zero) for w in (1.0, SMALL))
    X = places[:, None]
    second = [module.hessian_block(small, x, np.ones((1, 1)), "b1", "b1")[0, 0] for x in X[:, None]]
    return (
        module.forward(plain, X)[:, 0],
        module.input_jacobian(plain, X)[:, 0, 0],
        np.array(second) / (-2 * SMALL),
    )


def truth(name: str, order: int) -> Callable[[Any], Any]:
    """Return f or a derivative as a function of mpmath's numbers."""
    entry = ACTIVATIONS[name]
    formula = entry.formula if order == 0 else slope(entry, order).of_u
    function: Callable[[Any], Any] = lambdify(U, formula, "mpmath")
    return function


def ours(name: str) -> Values:
    """Return those of a generated module."""
    return derivatives(module_of(name), GRID)


def torchs(name: str) -> Values | None:
    """Return those of torch, by autograd."""
    import torch

    if name == "gelu":
        function: Callable[..., Any] = torch.nn.functional.gelu
    elif name == "gelu_tanh":
        function = lambda u: torch.nn.functional.gelu(u, approximate="tanh")  # noqa: E731
    elif name == "sin":
        function = torch.sin
    elif name in TORCH:
        function = getattr(torch.nn.functional, TORCH[name])
    else:
        return None
    u = torch.tensor(GRID, requires_grad=True)
    y = function(u)
    (first,) = torch.autograd.grad(y.sum(), u, create_graph=True)
    second = torch.zeros_like(u).numpy()
    if first.requires_grad:
        try:
            second = torch.autograd.grad(first.sum(), u)[0].numpy()
        except RuntimeError:  # it has none
            second = None
    return y.detach().numpy(), first.detach().numpy(), second


def jaxs(name: str) -> Values | None:
    """Return those of JAX, by two gradients."""
    import jax

    jax.config.update("jax_enable_x64", True)
    function = jax.numpy.sin if name == "sin" else getattr(jax.nn, JAX.get(name, ""), None)
    if name == "gelu":
        function = partial(jax.nn.gelu, approximate=False)
    if function is None:
        return None
    first = jax.grad(function)
    return tuple(np.asarray(jax.vmap(f)(GRID)) for f in (function, first, jax.grad(first)))


def error(computed: Any, true: list[Any]) -> str:
    """Return the largest error of a function as text, or what else is wrong with its values."""
    if computed is None:
        return "none"
    if not np.isfinite(computed).all():
        return "NaN" if np.isnan(computed).any() else "infinite"
    worst = max(
        float(abs(mpmath.mpf(float(value)) - t)) / np.spacing(max(abs(float(t)), 1.0))
        for value, t in zip(computed, true, strict=True)
        if t is not None
    )
    return f"{worst:.1f}" if worst < 1000 else f"{worst:.0e}"


def rows(libraries: Mapping[str, Callable[[str], Values | None]]) -> Iterator[list[str]]:
    """Yield the rows of the report."""
    for name in ACTIVATIONS:
        if name == "linear" or ACTIVATIONS[name].written_out:
            continue
        borders = {float(r.rhs) for r in ACTIVATIONS[name].formula.atoms(Relational)}
        with mpmath.workdps(DIGITS):
            true = [
                [None if u in borders else function(mpmath.mpf(u)) for u in GRID.tolist()]
                for function in (truth(name, order) for order in range(3))
            ]
            found = [compute(name) for compute in libraries.values()]
            yield [name, *("–" if v is None else ", ".join(map(error, v, true)) for v in found)]


def main() -> None:
    """Write the report."""
    what, _, how = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("-o", type=Path, metavar="FILE", help="the report; stdout otherwise")
    target = parser.parse_args().o
    peers = {"torch": torchs, "jax": jaxs}
    libraries = {"gradscribe": ours} | {k: f for k, f in peers.items() if find_spec(k)}
    head = ("activation", *(f"{name}: f, f′, f″" for name in libraries))
    missing = "".join(f" {name} is not installed." for name in peers if name not in libraries)
    text = "\n\n".join(
        (
            "# Digits of activation functions",
            f"{what} {how.strip()}{missing}",
            machine(["gradscribe", "numpy", *(k for k in libraries if k != "gradscribe")]),
            table(head, rows(libraries)),
            losses_report(),
        )
    )
    publish(text, target)


if __name__ == "__main__":
    main()
