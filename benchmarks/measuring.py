"""What the benchmarks share: processes with pinned threads, interleaved timing, the machine."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

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


def worker(script: Path, task: str, threads: int) -> Any:
    """Give a script in a process of its own its task and return the JSON on its last line.

    Raises:
        SystemExit: the process failed; it has said why.
    """
    with tempfile.TemporaryDirectory() as folder:
        # PyTensor compiles everything anew in every process.
        own = {"PYTENSOR_FLAGS": f"base_compiledir={folder}", "TMPDIR": folder}
        done = subprocess.run(
            [sys.executable, script],
            input=task,
            env=environment(threads) | own,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=folder,
            preexec_fn=lambda: pin(threads),
        )
    if done.returncode:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout.splitlines()[-1])


class Clock:
    """Says when a number of seconds is over."""

    def __init__(self, budget: float) -> None:
        self._end = time.monotonic() + budget

    @property
    def over(self) -> bool:
        """Whether it is."""
        return time.monotonic() > self._end


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """Return the wall time of one of `times` calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


PRODUCT = """
import time, numpy as np
a = np.random.default_rng(0).standard_normal((1500, 1500))
times = []
for _ in range(7):
    start = time.perf_counter()
    a @ a
    times.append(time.perf_counter() - start)
print(1500**3 / min(times))
"""


def multiplications(threads: int) -> float:
    """Return the multiplications a second of a product of two 1500 × 1500 matrices."""
    command = [sys.executable, "-c", PRODUCT]
    return float(subprocess.check_output(command, env=environment(threads)))


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


def digits(value: float) -> str:
    """Return a number to three digits, without exponents.

    >>> digits(1234.6), digits(0.01234), digits(12), digits(0)
    ('1230', '0.0123', '12', '0')
    """
    return f"{Decimal(f'{value:.3g}'):f}" if value else "0"


def duration(seconds: float) -> str:
    """Return a time to three digits in a unit that fits.

    >>> duration(1.23456e-3), duration(1.2e-6), duration(75)
    ('1.23 ms', '1.2 µs', '75 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds * 1e6)} µs"


def mebibytes(value: float) -> str:
    """Return an amount of memory to three digits; what is less than a tenth is noise.

    >>> mebibytes(3 << 20), mebibytes(5000), mebibytes(3 << 30)
    ('3 MiB', '< 0.1 MiB', '3070 MiB')
    """
    return f"{digits(value / 2**20)} MiB" if value >= 0.1 * 2**20 else "< 0.1 MiB"


def publish(text: str, target: Path | None) -> None:
    """Print a result and write it to a file."""
    print(text)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n", encoding="utf-8")
