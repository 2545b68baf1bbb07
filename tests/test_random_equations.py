"""Random texts of equations, against automatic differentiation of what the same steps compute.

Each step writes an equation and does the same with arrays; all sizes differ from each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from gradscribe.compiler import compile_network

Array = Any
CLOSE = 1e-11
SAMPLES = 3
WIDTHS = (2, 3, 4, 5)  # of a row; the number of rows is 7 - or 1 + that of the columns


@dataclass
class Writer:
    """Writes equations and what they compute, from values by name.

    Attributes:
        rng: chooses.
        text: the equations.
        steps: what each computes, from all values and all parameters.
        shapes: of the values.
        params: the shapes of the parameters in order.
    """

    rng: np.random.Generator
    text: list[str] = field(default_factory=list)
    steps: list[tuple[str, Callable[[dict[str, Array]], Array]]] = field(default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    params: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def parameter(self, *shape: int) -> str:
        name = f"P{len(self.params) + 1}"
        self.params[name] = shape
        return name

    def add(self, left: str, right: str, shape: tuple[int, ...], step: Any) -> str:
        name = f"Q{len(self.steps) + 1}"
        self.text.append(f"{name}{left} = {right}")
        self.steps.append((name, step))
        self.shapes[name] = shape
        return name

    def choose(self, rank: int) -> str:
        """Return a value of so many indices, mostly one of the last."""
        fitting = [n for n, s in self.shapes.items() if len(s) == rank]
        return fitting[-1] if self.rng.random() < 0.7 else str(self.rng.choice(fitting))

    def linear(self) -> str:
        v = self.choose(2)
        rows, columns = self.shapes[v]
        width = int(self.rng.choice([w for w in WIDTHS if w != columns]))
        W, b = self.parameter(width, columns), self.parameter(width)
        right = f"{W}[i,j] {v}[t,j] + {b}[i]"
        return self.add("[t,i]", right, (rows, width), lambda s: s[v] @ s[W].T + s[b])

    def function(self) -> str:
        v = self.choose(2)
        name, f = [
            ("tanh", anp.tanh),
            ("sigmoid", lambda a: 0.5 * (1 + anp.tanh(a / 2))),
            ("sin", anp.sin),
        ][int(self.rng.integers(3))]
        return self.add("[t,i]", f"{name}({v}[t,i])", self.shapes[v], lambda s: f(s[v]))

    def softmax(self) -> str:
        v = self.choose(2)

        def step(s: dict[str, Array]) -> Array:
            e = anp.exp(s[v])
            return e / anp.sum(e, axis=1, keepdims=True)

        return self.add("[t,i]", f"softmax(i, {v}[t,i])", self.shapes[v], step)

    def gate(self) -> str:
        v = self.choose(2)
        a = self.parameter(self.shapes[v][1])
        right = f"{v}[t,i] * (1 + {a}[i]) - {v}[t,i] ** 2 / 3"
        return self.add("[t,i]", right, self.shapes[v], lambda s: s[v] * (1 + s[a]) - s[v] ** 2 / 3)

    def mixing(self) -> str:
        """Attention without its softmax: all rows with all rows."""
        v = self.choose(2)
        right = f"{v}[t,j] {v}[s,j] {v}[s,i] / size(s)"
        return self.add("[t,i]", right, self.shapes[v], lambda s: s[v] @ s[v].T @ s[v] / len(s[v]))

    def norm(self) -> str:
        v = self.choose(2)
        mean = self.add("[t]", f"mean(j, {v}[t,j])", self.shapes[v][:1], lambda s: s[v].mean(1))
        right = f"({v}[t,i] - {mean}[t]) / sqrt(sum(j, ({v}[t,j] - {mean}[t])**2) + 0.5)"

        def step(s: dict[str, Array]) -> Array:
            away = s[v] - s[mean][:, None]
            return away / anp.sqrt(anp.sum(away**2, axis=1, keepdims=True) + 0.5)

        return self.add("[t,i]", right, self.shapes[v], step)

    def tensor(self) -> str:
        v = self.choose(2)
        rows, columns = self.shapes[v]
        W = self.parameter(rows, columns, columns)
        right = f"{v}[t,i] + {W}[t,i,j] {v}[t,j]"
        return self.add(
            "[t,i]", right, self.shapes[v], lambda s: s[v] + anp.einsum("tij,tj->ti", s[W], s[v])
        )

    def last(self) -> str:
        """End with what depends on all that is there."""
        values = [n for n, s in self.shapes.items() if len(s) == 2]
        terms, parts = [], []
        for k, v in enumerate(values):
            W = self.parameter(4, self.shapes[v][1])
            terms.append(f"{W}[i,j{k}] mean(t, {v}[t,j{k}])")
            parts.append((W, v))
        right = f"tanh({' + '.join(terms)})"
        step = lambda s: anp.tanh(sum(s[W] @ anp.mean(s[v], axis=0) for W, v in parts))  # noqa: E731
        return self.add("[i]", right, (4,), step)


def written(seed: int) -> Writer:
    rng = np.random.default_rng(seed)
    writer = Writer(rng, shapes={"x": (7, 3)})
    kinds = [
        writer.linear, writer.function, writer.softmax, writer.gate, writer.mixing, writer.norm,
        writer.tensor,
    ]  # fmt: skip
    writer.linear()
    for _ in range(int(rng.integers(1, 3))):
        kinds[int(rng.integers(len(kinds)))]()
    writer.last()
    return writer


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 7])
def test_random_equations(seed: int) -> None:
    writer = written(seed)
    module = compile_network("; ".join([*writer.text, "loss=sse"]))
    assert module.Parameters._fields == tuple(writer.params), writer.text
    rng = np.random.default_rng(100 + seed)
    params = module.Parameters(*[0.6 * rng.normal(size=s) for s in writer.params.values()])
    X, D = rng.normal(size=(SAMPLES, 7, 3)), rng.normal(size=(SAMPLES, 4))

    def cost(w: Array) -> Array:
        known, start = {}, 0
        for name, shape in writer.params.items():
            size = int(np.prod(shape))
            known[name] = w[start : start + size].reshape(shape)
            start += size
        total = 0.0
        for x, d in zip(X, D, strict=True):
            values = {**known, "x": x}
            for name, step in writer.steps:
                values[name] = step(values)
            total = total + anp.sum((d - values[writer.steps[-1][0]]) ** 2)
        return total

    w = module.ravel(params)
    text = "\n".join(writer.text)
    assert abs(module.cost(params, X, D) - cost(w)) < CLOSE * abs(cost(w)), text
    gradient = autograd.grad(cost)
    true = gradient(w)
    found = module.ravel(module.gradient(params, X, D))
    assert np.abs(found - true).max() < CLOSE * np.abs(true).max(), text
    v = rng.normal(size=len(w))
    product = autograd.grad(lambda u: anp.sum(gradient(u) * v))(w)
    H = module.hessian(params, X, D)
    assert np.abs(H @ v - product).max() < CLOSE * np.abs(product).max(), text
    assert np.array_equal(H, H.T)
    V = module.Parameters(*[a[0] for a in module._split(v[None], params)])
    along = module.ravel(module.hessian_vector_product(params, X, D, V))
    assert np.abs(along - product).max() < CLOSE * np.abs(product).max(), text
