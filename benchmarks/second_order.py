"""The generated Hessian and Hessian-vector product against JAX and torch.

    python benchmarks/second_order.py [--threads 1|2] [-o FILE]

Each case has a process of its own in which all variants take turns. Before the times the
results are compared; a difference ends the run. What takes longer than a few seconds a call
is timed in fewer rounds, and what needs more memory than the machine has is left out and
said to be.
"""

import argparse
import json
import os
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import measuring
import peers
from gradscribe.compiler import compile_network
from gradscribe.model.network import Network

TOLERANCE = 1e-10
BATCH = 32  # Hessian-vector products at a time in JAX's fastest form
OURS = "gradscribe"
CASES = (
    peers.Case((2, 2, 1), "sigmoid", "sigmoid", 4),
    peers.Case((4, 8, 3), "tanh", "tanh", 150),
    peers.Case((8, 16, 16, 1), "tanh", "linear", 1000),
    peers.Case((10, 32, 32, 10), "tanh", "linear", 1000),
    peers.Case((64, 32, 10), "sigmoid", "sigmoid", 1797),
    peers.Case((16,) * 11, "tanh", "tanh", 500),
)
FORMS = ("jax.hessian", "jax lax.map", "torch.func.hessian")
PRODUCTS = ("jax forward over reverse", "jax reverse over reverse")


def parameters_of(case: peers.Case) -> int:
    """Return K."""
    return sum(nodes * (below + 1) for below, nodes in pairwise(case.sizes))


def multiplications(case: peers.Case) -> float:
    """Return the multiplications of a Hessian's large products, as the generated code has them.

    Of a block on the diagonal a quarter, of the last one the diagonal alone; of the others one
    product, and one more where what the later weights are multiplied by depends on the earlier.
    """
    rows = [(nodes, below + 1) for below, nodes in pairwise(case.sizes)]
    total = 0.0
    for m, (nodes, inputs) in enumerate(rows):
        pairs = inputs * (inputs + 1) / 2
        total += pairs * (nodes if m == len(rows) - 1 else nodes * (nodes + 1) / 2)
        for earlier, (other, below) in enumerate(rows[:m]):
            total += nodes * inputs * other * below * (2 if m > earlier + 1 else 1)
    return total * case.samples


def measured(case: peers.Case, threads: int) -> dict[str, Any]:
    """Return seconds a call, the largest difference, what is missing, and our memory."""
    measuring.pin(threads)
    peers.set_threads(threads)
    data = peers.problem(case)
    module = compile_network(Network.parse(case.spec))
    params = module.Parameters(*data.parameters)
    v = np.random.default_rng(1).standard_normal(parameters_of(case))
    V = module.unravel(v, case.sizes)
    hessians: dict[str, Callable[[], Any]] = {OURS: lambda: module.hessian(params, data.X, data.D)}
    products: dict[str, Callable[[], Any]] = {
        OURS: lambda: module.ravel(module.hessian_vector_product(params, data.X, data.D, V))
    }
    missing = {}
    for name, make in (("jax", add_jax), ("torch", add_torch)):
        try:
            missing |= make(case, data, v, hessians, products)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            missing[name] = "not installed"
    difference = max(compared(hessians), compared(products))
    return {
        "hessian": timed(hessians),
        "product": timed(products),
        "difference": difference,
        "missing": missing,
        "memory": memory(hessians[OURS], parameters_of(case)),
        "peak": peak(),
    }


def peak() -> float:
    """Return the multiplications a second of a large product of matrices."""
    a = np.random.default_rng(0).standard_normal((1500, 1500))
    return 1500**3 / min(measuring.seconds(lambda: a @ a) for _ in range(5))


def memory(call: Callable[[], Any], K: int) -> int:
    """Return the bytes that a Hessian takes beside its result."""
    tracemalloc.start()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most - K * K * 8


