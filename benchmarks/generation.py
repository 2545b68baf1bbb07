"""How long it takes to generate a module, and to import one.

    python benchmarks/generation.py [-o FILE]

Every time is that of a process of its own, from start to end unless said otherwise.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import measuring

REPEATS = 9
DEPTHS = (10, 20, 30, 40, 50)  # layers
DEEP_REPEATS = 5
WIDTH = 8
TIMED_IMPORT = """
import sys, time
import numpy
sys.path.insert(0, ".")
start = time.perf_counter()
import net
print(time.perf_counter() - start)
"""


def python(*arguments: str, cwd: Path) -> str:
    """Run Python and return what it prints."""
    command = [sys.executable, *arguments]
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    result = subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout


def median(call: Callable[[], float], repeats: int) -> float:
    """Return the median of several calls, after one that does not count."""
    call()
    return statistics.median(call() for _ in range(repeats))


def cold(*arguments: str, cwd: Path, repeats: int = REPEATS) -> float:
    """Return the median seconds that Python takes from start to end."""
    return median(lambda: measuring.seconds(lambda: python(*arguments, cwd=cwd)), repeats)


def generation(cwd: Path, *spec: str, repeats: int = REPEATS) -> float:
    """Return the seconds of `gradscribe generate`; the module is left in net.py."""
    command = ("-m", "gradscribe", "generate", *spec, "-o", "net.py")
    return cold(*command, cwd=cwd, repeats=repeats)


def importing(cwd: Path, *options: str) -> float:
    """Return the seconds that `import net` adds once NumPy is there."""
    return median(lambda: float(python(*options, "-c", TIMED_IMPORT, cwd=cwd)), REPEATS)


def results(cwd: Path) -> str:
    """Measure and return the report."""
    machine = measuring.machine(("gradscribe", "sympy", "numpy"))
    rows = [
        ("`python -c pass`", cold("-c", "pass", cwd=cwd)),
        ("`import sympy`", cold("-c", "import sympy", cwd=cwd)),
        ("`import numpy`", cold("-c", "import numpy", cwd=cwd)),
        ("`gradscribe generate`, the default network", generation(cwd)),
    ]
    lines = len((cwd / "net.py").read_text(encoding="utf-8").splitlines())
    rows += [
        (
            f"`import` of that module ({lines} lines), first time, beyond NumPy",
            importing(cwd, "-B"),
        ),
        ("`import` of it, compiled before, beyond NumPy", importing(cwd)),
    ]
    deep = []
    for depth in DEPTHS:
        spec = f"{'-'.join([str(WIDTH)] * (depth + 1))} tanh"
        taken = generation(cwd, spec, repeats=DEEP_REPEATS)
        size = len((cwd / "net.py").read_text(encoding="utf-8").splitlines())
        deep.append([str(depth), f"{taken:.2f} s", f"{taken / depth * 1e3:.0f} ms", str(size)])
    times = [[name, f"{value * 1e3:.1f} ms"] for name, value in rows]
    return "\n".join(
        [
            "# Generation",
            "",
            f"{machine}.",
            f"Medians of {REPEATS} processes ({DEEP_REPEATS} for the deep networks), after one",
            "that does not count: bytecode and files are in the caches.",
            "",
            measuring.table(["what", "time"], times),
            "",
            f"`gradscribe generate` of networks of M layers of {WIDTH} nodes, tanh:",
            "",
            measuring.table(["M", "time", "time/M", "lines generated"], deep),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="The time that generating and importing take")
    parser.add_argument("-o", "--output", type=Path, help="a file for the tables")
    target = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        text = results(Path(folder))
    measuring.publish(text, target)


if __name__ == "__main__":
    main()
