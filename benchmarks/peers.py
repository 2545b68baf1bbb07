"""The gradient of one network three ways: generated, `jax.jit(jax.grad)`, torch's autograd.

Each maker returns two functions without arguments: one to time, which leaves the result
where the library leaves it, and one that returns it as one NumPy vector, to compare.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradscribe.compiler import compile_network
from gradscribe.model.network import Network

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A network and a number of samples.

    Attributes:
        sizes: N_0 … N_M.
        hidden: the activation of the layers but the last.
        output: the activation of the last.
        samples: N.
    """

    sizes: tuple[int, ...]
    hidden: str
    output: str
    samples: int

    @property
    def spec(self) -> str:
        """The network in gradscribe's words."""
        return f"{'-'.join(map(str, self.sizes))} {self.hidden},{self.output}"

    @property
    def title(self) -> str:
        """The case in a table."""
        first, *_, last = self.sizes
        depth = len(self.sizes) - 1
        sizes = (
            f"{first}-…-{last} ({depth} layers)" if depth > 5 else "-".join(map(str, self.sizes))
        )
        return f"{sizes} {self.hidden},{self.output}, N={self.samples}"

    def layer_activations(self) -> list[str]:
        """Return one activation a layer."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]


class Problem(NamedTuple):
    """Random parameters and data of a case: W¹, b¹, W², …; X (N, N_0); D (N, N_M)."""

    parameters: list[Array]
    X: Array
    D: Array


class Gradient(NamedTuple):
    """One way to the gradient."""

    call: Callable[[], Any]
    vector: Callable[[], Array]


def problem(case: Case, seed: int = 0) -> Problem:
    """Return parameters with variance 1/N_{m-1} and data of variance 1."""
    draw = np.random.default_rng(seed).standard_normal
    parameters = []
    for below, nodes in zip(case.sizes, case.sizes[1:], strict=False):
        parameters += [draw((nodes, below)) / np.sqrt(below), 0.1 * draw(nodes)]
    shapes = [(case.samples, case.sizes[0]), (case.samples, case.sizes[-1])]
    return Problem(parameters, *(draw(shape) for shape in shapes))


def ravelled(gradient: Sequence[Any]) -> Array:
    """Return all derivatives in one vector."""
    return np.concatenate([np.asarray(part).ravel() for part in gradient])


def generated(case: Case, data: Problem) -> Gradient:
    """Return the gradient of the module that gradscribe generates."""
    module = compile_network(Network.parse(case.spec))
    params = module.Parameters(*data.parameters)

    def call() -> Any:
        return module.gradient(params, data.X, data.D)

    return Gradient(call, lambda: ravelled(call()))


def forward(case: Case, parameters: Sequence[Any], X: Any, functions: Mapping[str, Any]) -> Any:
    """Return y^M by the functions of a library."""
    y = X
    pairs = zip(parameters[::2], parameters[1::2], case.layer_activations(), strict=True)
    for W, b, activation in pairs:
        y = functions[activation](y @ W.T + b)
    return y


def by_jax(case: Case, data: Problem) -> Gradient:
    """Return `jax.jit(jax.grad)` of the same cost, everything on the device beforehand."""
    jax = importlib.import_module("jax")
    functions = {"tanh": jax.numpy.tanh, "sigmoid": jax.nn.sigmoid, "linear": lambda u: u}

    def cost(parameters: Sequence[Any], X: Any, D: Any) -> Any:
        return jax.numpy.mean((D - forward(case, parameters, X, functions)) ** 2)

    parameters, X, D = jax.device_put((data.parameters, data.X, data.D))
    gradient = jax.jit(jax.grad(cost))

    def call() -> Any:
        return jax.block_until_ready(gradient(parameters, X, D))

    return Gradient(call, lambda: ravelled(call()))


def by_torch(case: Case, data: Problem) -> Gradient:
    """Return torch's eager `autograd.grad` of the same cost."""
    torch = importlib.import_module("torch")
    functions = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "linear": lambda u: u}
    parameters = [torch.from_numpy(part).requires_grad_() for part in data.parameters]
    X, D = torch.from_numpy(data.X), torch.from_numpy(data.D)

    def call() -> Any:
        cost = torch.mean((D - forward(case, parameters, X, functions)) ** 2)
        return torch.autograd.grad(cost, parameters)

    return Gradient(call, lambda: ravelled(call()))


def set_threads(threads: int) -> None:
    """Give torch the number of threads that the others have from the environment."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return
    torch.set_num_threads(threads)


WAYS: Mapping[str, Callable[[Case, Problem], Gradient]] = {
    "gradscribe": generated,
    "jax": by_jax,
    "torch": by_torch,
}
