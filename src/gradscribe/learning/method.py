"""What a method of learning is: its options, how it is run, what it reports and gives back."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sympy import Interval, oo

from gradscribe.catalog.update_lines import NOT_NEGATIVE, range_text
from gradscribe.errors import InputError, nearest
from gradscribe.learning.objective import Objective, Vector

State = Mapping[str, NDArray[Any]]

# Why a run ends, in a word or two.
ENDINGS = {
    "converged": "converged",
    "iterations": "limit reached",
    "watch": "stopped",
    "diverged": "diverged",
    "stuck": "no lower cost",
}

_COPIES = 3  # of a matrix: one that is kept, one that is given away, one that is taken apart

# Options of every method.
GRADIENT_TOLERANCE, DIVERGED = "gtol", "diverged"


@dataclass(frozen=True)
class Option:
    """A number that a method can be given.

    Attributes:
        name: what it is called.
        default: its value unless told otherwise.
        meaning: a few words.
        allowed: the numbers that it may be.
        whole: whether it is a whole number.
    """

    name: str
    default: float
    meaning: str
    allowed: Interval = NOT_NEGATIVE
    whole: bool = False

    def checked(self, value: float, where: str) -> float:
        """Return the value, a number in the range allowed.

        Raises:
            InputError: it is none.
        """
        number = isinstance(value, int | float | np.integer | np.floating)
        fits = number and not isinstance(value, bool) and float(value) in self.allowed
        if fits and not (self.whole and value != int(value)):
            return float(value)
        kind = "a whole number" if self.whole else "a number"
        raise InputError(
            f"{self.name} ({self.meaning}) is out of range",
            where=where,
            received=repr(value),
            allowed=f"{kind} {range_text(self.allowed)}",
        )


COMMON = (
    Option(GRADIENT_TOLERANCE, 1e-8, "stop where the norm of the gradient is at most this"),
    Option(
        DIVERGED, 1e6, "stop where the cost is this many times that of the start", Interval(1, oo)
    ),
)


@dataclass(frozen=True)
class Progress:
    """How far a method is, after an iteration.

    Attributes:
        iteration: how many iterations are done, those before an interruption too.
        w: the parameters, (K,).
        cost: J(w), over all samples.
        gradient_norm: the Euclidean norm of ∂J/∂w, or of the gradient that the method has instead.
        score: what is the lower the better the point is: the cost, unless the method has another.
        state: arrays by name, for `numpy.savez`; `Method.run(state=…)` goes on from them.
    """

    iteration: int
    w: Vector
    cost: float
    gradient_norm: float
    score: float
    state: State


Watch = Callable[[Progress], bool]


@dataclass(frozen=True)
class Outcome:
    """Where a method stopped, and why.

    Attributes:
        w: the parameters, (K,); after a step that failed the best that there were.
        cost: J(w).
        gradient_norm: as in `Progress`.
        score: as in `Progress`.
        iterations: how many were done in all.
        reason: one of `ENDINGS`.
        why: the reason in a sentence.
        notes: what else is to be known, how often H was repaired for example.
        state: as in `Progress`, of the last iteration.
        penalty: the λ of λ Σ w², where the method has added this to J; else 0.
    """

    w: Vector
    cost: float
    gradient_norm: float
    score: float
    iterations: int
    reason: str
    why: str
    notes: tuple[str, ...] = ()
    state: State = field(default_factory=dict)
    penalty: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a step failed, so that `w` is not the last but the best."""
        return self.reason == "diverged"


@dataclass(frozen=True)
class Run:
    """All that a method is run with; see `Method.run`."""

    objective: Objective
    w0: Vector
    options: Mapping[str, float]
    iterations: int
    rng: np.random.Generator
    watch: Watch
    state: State | None


class Runner(Protocol):
    """The way in which a method is carried out."""

    def __call__(self, run: Run) -> Outcome:
        """Return where the run ended."""


