"""The networks that are measured, with their data, and the quantities asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

QUANTITIES = {
    "gradient": "∂J/∂w",
    "product": "H v, without H",
    "diagonal": "the diagonal of H",
    "gauss_newton": "the Gauss-Newton matrix (K, K)",
    "hessian": "H = ∂²J/∂w∂wᵀ (K, K)",
}


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
        loss = " loss=cross_entropy" if self.is_classifier else ""
        return f"{'-'.join(map(str, self.sizes))} {self.hidden},{self.output}{loss}"

    @property
    def is_classifier(self) -> bool:
        """Whether the cost is the cross-entropy of classes, not the mean squared error."""
        return self.output == "softmax"

    @property
    def K(self) -> int:
        """The number of parameters."""
        return sum(nodes * (below + 1) for below, nodes in pairwise(self.sizes))

    @property
    def multiplications(self) -> float:
        """The multiplications of a Hessian's large products, as the generated code has them.

        Of a block on the diagonal a quarter, of the last one the diagonal alone; of the others
        one product, and one more where what the later weights are multiplied by depends on the
        earlier.
        """
        rows = [(nodes, below + 1) for below, nodes in pairwise(self.sizes)]
        total = 0.0
        for m, (nodes, inputs) in enumerate(rows):
            pairs = inputs * (inputs + 1) / 2
            total += pairs * (nodes if m == len(rows) - 1 else nodes * (nodes + 1) / 2)
            for earlier, (other, below) in enumerate(rows[:m]):
                total += nodes * inputs * other * below * (2 if m > earlier + 1 else 1)
        return total * self.samples

    @property
    def title(self) -> str:
        """The case in a table."""
        first, *_, last = self.sizes
        depth = len(self.sizes) - 1
        short = depth > 5 and len(set(self.sizes)) == 1
        sizes = f"{first}-…-{last} ({depth} layers)" if short else "-".join(map(str, self.sizes))
        functions = dict.fromkeys((self.hidden, self.output))
        return f"{sizes} {','.join(functions)}, N={self.samples}"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of W¹, b¹, W², …."""
        layers = pairwise(self.sizes)
        return [shape for below, nodes in layers for shape in ((nodes, below), (nodes,))]

    @property
    def activations(self) -> list[str]:
        """One activation a layer."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]


@dataclass(frozen=True)
class Problem:
    """Random parameters and data of a case.

    Attributes:
        case: the network.
        parameters: W¹, b¹, W², ….
        X: the inputs, (N, N_0).
        D: the desired outputs, (N, N_M).
        v: the direction of Hessian-vector products, (K,).
    """

    case: Case
    parameters: list[Array]
    X: Array
    D: Array
    v: Array

    @property
    def w(self) -> Array:
        """All parameters in one vector, (K,): W¹ in C order, b¹, W², …."""
        return flat(self.parameters)

    @property
    def outputs(self) -> int:
        """N N_M, by which the sum of squared errors is divided."""
        return self.D.size


def problem(case: Case, seed: int = 0) -> Problem:
    """Return parameters with variance 1/N_{m-1} and data of variance 1."""
    draw = np.random.default_rng(seed).standard_normal
    parameters = []
    for below, nodes in pairwise(case.sizes):
        parameters += [draw((nodes, below)) / np.sqrt(below), 0.1 * draw(nodes)]
    X, D = (draw((case.samples, size)) for size in (case.sizes[0], case.sizes[-1]))
    if case.is_classifier:
        D = np.eye(case.sizes[-1])[D.argmax(axis=1)]
    return Problem(case, parameters, X, D, draw(case.K))


def flat(parts: Sequence[Any]) -> Array:
    """Return arrays in one vector."""
    return np.concatenate([np.asarray(part).ravel() for part in parts])


def split(case: Case, w: Any) -> Iterator[Any]:
    """Yield W¹, b¹, W², … of one vector of any library that slices and reshapes."""
    start = 0
    for shape in case.shapes:
        size = int(np.prod(shape))
        yield w[start : start + size].reshape(shape)
        start += size


def forward(
    case: Case, parameters: Sequence[Any], X: Any, functions: Mapping[str, Callable[[Any], Any]]
) -> Any:
    """Return y^M (N, N_M) by the functions of a library."""
    y = X
    for W, b, name in zip(parameters[::2], parameters[1::2], case.activations, strict=True):
        y = functions[name](y @ W.T + b)
    return y


# The networks of the tables, from small to large.
CASES = (
    Case((2, 2, 1), "sigmoid", "sigmoid", 4),
    Case((4, 8, 3), "tanh", "tanh", 150),
    Case((8, 16, 16, 1), "tanh", "linear", 1000),
    Case((10, 32, 32, 10), "tanh", "linear", 1000),
    Case((64, 32, 10), "sigmoid", "sigmoid", 1797),
    Case((16,) * 11, "tanh", "tanh", 500),
    Case((4, 10, 3), "tanh", "softmax", 150),
    Case((64, 32, 10), "tanh", "softmax", 1797),
)
# Those whose matrices would not fit into the memory.
VECTOR_CASES = (
    Case((32,) * 21, "tanh", "tanh", 256),
    Case((784, 256, 128, 10), "tanh", "sigmoid", 128),
    Case((784, 256, 128, 10), "tanh", "sigmoid", 4096),
)
VECTORS = ("gradient", "product")


@dataclass(frozen=True)
class Sweep:
    """One network that grows.

    Attributes:
        title: what grows, with its letter.
        about: the network.
        cases: its sizes.
        at: what the horizontal axis shows of each.
    """

    title: str
    about: str
    cases: tuple[Case, ...]
    at: tuple[int, ...]


def _samples() -> Sweep:
    counts = (100, 1000, 10_000, 100_000, 1_000_000)
    cases = tuple(Case((4, 8, 3), "tanh", "tanh", count) for count in counts)
    return Sweep("samples N", "4-8-3 tanh", cases, counts)


def _width() -> Sweep:
    widths = (4, 8, 16, 32, 64)
    cases = tuple(Case((8, width, width, 1), "tanh", "linear", 1000) for width in widths)
    return Sweep("width n", "8-n-n-1 tanh,linear, N = 1000", cases, widths)


def _depth() -> Sweep:
    depths = (2, 4, 8, 12, 16)
    cases = tuple(Case((8,) * (depth + 1), "tanh", "tanh", 500) for depth in depths)
    return Sweep("layers M", "8-…-8 tanh, N = 500", cases, depths)


def _parameters() -> Sweep:
    hidden = (1, 4, 13, 40, 133)
    cases = tuple(Case((64, nodes, 10), "sigmoid", "sigmoid", 200) for nodes in hidden)
    return Sweep("parameters K", "64-n-10 sigmoid, N = 200", cases, tuple(c.K for c in cases))


SWEEPS = {
    "samples": _samples(),
    "width": _width(),
    "depth": _depth(),
    "parameters": _parameters(),
}
