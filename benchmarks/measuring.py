"""What the benchmarks share: processes with pinned threads, interleaved timing, the machine."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROUNDS = 21  # each variant is timed once a round; the median is reported
BLOCK = 0.02  # seconds of calls that one timing lasts, so that the clock does not matter


def environment(threads: int) -> dict[str, str]:
    """Return the variables that give NumPy, JAX and torch this many threads.

    They must be set before the libraries are imported, hence the processes.
    """
    wide = str(threads > 1).lower()
    return {
        **os.environ,
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "true",
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={wide}",
    }


def cores(threads: int) -> list[int]:
    """Return the cores that a process with this many threads may use."""
    return sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else []


def pin(threads: int) -> None:
    """Confine this process to as many cores as it has threads (Linux; elsewhere nothing).

    JAX and torch size their pools by the cores that they may use, so that this holds for
    what the variables of `environment` do not reach too.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores(threads))


def worker(script: str, arguments: Sequence[str], threads: int) -> Any:
    """Run a script in a process of its own and return the JSON on its last line."""
    command = [sys.executable, script, *arguments, "--threads", str(threads)]
    result = subprocess.run(
        command, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of one of `times` calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def interleaved(
    calls: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, float]:
    """Return the median seconds of a call of each variant.

    The variants take turns, each round beginning with another one, so that a disturbance of
    the machine meets them all.
    """
    names = list(calls)
    times = {name: repetitions(calls[name]) for name in names}
    measured: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured[name].append(seconds(calls[name], times[name]))
    return {name: statistics.median(values) for name, values in measured.items()}


def repetitions(call: Callable[[], object]) -> int:
    """Return how many calls last about `BLOCK` seconds, after some to warm up."""
    for _ in range(3):
        call()
    return max(1, round(BLOCK / max(seconds(call, 3), 1e-9)))


def processor() -> str:
    """Return the processor's name, and whether it has AVX-512.

    NumPy's tanh and exp are many times faster where it has.
    """
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    known = {key.strip(): value.strip() for key, value in fields.items()}
    vectors = "with" if "avx512f" in known.get("flags", "").split() else "without"
    return f"{known.get('model name', platform.machine())} {vectors} AVX-512"


def version(package: str) -> str:
    """Return the installed version of a package, or "missing"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def machine(packages: Iterable[str]) -> str:
    """Return one line on the machine and the versions."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    load = f", load {os.getloadavg()[0]:.1f} from elsewhere" if hasattr(os, "getloadavg") else ""
    available = len(cores(os.cpu_count() or 1)) or os.cpu_count()
    return (
        f"{processor()}, {available} cores{load}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def microseconds(value: float) -> str:
    """Return a time to three digits.

    >>> microseconds(1.23456e-3), microseconds(1.2e-6)
    ('1230 µs', '1.2 µs')
    """
    return f"{float(f'{value * 1e6:.3g}'):g} µs"


def publish(text: str, target: Path | None) -> None:
    """Print a result and write it to a file."""
    print(text)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n", encoding="utf-8")
