"""One start of a run: carried out, watched and saved, so that it can go on wherever it stopped."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.checking.load import load_module
from gradscribe.files import write_bytes
from gradscribe.learning.folder import MODULE, RunFolder, sealed
from gradscribe.learning.initial import first_parameters
from gradscribe.learning.method import Method, Outcome, Progress
from gradscribe.learning.methods import find_method
from gradscribe.learning.objective import Objective, Vector
from gradscribe.learning.trail import Trail

Array = npt.NDArray[Any]
SAVE_EVERY = 0.5  # seconds between savings
STOPPED = "watch"  # the reason of a start that was told to stop
_STATE = "state_"
_EARLIER = "the cost was lower before, and the best parameters are kept"
_STREAM = 2  # of random numbers, beside that of the rows that are held out


@dataclass(frozen=True)
class Report:
    """How far a start is.

    Attributes:
        start: its number.
        iteration: how many iterations are done.
        cost: J.
        gradient_norm: |∇J|.
        score: as in `StartResult`.
        reason: why it ended, or "".
    """

    start: int
    iteration: int
    cost: float
    gradient_norm: float
    score: float
    reason: str = ""


Tell = Callable[[Report], bool]  # returns whether to stop


@dataclass(frozen=True)
class StartResult:
    """A start as its file has it.

    Attributes:
        start: its number.
        w: the best parameters that it found, (K,).
        cost: J(w) over the rows to train with.
        gradient_norm: |∇J|, or the norm that the method has instead.
        score: what is the lower the better the start is; the cost but of some methods.
        penalty: the λ of λ Σ w² that the method has added to J.
        iterations: how many were done.
        reason: why it ended; `STOPPED` where it has not.
        why: the same in a sentence.
        notes: what else is to be known.
        curve: iteration, cost, norm and seconds, (T, 4).
        places: parameters on the way, (S, K).
    """

    start: int
    w: Vector = field(repr=False)
    cost: float
    gradient_norm: float
    score: float
    penalty: float
    iterations: int
    reason: str
    why: str
    notes: tuple[str, ...]
    curve: Array = field(repr=False)
    places: Array = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.curve[-1, 3]) if len(self.curve) else 0.0


def objective_of(run: RunFolder) -> Objective:
    """Return the cost of a run's module on the rows to train with."""
    module = load_module(run.path / MODULE)
    return Objective(module, run.data.X, run.data.D, sizes=run.settings.sizes)


def warm_up(run: RunFolder, objective: Objective) -> None:
    """Import what the method needs, so that no start is timed with it."""
    settings = run.settings
    w = first_parameters(objective, run.initial, settings.seed, 0)
    find_method(settings.method).run(
        objective, w, iterations=0, rng=np.random.default_rng(0), options=settings.options
    )


def result_of(run: RunFolder, k: int) -> StartResult | None:
    """Return what start k has found, or None where nothing is saved.

    Raises:
        InputError: its file is damaged.
    """
    found = run.load_start(k)
    if found is None:
        return None
    curve = np.column_stack([found["curve_iterations"], found["curve"]])
    return StartResult(
        start=k,
        w=found["w"],
        cost=float(found["cost"]),
        gradient_norm=float(found["gradient_norm"]),
        score=float(found["score"]),
        penalty=float(found["penalty"]),
        iterations=int(found["iterations"]),
        reason=str(found["reason"]),
        why=str(found["why"]),
        notes=tuple(str(note) for note in found["notes"]),
        curve=curve,
        places=found["places"],
    )


def is_done(run: RunFolder, k: int) -> bool:
    """Whether start k has ended; one that ended with its iterations goes on if it may do more."""
    result = result_of(run, k)
    if result is None or result.reason == STOPPED:
        return False
    return result.reason != "iterations" or result.iterations >= run.settings.iterations


def carry_out(run: RunFolder, objective: Objective, k: int, tell: Tell) -> Report:
    """Carry start k out, from where its file says that it is.

    Of a method that cannot go on from a state to where it would have come without stopping, the
    start is carried out from its beginning, the same as before: it ends at the same place.

    Args:
        run: the run.
        objective: of its module.
        k: the start's number.
        tell: called with how far it is; True stops it.
    """
    return _Start(run, objective, k, tell).carried_out()


