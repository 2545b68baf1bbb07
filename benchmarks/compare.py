"""Every derivative of every network against everyone: times, memory, first calls, growth.

    python benchmarks/compare.py [--threads 1|2] [--quick] [--resume] [-o FOLDER]
    python benchmarks/compare.py --report-only [-o FOLDER]

Each case has a process of its own, which forks one process a variant; they take turns, and the
results are compared before the times: a difference ends the run. Writes comparison.json (after
every case), comparison.md and the plots growth_*.svg into the folder. `--quick` measures the
three smallest networks and the beginnings of the sweeps, with little patience. `--resume` goes on
with a run that was ended.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import everyone
import measuring
import plots
import report
from cases import CASES, QUANTITIES, SWEEPS, VECTOR_CASES, VECTORS, Case
from contest import Task
from ours import OURS, TARGETS
from runner import Limits

CONTEST = Path(__file__).with_name("contest.py")
RESULTS = Path(__file__).with_name("results")
SWEPT = {
    "gradient": ("JAX jit(grad)", "torch autograd.grad"),
    "product": ("JAX forward over reverse", "torch func.jvp of grad"),
    "diagonal": ("JAX lax.map of eᵢᵀHeᵢ", "torch vmap of eᵢᵀHeᵢ"),
    "gauss_newton": ("JAX lax.map of products", "JAX jacfwd, JᵀJ", "torch chunked jvp, JᵀJ"),
    "hessian": (
        "JAX lax.map of products",
        "JAX forward over reverse",
        "torch chunked jvp of grad",
        "CasADi, matrices",
    ),
}
# Minutes of the parts; a case may have twice its share of what is left of its part, and what is
# left out then is reported. So a busy machine gives a poorer report and not a longer run.
MINUTES = {"cases": 26.0, "vectors": 5.0} | dict.fromkeys(SWEEPS, 2.0)
OF_CLASSES = ("gradient", "product", "hessian")  # of classifiers, against JAX and torch
MANY_SAMPLES = 10_000  # from which on what computes number by number is not tried
IMPORTS = 3  # processes that import each library


def memory_limit() -> int:
    """Return the bytes that a variant may take: two fifths of the machine's memory."""
    return int(0.4 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def tasks(quick: bool) -> Iterator[tuple[str, Task]]:
    """Yield everything that is measured, with the part of the report that it is for."""
    whole = {quantity: everyone.variants(quantity) for quantity in QUANTITIES}
    vectors = {quantity: whole[quantity] for quantity in VECTORS}
    swept = {q: [*TARGETS, *names] for q, names in SWEPT.items()}
    limits = Limits(10 if quick else 60, memory_limit())
    patience = {"rounds": 5, "budget": 10.0, "turn": 0.5} if quick else {}
    of_classes = {
        quantity: [n for n in whole[quantity] if n in TARGETS or n.startswith(("JAX", "torch"))]
        for quantity in OF_CLASSES
    }
    for case in CASES[: 3 if quick else None]:
        variants = of_classes if case.is_classifier else whole
        yield "cases", Task(case, variants, limits=limits, **patience)
    for case in VECTOR_CASES[: 1 if quick else None]:
        yield "vectors", Task(case, vectors, limits=limits, **patience)
    short = limits._replace(seconds=5 if quick else 15)
    arrays = {q: [n for n in names if n not in TARGETS or n == OURS] for q, names in swept.items()}
    for name, sweep in SWEEPS.items():
        for case in sweep.cases[: 2 if quick else None]:
            own = arrays if case.samples > MANY_SAMPLES else swept
            task = Task(case, own, limits=short, rounds=5, turn=1.5, budget=3 if quick else 12)
            yield name, task


def measured(threads: int, quick: bool, target: Path, resume: bool = False) -> dict[str, Any]:
    """Measure everything; what is known is written after every case."""
    if resume:
        found = json.loads(target.read_text(encoding="utf-8"))
        return continued(found, list(tasks(quick)), target)
    found: dict[str, Any] = {
        "machine": measuring.machine(everyone.versions()),
        "threads": threads,
        "quick": quick,
        "memory_limit": memory_limit(),
        "patience": [task.limits.seconds for _, task in tasks(quick)],
        "imports": imports(threads),
        "dgemm": measuring.multiplications(threads),
        "parts": {},
    }
    return continued(found, list(tasks(quick)), target)


def continued(
    found: dict[str, Any], work: Sequence[tuple[str, Task]], target: Path
) -> dict[str, Any]:
    """Measure the cases that are not there yet."""
    start, threads = time.monotonic() - found.get("seconds", 0.0), found["threads"]
    for number, (part, task) in enumerate(work, 1):
        entries = found["parts"].setdefault(part, [])
        if any(report.case_of(entry) == task.case for entry in entries):
            continue
        say(f"[{number}/{len(work)}, {time.monotonic() - start:.0f} s] {part}: {task.case.title}")
        left = 60 * MINUTES[part] - sum(entry["seconds"] for entry in entries)
        cases = sum(other == part for other, _ in work) - len(entries)
        begin = time.monotonic()
        answer = measuring.worker(CONTEST, fitted(task, entries, left / cases).text(), threads)
        seconds = time.monotonic() - begin
        entries.append({"case": asdict(task.case), "seconds": seconds, **answer})
        found["seconds"] = time.monotonic() - start
        target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def fitted(task: Task, entries: Sequence[Mapping[str, Any]], share: float) -> Task:
    """Return a task without what was hopeless in the smaller cases of its part, and in time."""
    skipped = {}
    for entry in entries:
        skipped |= given_up(entry["found"], report.case_of(entry))
    budget = max(0.0, 2 * share / len(task.variants))
    return replace(task, skipped=skipped, budget=min(task.budget, budget))


def given_up(found: Mapping[str, Mapping[str, Any]], case: Case) -> dict[str, str]:
    """Return the variants that exceeded a limit: larger cases of the same part skip them."""
    return {
        f"{quantity}/{name}": f"not tried ({result['missing']} at K = {case.K}, N = {case.samples})"
        for quantity, results in found.items()
        for name, result in results.items()
        if result.get("missing", "").startswith(("not within", "more than"))
    }


def imports(threads: int) -> dict[str, float | None]:
    """Return the seconds that `import` of each library takes in a process of its own."""
    return {peer.VERSIONS[0]: importing(peer.IMPORTS, threads) for peer in everyone.FIELD[1:]} | {
        "numpy": importing(("numpy",), threads)
    }


def importing(modules: tuple[str, ...], threads: int) -> float | None:
    """Return the seconds that some imports take, or nothing if one is not installed."""
    if any(importlib.util.find_spec(name.split(".")[0]) is None for name in modules):
        return None
    command = [sys.executable, "-W", "ignore", "-c", f"import {', '.join(modules)}"]
    environment = measuring.environment(threads)

    def run(arguments: list[str]) -> float:
        return measuring.seconds(lambda: subprocess.run(arguments, env=environment, check=True))

    bare = statistics.median(run([*command[:-1], "pass"]) for _ in range(IMPORTS))
    return max(0.0, statistics.median(run(command) for _ in range(IMPORTS)) - bare)


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="gradscribe's modules against everyone")
    parser.add_argument("--threads", type=int, choices=(1, 2), default=2)
    parser.add_argument("--quick", action="store_true", help="a few minutes: see that it works")
    parser.add_argument("--report-only", action="store_true", help="from comparison.json again")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was ended")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="a folder")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    data = options.output / "comparison.json"
    if options.report_only:
        found = json.loads(data.read_text(encoding="utf-8"))
    else:
        found = measured(options.threads, options.quick, data, options.resume)
    report.write(found, options.output)
    try:
        plots.write(found["parts"], options.output)
    except ModuleNotFoundError as error:
        say(f"no plots: {error.name} is not installed")


if __name__ == "__main__":
    main()
