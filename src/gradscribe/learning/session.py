"""A run: all starts, by several processes, until they are done, time is over or it is stopped."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import FrameType
from typing import Protocol

from gradscribe.errors import InputError
from gradscribe.learning.folder import RunFolder
from gradscribe.learning.starts import STOPPED, Report, carry_out, is_done, objective_of, result_of
from gradscribe.learning.workers import STOP, Worker, workers

_LOOK_EVERY = 0.2  # seconds


class Display(Protocol):
    """Shows how far a run is."""

    def update(self, state: "SessionState") -> None:
        """Show it."""


@dataclass
class SessionState:
    """How far a run is.

    Attributes:
        starts: how many there are.
        iterations: of each, at most.
        reports: the last one of each start that is under way or done.
        done: starts that have ended.
        begun: when, by `time.monotonic`.
        limit: seconds, or None.
        before: iterations that were done earlier.
    """

    starts: int
    iterations: int
    reports: dict[int, Report] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    begun: float = field(default_factory=time.monotonic)
    limit: float | None = None
    before: int = 0

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.begun

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self.limit is not None and self.seconds >= self.limit

    @property
    def best(self) -> Report | None:
        """The start that is best so far: with the lowest cost, but of some methods."""
        found = [r for r in self.reports.values() if r.score == r.score]  # no NaN
        return min(found, key=lambda r: (r.score, r.start)) if found else None

    @property
    def seconds_left(self) -> float | None:
        """At most so long, if all iterations are done at the pace until now; None at first."""
        made = sum(r.iteration for r in self.reports.values()) - self.before
        left = sum(
            0 if k in self.done
            else self.iterations - (self.reports[k].iteration if k in self.reports else 0)
            for k in range(self.starts)
        )  # fmt: skip
        by_pace = left * self.seconds / made if made > 0 else None
        if self.limit is None:
            return by_pace
        rest = max(0.0, self.limit - self.seconds)
        return rest if by_pace is None else min(rest, by_pace)


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        interrupted: it was stopped from outside.
        out_of_time: its time was over.
    """

    interrupted: bool = False
    out_of_time: bool = False


def processes_for(asked: int | None, starts: int) -> int:
    """Return how many processes carry out so many starts: as asked, else one a core."""
    if asked is not None:
        return max(1, min(asked, starts))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, starts))


def carry_out_all(
    run: RunFolder, *, processes: int | None, seconds: float | None, display: Display
) -> Ending:
    """Carry out all starts of a run that have not ended.

    Args:
        run: the run; its folder is held by the caller.
        processes: how many; None for one a core, 0 for none but this one.
        seconds: stop after so many, with all saved.
        display: shows how far it is.

    Raises:
        InputError: a start cannot be carried out, or a process ended by itself.
    """
    settings = run.settings
    waiting = [k for k in range(settings.starts) if not is_done(run, k)]
    state = SessionState(settings.starts, settings.iterations, limit=seconds)
    for k in range(settings.starts):
        result = result_of(run, k)
        if result is not None:
            state.reports[k] = Report(
                k, result.iterations, result.cost, result.gradient_norm, result.score,
                result.reason,
            )  # fmt: skip
            state.before += result.iterations
    state.done = set(range(settings.starts)) - set(waiting)
    if not waiting:
        return Ending()
    with _interruptions() as interrupted:
        if processes == 0:
            return _here(run, state, waiting, display, interrupted)
        with workers(run.path, processes_for(processes, len(waiting))) as team:
            return _Session(state, waiting, team, display, interrupted).run()


def _here(
    run: RunFolder,
    state: SessionState,
    waiting: list[int],
    display: Display,
    interrupted: threading.Event,
) -> Ending:
    """Carry out starts in this process, one after the other."""
    objective = objective_of(run)

    def over() -> bool:
        return interrupted.is_set() or state.is_over

    def tell(report: Report) -> bool:
        state.reports[report.start] = report
        display.update(state)
        return over()

    left = False
    for k in waiting:
        if over():
            return Ending(interrupted.is_set(), state.is_over)
        report = carry_out(run, objective, k, tell)
        state.reports[k] = report
        left = left or report.reason == STOPPED
        if report.reason != STOPPED:
            state.done.add(k)
        display.update(state)
    return Ending(left and interrupted.is_set(), left and state.is_over)


class _Session:
    """The loop of the process that the others work for."""

    def __init__(
        self,
        state: SessionState,
        waiting: list[int],
        team: list[Worker],
        display: Display,
        interrupted: threading.Event,
    ) -> None:
        self.state, self.waiting, self.team = state, waiting[::-1], team
        self.display, self.interrupted = display, interrupted
        self.out_of_time = False

    @property
    def stopping(self) -> bool:
        return self.interrupted.is_set() or self.out_of_time

    def run(self) -> Ending:
        for worker in self.team:
            self.give(worker)
        told = False
        while any(worker.start is not None for worker in self.team):
            self.out_of_time = self.state.is_over
            if self.stopping and not told:
                self.tell_all_to_stop()
                told = True
            self.listen()
            self.display.update(self.state)
        left = len(self.state.done) < self.state.starts
        return Ending(left and self.interrupted.is_set(), left and self.out_of_time)

    def give(self, worker: Worker) -> None:
        """Give a process its next start, if there is one."""
        worker.start = None
        if self.waiting and not self.stopping:
            worker.start = self.waiting.pop()
            worker.line.send(worker.start)

    def tell_all_to_stop(self) -> None:
        for worker in self.team:
            if worker.start is not None:
                with suppress(OSError):  # it has ended, which is noticed when it is listened to
                    worker.line.send(STOP)

    def listen(self) -> None:
        """Take what processes say within a moment."""
        busy = {w.line: w for w in self.team if w.start is not None}
        for line in wait(list(busy), _LOOK_EVERY):
            worker = next(w for key, w in busy.items() if key is line)
            try:
                message = worker.line.recv()
            except (EOFError, OSError) as error:
                if self.stopping:  # whoever stopped this process may have stopped that one too
                    worker.start = None
                    continue
                worker.process.join(1)
                raise InputError(
                    f"a process of the run ended by itself (exit code {worker.process.exitcode})",
                    where=f"start {worker.start}",
                    allowed="--resume goes on from what is saved; --processes 1 takes less memory",
                ) from error
            if isinstance(message, InputError):
                raise message
            self.take(worker, message)

    def take(self, worker: Worker, report: Report) -> None:
        self.state.reports[report.start] = report
        if report.reason:
            if report.reason != STOPPED:
                self.state.done.add(report.start)
            self.give(worker)


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or SIGTERM sets; a second Ctrl-C ends at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
