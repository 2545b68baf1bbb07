"""Processes that carry out starts, one each at a time, and end with the process they work for.

Each is started afresh (no state of the parent is copied) and computes with one thread, so that
a start gives the same numbers however many processes there are.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from gradscribe.errors import InputError

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
TELL_EVERY = 0.1  # seconds between two reports of one start
STOP = "stop"


@dataclass
class Worker:
    """A process and the way to talk to it.

    Attributes:
        process: the process.
        line: reports come out of it, numbers of starts go into it.
        start: the number of the start that it carries out, or None.
    """

    process: SpawnProcess
    line: Connection
    start: int | None = None


@contextmanager
def workers(path: Path, count: int) -> Iterator[list[Worker]]:
    """Give so many processes for the run in a folder; they have ended afterwards."""
    found: list[Worker] = []
    context = multiprocessing.get_context("spawn")
    if sys.platform != "win32":
        # Where it is not there yet, starting a process starts it, and lets signals in again.
        resource_tracker.ensure_running()
    with _one_thread(), _signals_held():
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=work, args=(path, there), daemon=True)
            process.start()
            there.close()
            found.append(Worker(process, here))
    try:
        yield found
    finally:
        for worker in found:
            worker.line.close()
        for worker in found:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes that are started now compute with one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let processes that are started now never see Ctrl-C: they are told to stop instead."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = {signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(path: Path, line: Connection) -> None:
    """Carry out the starts whose numbers come in, until the line is closed.

    Args:
        path: the folder of the run.
        line: where numbers come from and reports go to.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The other end is closed when that process ends, however it does.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        _work(path, line)


def _work(path: Path, line: Connection) -> None:
    # What takes long to import is imported by the process that needs it.
    from gradscribe.learning.folder import opened
    from gradscribe.learning.starts import Report, carry_out, objective_of, warm_up

    run = opened(path)
    objective = objective_of(run)
    warm_up(run, objective)
    told = 0.0

    def tell(report: Report) -> bool:
        nonlocal told
        now = time.perf_counter()
        if now - told >= TELL_EVERY:
            told = now
            line.send(report)
        return line.poll() and line.recv() == STOP

    while True:
        message = line.recv()
        if message == STOP:
            continue
        try:
            line.send(carry_out(run, objective, message, tell))
        except (InputError, ArithmeticError, MemoryError, ValueError) as error:
            line.send(error if isinstance(error, InputError) else InputError(str(error)))
