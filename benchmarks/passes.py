"""What each pass brings: the time without it, in times that with all passes.

    python benchmarks/passes.py [--quick] [--threads T] [-o FILE]

For every pass a module is generated without it. Its gradient, H V and H are compared with those
of the module that has all, then timed with these in turn, in one process (`left_out.py`).
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import measuring
from cases import Case
from gradscribe.program.forms import FORMS
from gradscribe.program.passes import PASSES
from left_out import NOTHING, QUANTITIES

WORKER = Path(__file__).with_name("left_out.py")
CASES = (
    Case((8, 16, 16, 1), "tanh", "linear", 1000),
    Case((10, 32, 32, 10), "tanh", "linear", 1000),
    Case((64, 32, 10), "sigmoid", "sigmoid", 1797),
)
QUICK = (Case((3, 5, 4, 2), "tanh", "linear", 50),)
ROUNDS, QUICK_ROUNDS = 11, 3


def table(case: Case, found: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table: the times with all passes, and how many times these without each."""
    meanings = {step.name: step.meaning for step in (*PASSES, *FORMS)}
    usual = found[NOTHING]
    rows = [["with all passes", "", *(measuring.duration(usual[q]) for q in QUANTITIES)]]
    for name, meaning in meanings.items():
        ratios = [f"{found[name][q] / usual[q]:.2f}" for q in QUANTITIES]
        rows.append([f"without *{name}*", meaning, *ratios])
    head = ["", "what it does", *QUANTITIES.values()]
    return f"## {case.title}\n\n{measuring.table(head, rows)}"


def report(tables: list[str], threads: int, rounds: int) -> str:
    """Return the text of the report."""
    about = (
        f"Times without a pass, as multiples of those with all; medians of {rounds} rounds in "
        f"which all modules take turns, {threads} threads. What a pass does to the kernels of "
        "cost and gradient and to H V stands first, then those of tangents and of H. About 1 is "
        "no difference."
    )
    machine = measuring.machine(("gradscribe", "numpy"))
    return "\n\n".join(["# What each pass brings", f"{machine}.", about, *tables])


def main() -> None:
    parser = argparse.ArgumentParser(description="What each pass brings")
    parser.add_argument("-o", "--output", type=Path, help="a file for the tables")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one small network, few rounds")
    options = parser.parse_args()
    cases, rounds = (QUICK, QUICK_ROUNDS) if options.quick else (CASES, ROUNDS)
    tables = []
    for case in cases:
        task = json.dumps({"case": asdict(case), "rounds": rounds})
        found = measuring.worker(WORKER, task, options.threads)
        tables.append(table(case, found))
    measuring.publish(report(tables, options.threads, rounds), options.output)


if __name__ == "__main__":
    main()
