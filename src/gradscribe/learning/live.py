"""Progress of a run: a table that moves in a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from gradscribe.errors import InputError
from gradscribe.learning.extras import library
from gradscribe.learning.method import ENDINGS
from gradscribe.learning.session import Display, SessionState

_LINE_EVERY = 5.0  # seconds
_ROWS = 12


class Quiet:
    """Shows nothing."""

    def update(self, state: SessionState) -> None:
        """Show nothing."""


class Lines:
    """Writes a line for each start that ends, and one every few seconds.

    Args:
        out: where to.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.told: set[int] | None = None
        self.last = 0.0

    def update(self, state: SessionState) -> None:
        """Write what is new."""
        if self.told is None:
            self.told = set(state.done)
        for k in sorted(state.done - self.told):
            self.told.add(k)
            r = state.reports[k]
            self.out.write(
                f"start {k + 1} of {state.starts}: {ENDINGS[r.reason]} "
                f"after {r.iteration} iterations, J = {r.cost:.6g}, |∇J| = {r.gradient_norm:.1e}\n"
            )
        if state.seconds - self.last >= _LINE_EVERY:
            self.last = state.seconds
            self.out.write(status(state) + "\n")
        self.out.flush()


def status(state: SessionState) -> str:
    """Return how far a run is, in one line."""
    words = [f"{len(state.done)} of {state.starts} starts done"]
    best = state.best
    if best is not None:
        words.append(f"best J = {best.cost:.6g} (start {best.start + 1})")
    words.append(f"{clock(state.seconds)} gone")
    left = state.seconds_left
    if left is not None:
        words.append(f"at most {clock(left)} left")
    return ", ".join(words)


def clock(seconds: float) -> str:
    """Return a time as people say it.

    >>> clock(3.2), clock(75), clock(3700)
    ('3 s', '1:15', '1:01:40')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    tail = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{tail}" if hours else f"{rest // 60}:{rest % 60:02d}"


class _Moving:
    """A table of starts in a terminal."""

    def __init__(self, live: Any) -> None:
        self.live = live
        self.table = library("rich.table", "the live display").Table
        self.group = library("rich.console", "the live display").Group

    def update(self, state: SessionState) -> None:
        table = self.table(box=None, pad_edge=False)
        for title in ("start", "iteration", "cost J", "|∇J|", ""):
            table.add_column(title, justify="left" if not title else "right")
        for k, r in self._rows(state):
            table.add_row(
                str(k + 1),
                f"{r.iteration}/{state.iterations}",
                f"{r.cost:.6g}",
                f"{r.gradient_norm:.1e}",
                ENDINGS.get(r.reason, ""),
            )
        self.live.update(self.group(table, status(state)))

    def _rows(self, state: SessionState) -> list[tuple[int, Any]]:
        """Return those under way, and the best of the others, as many as there is room for."""
        ranked = sorted(
            state.reports.items(), key=lambda item: (bool(item[1].reason), item[1].score)
        )
        return sorted(ranked[:_ROWS])


@contextmanager
def display(out: TextIO | None = None, quiet: bool = False) -> Iterator[Display]:
    """Give what shows progress: nothing, a table in a terminal, or lines."""
    out = out or sys.stderr
    if quiet:
        yield Quiet()
        return
    if not out.isatty():
        yield Lines(out)
        return
    try:
        live, console = library("rich.live", "it"), library("rich.console", "it")
    except InputError:  # progress is not worth an error
        yield Lines(out)
        return
    with live.Live(console=console.Console(file=out), refresh_per_second=8) as shown:
        yield _Moving(shown)