@dataclass(frozen=True)
class Method:
    """A method of learning.

    Attributes:
        name: what it is called.
        meaning: a few words.
        runner: what carries it out.
        own: its options, beside those that all have.
        needs: functions that the module must have beside cost and gradient.
        exact: whether a run that goes on from a saved state ends where one without an
            interruption does; otherwise it goes on from w and has forgotten what came before.
        settles: whether the last point counts and not the best one on the way, as a penalty is
            still on its way too.
        squares: whether the cost has to be a sum of squares of d − y.
        extra: the optional dependency of gradscribe that it takes; "" for none.
        formulas: its equations as text, in order; () where another library has them.
    """

    name: str
    meaning: str
    runner: Runner
    own: tuple[Option, ...] = ()
    needs: tuple[str, ...] = ()
    exact: bool = True
    settles: bool = False
    squares: bool = False
    extra: str = ""
    formulas: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """All options."""
        return (*self.own, *COMMON)

    def run(
        self,
        objective: Objective,
        w0: Vector,
        *,
        iterations: int,
        rng: np.random.Generator,
        watch: Watch = lambda _: False,
        options: Mapping[str, float] | None = None,
        state: State | None = None,
    ) -> Outcome:
        """Lower a cost.

        Args:
            objective: the cost and its derivatives.
            w0: where to start, (K,).
            iterations: how many to do at most, in all; a run that goes on has done some of them.
                Of a method that takes samples in batches, one goes through all samples.
            rng: where random numbers come from; a run draws from it once, at its start.
            watch: called after each iteration; True stops the run.
            options: numbers by name, see `options`.
            state: where an earlier run was, from its `Progress.state`.

        Raises:
            InputError: an option, the start or the state is unfit, or the module lacks a function.
        """
        settings = self.settings(options or {})
        start = np.asarray(w0, dtype=float)
        if start.shape != (objective.K,) or not np.isfinite(start).all():
            raise InputError(
                "the start is no finite vector of all parameters",
                where=self.name,
                received=f"shape {start.shape}",
                allowed=f"({objective.K},)",
            )
        self._check_module(objective)
        if self.squares and not objective.is_sum_of_squares:
            raise InputError(
                "needs a cost that is a sum of squares of d − y",
                where=self.name,
                received=str(getattr(objective.module, "SPEC", "")) or None,
                allowed="a loss such as mse or sse, without regularization; or another method",
            )
        if state is not None and ("w" not in state or state["w"].shape != start.shape):
            raise InputError(
                "the state is not of this network",
                where=self.name,
                received=", ".join(f"{k} {np.shape(v)}" for k, v in state.items()) or "nothing",
            )
        return self.runner(Run(objective, start, settings, iterations, rng, watch, state))

    def settings(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return the numbers of all options, those that are not given at their defaults.

        Raises:
            InputError: there is no such option, or a number is out of its range.
        """
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                raise InputError(
                    f"{self.name} has no such option",
                    where="options",
                    received=name,
                    allowed=", ".join(known),
                    nearest=nearest(name, known),
                )
        defaults = {name: option.default for name, option in known.items()}
        return defaults | {k: known[k].checked(v, self.name) for k, v in given.items()}

    def _check_module(self, objective: Objective) -> None:
        for name in self.needs:
            if not objective.has(name):
                raise InputError(
                    f"{self.name} needs {name}, which the module does not have",
                    where="method",
                    allowed="a method that needs the gradient alone, or a module with it "
                    "(its specification must not leave it out, see `emit`)",
                )
        K, outputs = objective.K, objective.D.size
        shapes = {"hessian": (K, K), "gauss_newton": (K, K), "jacobian": (outputs, K)}
        for name in shapes.keys() & set(self.needs):
            needed, there = _COPIES * 8 * math.prod(shapes[name]), memory()
            if needed > there:
                raise InputError(
                    f"{self.name} takes more memory than the machine has: {_COPIES} arrays "
                    f"{shapes[name]} of {name}",
                    where="method",
                    received=f"{needed / 2**30:.1f} GiB of {there / 2**30:.1f} GiB",
                    allowed="a method that needs the gradient alone, such as l-bfgs, or newton-cg",
                )


def memory() -> float:
    """Return how many bytes of memory the machine has; infinity where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
