"""The generated gradient against JAX and torch.

    python benchmarks/gradient.py [--threads 1|2] [-o FILE]

For each case one process times all of them in turn, and then each is timed in a process of
its own, because thread pools that spin while they wait (OpenBLAS's, XLA's, torch's) may
disturb each other. Before the times the results are compared; a difference ends the run.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

import measuring
import peers

TOLERANCE = 1e-10  # largest relative difference of two gradients, in the maximum norm
PROCESSES = 3  # of each alone, as a pool of threads that starts badly stays bad
OURS = "gradscribe"
CASES = (
    peers.Case((784, 256, 128, 10), "tanh", "sigmoid", 128),
    peers.Case((784, 256, 128, 10), "tanh", "sigmoid", 4096),
    peers.Case((8, 16, 16, 1), "tanh", "linear", 1000),
    peers.Case((32,) * 21, "tanh", "tanh", 256),
    peers.Case((2, 2, 1), "sigmoid", "sigmoid", 4),
)


def measured(case: peers.Case, names: list[str], threads: int) -> dict[str, Any]:
    """Return seconds a call, the largest relative difference, and the peers that are missing."""
    measuring.pin(threads)
    peers.set_threads(threads)
    data = peers.problem(case)
    ways, missing = {}, []
    for name in names:
        try:
            ways[name] = peers.WAYS[name](case, data)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            missing.append(name)
    check_threads(threads)
    difference = compared({name: way.vector() for name, way in ways.items()})
    times = measuring.interleaved({name: way.call for name, way in ways.items()})
    return {"times": times, "difference": difference, "missing": missing}


def check_threads(threads: int) -> None:
    """Stop if a pool of threads (OpenBLAS's, OpenMP's) has another size than was asked for."""
    pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    if any(number != threads for number in pools.values()):
        raise SystemExit(f"not every library has {threads} threads: {pools}")


def compared(vectors: dict[str, peers.Array]) -> float:
    """Return the largest relative difference from ours; stop if it is too large."""
    if OURS not in vectors:
        return 0.0
    ours = vectors[OURS]
    differences = {
        name: float(np.abs(vector - ours).max() / np.abs(ours).max())
        for name, vector in vectors.items()
    }
    worst = max(differences.values())
    if not worst <= TOLERANCE:
        raise SystemExit(f"the gradients differ: {differences}")
    return worst


def row(case: peers.Case, together: dict[str, Any], alone: dict[str, float]) -> list[str]:
    """Return a line of the table."""
    times = together["times"]
    cells = [case.title]
    for name in peers.WAYS:
        if name in times:
            cells.append(
                f"{measuring.microseconds(times[name])} ({measuring.microseconds(alone[name])})"
            )
        else:
            cells.append("missing")
    cells += [ratio(times, alone, name) for name in peers.WAYS if name != OURS]
    return [*cells, f"{together['difference']:.0e}"]


def ratio(times: dict[str, float], alone: dict[str, float], name: str) -> str:
    """Return our time over a peer's, in turn and alone."""
    if name not in times:
        return "missing"
    return f"{times[OURS] / times[name]:.2f} ({alone[OURS] / alone[name]:.2f})"


def results(threads: int) -> str:
    """Measure every case and return the report."""
    machine = measuring.machine(("numpy", "jax", "jaxlib", "torch"))
    rows = []
    for number, case in enumerate(CASES):
        together = ask(number, list(peers.WAYS), threads)
        rows.append(row(case, together, apart(number, list(together["times"]), threads)))
    head = ["case", *peers.WAYS, *(f"{OURS}/{n}" for n in peers.WAYS if n != OURS), "difference"]
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    return "\n".join(
        [
            f"# Gradient, {count}",
            "",
            f"{machine}; float64;",
            f"{count} and as many cores for all.",
            "",
            f"Median of {measuring.ROUNDS} rounds in which the variants take turns in one process;",
            f"in brackets: each alone, the median of {PROCESSES} processes. A ratio below 1 means",
            "that the generated module, which checks its arguments at every call, is the faster",
            "one. JAX: `jax.jit(jax.grad)`, compiled and with its data on the device beforehand.",
            "torch: eager `autograd.grad`. Difference: the largest relative one of the gradients.",
            "With two threads the figures hold on an idle machine alone: where another process",
            "keeps a core busy, threads that wait for each other can take a hundred times longer.",
            "",
            measuring.table(head, rows),
        ]
    )


def apart(case: int, names: list[str], threads: int) -> dict[str, float]:
    """Return the seconds of each in processes of its own, which take turns too."""
    rounds = [
        {name: ask(case, [name], threads)["times"][name] for name in names}
        for _ in range(PROCESSES)
    ]
    return {name: statistics.median(times[name] for times in rounds) for name in names}


def ask(case: int, names: list[str], threads: int) -> Any:
    """Return what a process of its own measures."""
    arguments = ["--case", str(case), "--only", *names]
    return measuring.worker(__file__, arguments, threads)


def main() -> None:
    parser = argparse.ArgumentParser(description="The generated gradient against JAX and torch")
    parser.add_argument("--threads", type=int, choices=(1, 2), default=2)
    parser.add_argument("-o", "--output", type=Path, help="a file for the table")
    parser.add_argument("--case", type=int, choices=range(len(CASES)), help="measure one: JSON")
    parser.add_argument("--only", nargs="+", choices=tuple(peers.WAYS), default=list(peers.WAYS))
    options = parser.parse_args()
    if options.case is None:
        measuring.publish(results(options.threads), options.output)
    else:
        print(json.dumps(measured(CASES[options.case], options.only, options.threads)))


if __name__ == "__main__":
    main()
