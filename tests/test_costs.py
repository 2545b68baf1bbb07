"""The formulas of `derive --cost` against what the generated code carries out, counted."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sympy import Symbol

import gradscribe
from gradscribe.cli import cli
from gradscribe.compiler import costs
from gradscribe.model.network import Network

SAMPLES = 11
CHEAP = {
    "add", "subtract", "negative", "positive", "absolute", "maximum", "minimum", "sign",
    "greater", "greater_equal", "less", "less_equal", "logical_and", "isfinite",
}  # fmt: skip


class Tally:
    """What arrays of `Counting` have been through."""

    def __init__(self) -> None:
        self.multiplications = self.functions = self.bytes = 0

    def note(self, name: str, inputs: list[Any], result: np.ndarray, into_result: bool) -> None:
        if not result.ndim:
            return
        if name in ("multiply", "divide", "square"):
            self.multiplications += result.size
        elif name == "power":
            self.multiplications += result.size * (int(inputs[1]) - 1)
        elif name in ("matmul", "matvec", "vecmat", "vecdot"):
            self.multiplications += result.size * inputs[0].shape[-1]
        elif name not in CHEAP:
            self.functions += result.size
        if not into_result:
            self.bytes += result.nbytes


class Counting(np.ndarray):
    """An array that notes every operation it takes part in."""

    tally = Tally()

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        plain = [a.view(np.ndarray) if isinstance(a, Counting) else a for a in inputs]
        into_result = False
        if out is not None:
            into_result = not isinstance(out[0], Counting) and ufunc is np.add
            options["out"] = tuple(np.asarray(o).view(np.ndarray) for o in out)
        result = getattr(ufunc, method)(*plain, **options)
        name = ufunc.__name__ if method == "__call__" else "add"
        Counting.tally.note(name, plain, np.asarray(result), into_result)
        if out is not None:
            return out[0]
        return result.view(Counting) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        result = super().__array_function__(function, types, args, options)
        return result.view(Counting) if function in (np.concatenate, np.einsum) else result


def counted(module: ModuleType, name: str, sizes: tuple[int, ...]) -> Tally:
    """Return what a call of a module's function carries out, beside checking its arguments."""
    rng = np.random.default_rng(0)
    params = module.Parameters(*[p.view(Counting) for p in module.initialize(sizes, 1)])
    X = rng.uniform(0.2, 1, (SAMPLES, sizes[0])).view(Counting)
    D = rng.uniform(0.2, 0.8, (SAMPLES, sizes[-1])).view(Counting)
    module._checked = lambda params, *data: (params, *data)
    scale = module._scale
    module._scale = lambda *arguments: scale(*arguments).view(Counting)
    if hasattr(module, "_direction"):
        module._direction = lambda V, _: V
    if hasattr(module, "_stacked"):
        stacked = module._stacked
        module._stacked = lambda *rows: stacked(*rows).view(Counting)
    module._SMALL = 0  # the forms for large arrays
    data = {"forward": (X,), "jacobian": (X,), "input_jacobian": (X,)}.get(name, (X, D))
    extra = (params,) if name == "hessian_vector_product" else ()
    Counting.tally = Tally()
    getattr(module, name)(params, *data, *extra)
    return Counting.tally


SPECS = (
    "4-5-3 tanh",
    "3-2-7-5 sigmoid,linear",
    "2-6-4-3-5 softplus,tanh,relu,sigmoid loss=sse",
    "1-3-1 sigmoid",
)


@pytest.mark.parametrize("spec", SPECS)
def test_formulas_are_what_is_carried_out(spec: str) -> None:
    network = Network.parse(spec)
    values = dict(zip(network.layers, network.sizes, strict=True))
    values[Symbol("N", integer=True, positive=True)] = SAMPLES
    formulas = costs(network)
    assert len(formulas) == 11
    module = gradscribe.compile(network, "counted")
    for name, cost in formulas.items():
        found = counted(module, name, network.sizes)
        for what in ("multiplications", "functions", "bytes"):
            assert getattr(cost, what).subs(values) == getattr(found, what), (name, what)


def test_formulas_of_symbolic_sizes_grow_as_they_should() -> None:
    small, large = costs("3-4-2 tanh"), costs("linear(W2 tanh(W1 x + b1) + b2)")
    assert small["gradient"] != large["gradient"]
    N = Symbol("N", integer=True, positive=True)
    for cost in large.values():
        assert cost.multiplications.as_poly(N).degree() <= 1


def test_the_command_prints_formulas_and_numbers() -> None:
    result = CliRunner().invoke(cli, ["derive", "--cost", "4-8-3 tanh"])
    assert result.exit_code == 0
    assert "hessian_vector_product\n  multiplications" in result.output
    assert "N₀ N₁" in result.output
