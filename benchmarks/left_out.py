"""One case: the module with all passes, and those without each, in turn.

    python benchmarks/left_out.py < task.json

is the process of one case that `passes.py` starts; it prints the median seconds as JSON.
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

import measuring
from cases import Case, Problem, problem
from gradscribe.compiler import module_source
from gradscribe.program.forms import FORMS
from gradscribe.program.passes import PASSES

QUANTITIES = {"gradient": "gradient", "hessian_vector_product": "H V", "hessian": "H"}
NOTHING = "nothing"
AGREEMENT = 1e-11


def sources(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the module of a case with all passes, then without each of them, by its name."""
    spec = f"{case.spec} emit=hessian,hessian_vector_product"
    yield NOTHING, module_source(spec)
    for left_out in PASSES:
        passes = tuple(p for p in PASSES if p is not left_out)
        yield left_out.name, module_source(spec, passes=passes)
    for form in FORMS:
        yield form.name, module_source(spec, forms=[f for f in FORMS if f is not form])


def loaded(source: str) -> ModuleType:
    """Return the module of a source."""
    module = ModuleType("measured")
    exec(compile(source, "<measured>", "exec"), module.__dict__)
    return module


def calls(module: ModuleType, data: Problem) -> dict[str, Callable[[], Any]]:
    """Return a call of each of the functions that are measured."""
    params = module.Parameters(*data.parameters)
    V = module.unravel(data.v, data.case.sizes)
    extra = {"hessian_vector_product": (V,)}
    return {
        name: lambda name=name: getattr(module, name)(params, data.X, data.D, *extra.get(name, ()))
        for name in QUANTITIES
    }


def flat(result: Any) -> Any:
    """Return a matrix or arrays of the parameters' shapes as one vector."""
    parts = [result] if isinstance(result, np.ndarray) else result
    return np.concatenate([np.ravel(part) for part in parts])


def compare(name: str, found: Any, truth: Any) -> None:
    """Refuse a result that is another than that with all passes."""
    error = np.abs(found - truth).max() / np.abs(truth).max()
    if not error <= AGREEMENT:
        raise SystemExit(f"without {name!r} the result differs by {error:.1e}")


def measured(case: Case, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of every function, without each pass."""
    data = problem(case)
    every = {name: calls(loaded(source), data) for name, source in sources(case)}
    found: dict[str, dict[str, float]] = {name: {} for name in every}
    for quantity in QUANTITIES:
        truth = flat(every[NOTHING][quantity]())
        for name, functions in every.items():
            compare(name, flat(functions[quantity]()), truth)
        medians = in_turn({name: f[quantity] for name, f in every.items()}, rounds)
        for name, seconds in medians.items():
            found[name][quantity] = seconds
    return found


def in_turn(functions: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of functions that take turns."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    repeats = {
        name: max(1, int(measuring.BLOCK / measuring.seconds(function)))
        for name, function in functions.items()
    }
    for _ in range(rounds):
        for name, function in functions.items():
            times[name].append(measuring.seconds(function, repeats[name]))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    task = json.load(sys.stdin)
    fields = {**task["case"], "sizes": tuple(task["case"]["sizes"])}
    print(json.dumps(measured(Case(**fields), task["rounds"])))


if __name__ == "__main__":
    main()
