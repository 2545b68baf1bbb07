"""A variant in a process of its own, which is forked, asked for times, and ended.

Each process builds its variant, calls it once and again, and then waits for its turns. So a
variant that does not finish or takes too much memory can be stopped, peaks of memory and first
calls are its own, and pools of threads of different libraries do not meet in one process.
"""

import contextlib
import multiprocessing
import os
import signal
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

import measuring
from cases import Problem, flat
from missing import Missing

STATUS = Path("/proc/self/status")
FORK = multiprocessing.get_context("fork")
REST = 0.03  # seconds between turns, in which the last one's threads stop to spin


class Limits(NamedTuple):
    """What a variant may take until its second call is done.

    Attributes:
        seconds: wall time.
        memory: bytes of resident memory more than before.
    """

    seconds: float
    memory: int


class Probe(NamedTuple):
    """The first two calls.

    Attributes:
        build: seconds until there was a function to call: deriving, tracing, compiling.
        first: seconds of the first call.
        second: seconds of the second.
        first_memory: largest resident memory until the first call ended, more than before.
        memory: the largest during the second call, more than before building.
    """

    build: float
    first: float
    second: float
    first_memory: int
    memory: int


class Runner:
    """One variant, in a forked process."""

    def __init__(
        self, make: Callable[[Problem], Callable[[], Any]], data: Problem, result: Path
    ) -> None:
        """Fork the process and begin to build.

        Args:
            make: a peer's maker.
            data: what it takes.
            result: the file (.npy) that its result goes into.
        """
        self._here, there = FORK.Pipe()
        self._process = FORK.Process(target=_serve, args=(make, data, result, there), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that threads may exist: JAX says so when imported
            self._process.start()
        there.close()

    def probe(self, limits: Limits) -> Probe:
        """Return what the first two calls take.

        Raises:
            Missing: the variant says that it cannot, fails, or exceeds a limit.
        """
        end, before = time.monotonic() + limits.seconds, _resident(self._process.pid)
        while not self._here.poll(0.02):
            if time.monotonic() > end:
                raise Missing(f"not within {limits.seconds:g} s")
            if _resident(self._process.pid) - before > limits.memory:
                raise Missing(f"more than {limits.memory / 2**30:.1f} GiB")
        return Probe(*self._answer())

    def seconds(self, times: int) -> float:
        """Return the seconds of one of `times` calls."""
        time.sleep(REST)
        self._here.send(times)
        return float(self._answer())

    def traced(self) -> int:
        """Return the bytes that Python and NumPy allocate at most during a call."""
        self._here.send("trace")
        return int(self._answer())

    def stop(self) -> None:
        """End the process and what it has started, such as a compiler."""
        self._here.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()  # if it had no group of its own yet
        self._process.join()

    def _answer(self) -> Any:
        try:
            kind, value = self._here.recv()
        except EOFError:
            self._process.join()
            number = -(self._process.exitcode or 0)
            raise Missing(f"died of {signal.Signals(number).name}" if number > 0 else "died")  # noqa: B904
        if kind == "missing":
            raise Missing(value)
        return value


@contextlib.contextmanager
def running(
    make: Callable[[Problem], Callable[[], Any]], data: Problem, result: Path
) -> Iterator[Runner]:
    """Give a runner that is stopped at the end."""
    runner = Runner(make, data, result)
    try:
        yield runner
    finally:
        runner.stop()


def _serve(
    make: Callable[[Problem], Callable[[], Any]], data: Problem, result: Path, pipe: Connection
) -> None:
    """Be the forked process: probe, then answer requests until the pipe is closed."""
    os.setpgrp()
    warnings.simplefilter("ignore")
    try:
        call, probe = _probed(make, data, result)
    except Missing as reason:
        pipe.send(("missing", str(reason)))
        return
    except MemoryError:
        pipe.send(("missing", "too little memory"))
        return
    except Exception as error:
        pipe.send(("missing", f"fails: {type(error).__name__}: {error}"[:200]))
        return
    pipe.send(("value", tuple(probe)))
    with contextlib.suppress(EOFError):
        while True:
            request = pipe.recv()
            pipe.send(("value", _traced(call) if request == "trace" else _timed(call, request)))


def _probed(
    make: Callable[[Problem], Callable[[], Any]], data: Problem, result: Path
) -> tuple[Callable[[], Any], Probe]:
    """Build a variant and call it twice."""
    before = _resident()
    _forget_peak()
    start = time.perf_counter()
    call = make(data)
    build = time.perf_counter() - start
    start = time.perf_counter()
    value = call()
    first = time.perf_counter() - start
    first_memory = _peak() - before
    np.save(result, _vector(value))
    del value
    _check_threads()
    _forget_peak()
    second = measuring.seconds(call)
    return call, Probe(build, first, second, first_memory, _peak() - before)


def _vector(value: Any) -> Any:
    """Return a result, whatever library it is of, as one vector."""
    return flat(value) if isinstance(value, (tuple, list)) else np.asarray(value).ravel()


def _timed(call: Callable[[], Any], times: int) -> float:
    """Return the seconds of a call, after one that wakes the threads if calls are short."""
    if times > 1:
        call()
    return measuring.seconds(call, times)


def _traced(call: Callable[[], Any]) -> int:
    """Return the largest number of bytes that Python knows of during a call."""
    tracemalloc.start()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def _check_threads() -> None:
    """Stop if a pool of threads (OpenBLAS's, OpenMP's) has another size than was asked for."""
    threads = int(os.environ["OMP_NUM_THREADS"])
    pools = {Path(pool["filepath"]).name: pool["num_threads"] for pool in threadpool_info()}
    if any(number != threads for number in pools.values()):
        raise RuntimeError(f"not every library has {threads} threads: {pools}")


def _resident(pid: int | None = None) -> int:
    """Return the resident memory of a process in bytes; 0 where that is not known."""
    return _field("VmRSS", STATUS if pid is None else Path(f"/proc/{pid}/status"))


def _peak() -> int:
    """Return the largest resident memory since `_forget_peak`, in bytes."""
    return _field("VmHWM", STATUS)


def _forget_peak() -> None:
    """Let the kernel measure the peak from now on (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _field(name: str, path: Path) -> int:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith(name)), 0)