def timed(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the median seconds of each; what is slow is timed less often."""
    once = {name: measuring.seconds(call) for name, call in calls.items()}
    slow = {name for name, t in once.items() if t > 0.5}
    times = measuring.interleaved({n: c for n, c in calls.items() if n not in slow}, 11)
    if slow:
        # The slow ones alternate with ours, three rounds.
        for name in slow:
            times[name] = sorted(measuring.seconds(calls[name]) for _ in range(3))[1]
    return times


def compared(calls: dict[str, Callable[[], Any]]) -> float:
    """Return the largest relative difference from ours; stop if it is too large."""
    ours = np.asarray(calls[OURS]())
    worst = 0.0
    for name, call in calls.items():
        difference = float(np.abs(np.asarray(call()) - ours).max() / np.abs(ours).max())
        if not difference <= TOLERANCE:
            raise SystemExit(f"{name} differs by {difference}")
        worst = max(worst, difference)
    return worst


def fits(case: peers.Case) -> bool:
    """Whether the tangents of all parameters fit into a third of the memory at once."""
    entries = parameters_of(case) * case.samples * sum(case.sizes) * 8 * 3
    return entries < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 3


def add_jax(
    case: peers.Case,
    data: peers.Problem,
    v: Any,
    hessians: dict[str, Callable[[], Any]],
    products: dict[str, Callable[[], Any]],
) -> dict[str, str]:
    """Add JAX's forms of both."""
    import jax
    from jax import numpy as jnp
    from jax.flatten_util import ravel_pytree

    functions = {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "linear": lambda u: u}
    w, unravel = ravel_pytree([jnp.asarray(p) for p in data.parameters])
    X, D, v = jax.device_put((data.X, data.D, v))

    def cost(w: Any) -> Any:
        return jnp.mean((D - peers.forward(case, unravel(w), X, functions)) ** 2)

    def over(w: Any, v: Any) -> Any:
        return jax.jvp(jax.grad(cost), (w,), (v,))[1]

    batch = min(BATCH, len(w))
    by_map = jax.jit(lambda w: jax.lax.map(lambda e: over(w, e), jnp.eye(len(w)), batch_size=batch))
    hessians["jax lax.map"] = lambda: jax.block_until_ready(by_map(w))
    missing = {}
    if fits(case):
        whole = jax.jit(jax.hessian(cost))
        hessians["jax.hessian"] = lambda: jax.block_until_ready(whole(w))
    else:
        missing["jax.hessian"] = "too little memory"
    forward = jax.jit(over)
    reverse = jax.jit(lambda w, v: jax.grad(lambda u: jnp.vdot(jax.grad(cost)(u), v))(w))
    products["jax forward over reverse"] = lambda: jax.block_until_ready(forward(w, v))
    products["jax reverse over reverse"] = lambda: jax.block_until_ready(reverse(w, v))
    return missing


def add_torch(
    case: peers.Case,
    data: peers.Problem,
    v: Any,
    hessians: dict[str, Callable[[], Any]],
    products: dict[str, Callable[[], Any]],
) -> dict[str, str]:
    """Add torch.func.hessian."""
    import torch

    del v, products
    if not fits(case):
        return {"torch.func.hessian": "too little memory"}
    functions = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "linear": lambda u: u}
    shapes = [p.shape for p in data.parameters]
    w = torch.from_numpy(peers.ravelled(data.parameters))
    X, D = torch.from_numpy(data.X), torch.from_numpy(data.D)

    def cost(w: Any) -> Any:
        parts = torch.split(w, [int(np.prod(s)) for s in shapes])
        arrays = [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]
        return torch.mean((D - peers.forward(case, arrays, X, functions)) ** 2)

    whole = torch.func.hessian(cost)
    hessians["torch.func.hessian"] = lambda: whole(w)
    return {}


def cells(times: dict[str, float], names: Sequence[str], missing: dict[str, str]) -> list[str]:
    """Return our time, each peer's and its ratio to ours."""
    found = [measuring.microseconds(times[OURS])]
    for name in names:
        if name in times:
            ratio = times[name] / times[OURS]
            found.append(f"{measuring.microseconds(times[name])} ({ratio:.3g}×)")
        else:
            found.append(missing.get(name) or missing.get(name.split(".")[0], "missing"))
    return found


def results(threads: int) -> str:
    """Measure every case and return the report."""
    machine = measuring.machine(("numpy", "jax", "jaxlib", "torch"))
    hessians, products = [], []
    for number, case in enumerate(CASES):
        found = measuring.worker(__file__, ["--case", str(number)], threads)
        K = parameters_of(case)
        rate = multiplications(case) / found["hessian"][OURS] / found["peak"]
        hessians.append(
            [
                case.title,
                str(K),
                *cells(found["hessian"], FORMS, found["missing"]),
                f"{rate:.0%}",
                f"{found['memory'] / 2**20:.3g} MiB",
                f"{found['difference']:.0e}",
            ]
        )
        products.append([case.title, *cells(found["product"], PRODUCTS, found["missing"])])
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    return "\n".join(
        [
            f"# Second derivatives, {count}",
            "",
            f"{machine}; float64; {count} and as many cores for all.",
            "",
            "Median of rounds in which the variants take turns in one process (what takes longer",
            "than half a second: of three calls). In brackets: how many times as long as ours.",
            "The share is that of the speed of a product of two 1500 × 1500 matrices in the same",
            "process, by the multiplications of the large products alone. Memory: beside the",
            "result, by `tracemalloc`; the bound is 64 MiB and the data.",
            "",
            "## Hessian",
            "",
            measuring.table(
                ["case", "K", OURS, *FORMS, "share of peak", "memory", "difference"], hessians
            ),
            "",
            "## Hessian-vector product",
            "",
            measuring.table(["case", OURS, *PRODUCTS], products),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Second derivatives against JAX and torch")
    parser.add_argument("--threads", type=int, choices=(1, 2), default=2)
    parser.add_argument("-o", "--output", type=Path, help="a file for the tables")
    parser.add_argument("--case", type=int, choices=range(len(CASES)), help="measure one: JSON")
    options = parser.parse_args()
    if options.case is None:
        measuring.publish(results(options.threads), options.output)
    else:
        print(json.dumps(measured(CASES[options.case], options.threads)))


if __name__ == "__main__":
    main()
