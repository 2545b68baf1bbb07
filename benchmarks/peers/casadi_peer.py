"""CasADi: expressions of one sample, mapped over the samples, or matrices of all of them."""

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cases import Problem
from missing import Missing

IMPORTS = ("casadi",)
VERSIONS = ("casadi",)
COMPILED = {
    "jit": True,
    "compiler": "shell",
    "jit_options": {"flags": ["-O1"]},  # more takes far longer, for code of scalars alone
}


def network(data: Problem, w: Any, x: Any) -> Any:
    """Return y^M, a column a sample, of a column of parameters."""
    import casadi

    functions = {
        "tanh": casadi.tanh,
        "sigmoid": lambda u: 1 / (1 + casadi.exp(-u)),
        "linear": lambda u: u,
    }
    start, y = 0, x
    layers = zip(data.case.shapes[::2], data.case.activations, strict=True)
    for (nodes, below), name in layers:
        end = start + nodes * below
        # Columns first is CasADi's order, rows first that of w.
        W = casadi.reshape(w[start:end], below, nodes).T
        b = w[end : end + nodes]
        y = functions[name](W @ y + casadi.repmat(b, 1, x.shape[1]))
        start = end + nodes
    return y


def entries(kind: str, J: Any, y: Any, w: Any, v: Any, scale: float) -> Any:
    """Return the expression of a quantity."""
    import casadi

    if kind == "gradient":
        return casadi.gradient(J, w)
    if kind == "product":
        return casadi.jtimes(casadi.gradient(J, w), w, v)
    if kind == "gauss_newton":
        outer = casadi.jacobian(casadi.vec(y), w)
        return scale * (outer.T @ outer)
    return casadi.hessian(J, w)[0]


def of_matrices(kind: str, data: Problem) -> Callable[[], Any]:
    """Return a call that evaluates a graph of matrices of all samples."""
    import casadi

    w = casadi.MX.sym("w", data.case.K)
    y = network(data, w, casadi.MX(casadi.DM(data.X.T)))
    J = casadi.sumsqr(casadi.DM(data.D.T) - y) / data.outputs
    whole = entries(kind, J, y, w, casadi.DM(data.v), 2 / data.outputs)
    return called(casadi.Function("f", [w], [casadi.densify(whole)]), data)


def of_samples(kind: str, data: Problem) -> Callable[[], Any]:
    """Return a call of C code for one sample, compiled with `cc`, for every sample in turn."""
    import casadi

    if shutil.which("gcc") is None:
        raise Missing("no C compiler")
    w = casadi.SX.sym("w", data.case.K)
    x = casadi.SX.sym("x", data.X.shape[1])
    d = casadi.SX.sym("d", data.D.shape[1])
    y = network(data, w, x)
    J = casadi.sumsqr(d - y) / data.outputs
    sample = entries(kind, J, y, w, casadi.DM(data.v), 2 / data.outputs)
    one = casadi.Function("one", [w, x, d], [casadi.densify(sample)])
    every = one.map("every", "serial", data.case.samples, [0], [0])
    parameters = casadi.MX.sym("w", data.case.K)
    total = every(parameters, casadi.DM(data.X.T), casadi.DM(data.D.T))
    return called(casadi.Function("f", [parameters], [total], COMPILED), data)


def called(function: Any, data: Problem) -> Callable[[], Any]:
    """Return a call into NumPy's memory, which costs less than one that converts."""
    buffer, evaluate = function.buffer()
    w = data.w
    result = np.zeros(function.size_out(0)[::-1])  # columns first; the matrices are symmetric
    buffer.set_arg(0, memoryview(w))
    buffer.set_res(0, memoryview(result))

    def call(_keep: Any = (function, buffer, w)) -> Any:
        evaluate()
        return result

    return call


KINDS = ("gradient", "product", "gauss_newton", "hessian")
WAYS = {
    kind: {
        "CasADi, matrices": partial(of_matrices, kind),
        "CasADi, a sample, C": partial(of_samples, kind),
    }
    for kind in KINDS
}