class _Start:
    """A start that is being carried out."""

    def __init__(self, run: RunFolder, objective: Objective, k: int, tell: Tell) -> None:
        self.run, self.objective, self.k, self.tell = run, objective, k, tell
        self.method: Method = find_method(run.settings.method)
        self.w0 = first_parameters(objective, run.initial, run.settings.seed, k)
        self.trail = Trail(objective.K)
        self.state: dict[str, Array] | None = None
        self.before = 0.0  # seconds
        self.done_before = 0  # iterations that are saved
        found = run.load_start(k)
        if found is not None:
            self.done_before = int(found["iterations"])
            state = {n.removeprefix(_STATE): a for n, a in found.items() if n.startswith(_STATE)}
            if self.method.exact and "w" in state:
                self.state = state
                self.trail = Trail.restored(objective.K, found)
                for kept in (self.trail.curve, self.trail.places):
                    kept.cut(int(state.get("iteration", self.done_before)))
                self.before = float(found["seconds"])
        self.best: tuple[float, Vector, float, float] = (np.inf, self.w0, np.inf, np.inf)
        if self.state is not None and found is not None:
            score, cost, norm = (float(found[f"best_{n}"]) for n in ("score", "cost", "norm"))
            self.best = (score, found["best_w"], cost, norm)
        self.begun = time.perf_counter()
        self.saved = self.begun

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.begun

    def carried_out(self) -> Report:
        settings = self.run.settings
        if self.state is None:
            cost, gradient = self.objective.cost_and_gradient(self.w0)
            self.trail.first(self.w0, cost, float(np.linalg.norm(gradient)))
        outcome = self.method.run(
            self.objective,
            self.w0,
            iterations=settings.iterations,
            rng=np.random.default_rng([_STREAM, settings.seed, self.k]),
            watch=self.watch,
            options=settings.options,
            state=self.state,
        )
        if outcome.reason != STOPPED or outcome.iterations >= self.done_before:
            self.save(outcome)
        return Report(
            self.k, outcome.iterations, outcome.cost, outcome.gradient_norm, outcome.score,
            outcome.reason,
        )  # fmt: skip

    def watch(self, progress: Progress) -> bool:
        """Keep the point after an iteration, save it now and then; return whether to stop."""
        self.trail.add(progress, self.seconds)
        at = progress.cost, progress.gradient_norm
        if self.method.settles or progress.score < self.best[0]:
            self.best = (progress.score, np.array(progress.w), *at)
        stop = self.tell(Report(self.k, progress.iteration, *at, progress.score))
        now = time.perf_counter()
        if now - self.saved >= SAVE_EVERY and progress.iteration >= self.done_before:
            self.save(
                Outcome(
                    progress.w,
                    progress.cost,
                    progress.gradient_norm,
                    progress.score,
                    progress.iteration,
                    STOPPED,
                    "stopped before its end",
                    (),
                    progress.state,
                )
            )
            self.saved = time.perf_counter()
        return stop

    def save(self, outcome: Outcome) -> None:
        """Write the start's file whole."""
        at = (outcome.score, outcome.w, outcome.cost, outcome.gradient_norm)
        earlier = self.best[0] < outcome.score and not self.method.settles
        score, w, cost, norm = self.best if earlier else at
        notes = (*outcome.notes, *([_EARLIER] if earlier else []))
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {
            "w": w,
            "cost": cost,
            "gradient_norm": norm,
            "score": score,
            "penalty": outcome.penalty,
            "iterations": outcome.iterations,
            "reason": outcome.reason,
            "why": outcome.why,
            "notes": np.array(notes, dtype=str),
            "seconds": self.seconds,
            "best_w": self.best[1],
            "best_score": self.best[0],
            "best_cost": self.best[2],
            "best_norm": self.best[3],
            **self.trail.arrays(),
            **{_STATE + name: array for name, array in outcome.state.items()},
        }
        np.savez(buffer, **sealed(arrays))
        write_bytes(self.run.start_file(self.k), buffer.getvalue())
